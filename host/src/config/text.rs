//! JSON5 text to a tree in which every value knows its line. Knows no setting by name.
//!
//! The only file that knows the parser, but for `pin`, which edits with it. Taken from JSON5: comments, trailing commas, single
//! quotes, unquoted keys, hexadecimal numbers and a leading `+`. Not taken: `NaN`, `Infinity`,
//! numbers that begin or end with a point, and strings over several lines.

use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ast, parse_to_ast};

use super::problem::Problem;

/// A value and the line it begins on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Counted from 1.
    pub(crate) line: u32,
    pub(crate) value: Value,
}

/// A value as written. Numbers stay text: what they must be depends on the setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// One `name: value` of an object, in the order of the file; names can repeat.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) line: u32,
    pub(crate) name: String,
    /// How the file calls it, where the tree was translated from a file with other names.
    pub(crate) written: Option<Written>,
    pub(crate) node: Node,
}

/// How a file calls what was translated from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// By this name at the same place.
    Name(&'static str),
    /// By this path, at another place.
    Path(&'static str),
}

impl Node {
    pub(crate) fn text(line: u32, text: impl Into<String>) -> Self {
        let value = Value::String(text.into());
        Self { line, value }
    }

    pub(crate) fn object(line: u32, members: Vec<Member>) -> Self {
        let value = Value::Object(members);
        Self { line, value }
    }

    /// The member of this name, if this is an object that has one.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Value::Object(members) = &self.value else {
            return None;
        };
        let found = members.iter().find(|member| member.name == name)?;
        Some(&found.node)
    }
}

impl Member {
    pub(crate) fn new(name: impl Into<String>, node: Node) -> Self {
        Self {
            line: node.line,
            name: name.into(),
            written: None,
            node,
        }
    }

    /// The file calls it by another name.
    pub(crate) fn written(self, name: &'static str) -> Self {
        Self {
            written: Some(Written::Name(name)),
            ..self
        }
    }

    /// The file has it at another place.
    pub(crate) fn written_at(self, path: &'static str) -> Self {
        Self {
            written: Some(Written::Path(path)),
            ..self
        }
    }
}

impl Value {
    /// What it is, for a sentence such as "expected a string, found a list".
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads a whole file. A syntax error ends it: what follows cannot be told apart any more.
pub(crate) fn parse(text: &str) -> Result<Node, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let result = parse_to_ast(text, &CollectOptions::default(), &options()).map_err(syntax)?;
    let value = result.value.ok_or_else(|| {
        Problem::of_file(
            "the file is empty",
            "start from config/minimal.json5, which names one provider",
        )
    })?;
    Ok(Lines::of(text).node(value))
}

/// What is taken of JSON5, here and where a file is edited.
pub(super) fn options() -> ParseOptions {
    ParseOptions {
        allow_missing_commas: false,
        ..ParseOptions::default()
    }
}

/// A number that is a whole one, not negative, in decimal or hexadecimal.
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn syntax(error: ParseError) -> Problem {
    let remedy = match error.kind() {
        ParseErrorKind::UnexpectedWord => "put quotes around text",
        ParseErrorKind::ExpectedComma => "put a comma between the two",
        ParseErrorKind::MultipleRootJsonValues => "keep one object, { ... }, in the file",
        ParseErrorKind::UnterminatedObject => "close it with }",
        ParseErrorKind::UnterminatedArray => "close it with ]",
        ParseErrorKind::String(_) => "close the quotes, and write \\\\ for a backslash",
        _ => "the file is JSON5: { name: \"value\", ... }",
    };
    let mut message = error.kind().to_string();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Problem {
        line: u32::try_from(error.line_display()).unwrap_or(u32::MAX),
        path: String::new(),
        message: format!("{message} (column {})", error.column_display()),
        remedy: Some(remedy.to_owned()),
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes());
        Self(breaks.map(|at| at + 1).collect())
    }

    fn line(&self, at: &impl Ranged) -> u32 {
        let before = self.0.partition_point(|&start| start <= at.start());
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }

    fn node(&self, value: ast::Value<'_>) -> Node {
        let line = self.line(&value);
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::NumberLit(literal) => Value::Number(literal.value.to_owned()),
            ast::Value::StringLit(literal) => Value::String(literal.value.into_owned()),
            ast::Value::Array(array) => {
                Value::List(array.elements.into_iter().map(|v| self.node(v)).collect())
            }
            ast::Value::Object(object) => Value::Object(
                object
                    .properties
                    .into_iter()
                    .map(|p| self.member(p))
                    .collect(),
            ),
        };
        Node { line, value }
    }

    fn member(&self, property: ast::ObjectProp<'_>) -> Member {
        Member {
            line: self.line(&property),
            name: property.name.into_string(),
            written: None,
            node: self.node(property.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json5_as_people_write_it_is_read_with_lines() {
        let text =
            "// a comment\n{\n  listen: 'x', /* why */\n  \"n\": 0x10,\n  list: [1,\n 2,],\n}\n";
        let node = parse(text).unwrap();
        let Value::Object(members) = node.value else {
            panic!("an object");
        };
        let lines: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.line)).collect();
        assert_eq!(lines, [("listen", 3), ("n", 4), ("list", 5)]);
        assert_eq!(members[0].node.value, Value::String("x".to_owned()));
        let Value::List(items) = &members[2].node.value else {
            panic!("a list");
        };
        assert_eq!((items[0].line, items[1].line), (5, 6));
    }

    #[test]
    fn a_byte_order_mark_is_no_error() {
        assert!(parse("\u{feff}{}").is_ok());
    }

    #[test]
    fn a_syntax_error_names_its_line_and_a_remedy() {
        let problem = parse("{\n  a: 1\n  b: 2\n}").unwrap_err();
        assert_eq!(problem.line, 2);
        assert_eq!(
            problem.to_string(),
            "expected comma (column 7); put a comma between the two"
        );
    }

    #[test]
    fn whole_numbers_are_decimal_or_hexadecimal() {
        assert_eq!(whole_number("0x20"), Some(32));
        assert_eq!(whole_number("+7"), Some(7));
        assert_eq!(whole_number("1.5"), None);
        assert_eq!(whole_number("-1"), None);
    }
}
