//! Arguments that are nearly JSON, as models write them: single quotes, bare words, line ends inside of
//! strings, a comma too many, a brace too few, a fence around. Valid JSON stays byte for byte as it is.

use sdk::json::{Members, RawValue, escape_into};

/// What the open part of the text is.
struct Reader<'t> {
    rest: &'t str,
    out: String,
    /// The closing brackets that are still to come.
    open: Vec<char>,
    /// Where in `out` a comma stands that nothing has followed yet.
    comma: Option<usize>,
}

/// The JSON object that `text` means. None: it means none, or breaks off inside of a string, where closing it
/// would make half a text pass for a whole one.
pub(super) fn object(text: &str) -> Option<String> {
    let begin = text.find('{')?;
    let before = text[..begin].trim();
    if !(before.is_empty() || before.starts_with("```")) {
        return None;
    }
    let mut reader = Reader {
        rest: &text[begin..],
        out: String::with_capacity(text.len() + 2),
        open: Vec::new(),
        comma: None,
    };
    while let Some(c) = reader.rest.chars().next() {
        reader.token(c)?;
        if reader.open.is_empty() {
            break;
        }
    }
    reader.close_all();
    let object = sdk::json::from_str::<Members<'_>>(&reader.out).is_ok();
    object.then_some(reader.out)
}

impl Reader<'_> {
    fn token(&mut self, c: char) -> Option<()> {
        match c {
            _ if c.is_whitespace() => self.keep(c),
            ',' => {
                self.comma = Some(self.out.len());
                self.keep(c);
            }
            '}' | ']' => {
                if self.open.pop() != Some(c) {
                    return None;
                }
                self.drop_comma();
                self.keep(c);
            }
            _ => {
                self.comma = None;
                match c {
                    '{' | '[' => {
                        self.open.push(if c == '{' { '}' } else { ']' });
                        self.keep(c);
                    }
                    ':' => self.keep(c),
                    '"' | '\'' => self.string(c)?,
                    _ => self.word()?,
                }
            }
        }
        Some(())
    }

    fn keep(&mut self, c: char) {
        self.out.push(c);
        self.rest = &self.rest[c.len_utf8()..];
    }

    fn string(&mut self, quote: char) -> Option<()> {
        self.out.push('"');
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.out.push('"');
                    self.rest = &self.rest[at + 1..];
                    return Some(());
                }
                '\\' => match chars.next()?.1 {
                    escaped @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u') => {
                        self.out.push('\\');
                        self.out.push(escaped);
                    }
                    '\'' => self.out.push('\''),
                    other => {
                        self.out.push_str(r"\\");
                        self.out.push(other);
                    }
                },
                _ => escape_into(&mut self.out, c.encode_utf8(&mut [0; 4])),
            }
        }
        None
    }

    /// A number, a constant in the words of JSON or Python, or a name without quotes.
    fn word(&mut self) -> Option<()> {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '$');
        let end = self.rest.find(|c| !inside(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return None;
        }
        self.rest = rest;
        if rest.trim_start().starts_with(':') {
            self.out.push('"');
            self.out.push_str(word);
            self.out.push('"');
            return Some(());
        }
        let meant = match word {
            "True" => "true",
            "False" => "false",
            "None" | "undefined" | "NaN" => "null",
            _ => word,
        };
        sdk::json::from_str::<&RawValue>(meant).ok()?;
        self.out.push_str(meant);
        Some(())
    }

    fn drop_comma(&mut self) {
        if let Some(at) = self.comma.take() {
            self.out.remove(at);
        }
    }

    fn close_all(&mut self) {
        if !self.open.is_empty() {
            self.drop_comma();
        }
        self.out.extend(self.open.drain(..).rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn meant(text: &str) -> String {
        object(text).unwrap_or_default()
    }

    #[test]
    fn what_models_write_by_mistake_is_read_as_it_is_meant() {
        assert_eq!(meant("{'a': 'it\\'s \"b\"'}"), r#"{"a": "it's \"b\""}"#);
        assert_eq!(meant("{a: True, b: None,}"), r#"{"a": true, "b": null}"#);
        assert_eq!(meant("{\"a\":\"x\ny\"}"), r#"{"a":"x\ny"}"#);
        assert_eq!(meant(r#"{"a":"\d"}"#), r#"{"a":"\\d"}"#);
        assert_eq!(meant(r#"{"a":[1,2,"#), r#"{"a":[1,2]}"#);
        assert_eq!(meant("```json\n{\"a\":1}\n```"), r#"{"a":1}"#);
        assert_eq!(meant(r#"{"a":1}{"a":1}"#), r#"{"a":1}"#);
    }

    #[test]
    fn half_a_text_does_not_pass_for_a_whole_one() {
        assert_eq!(object(r#"{"path":"a.tx"#), None);
        assert_eq!(object(r#"{"path":"#), None);
        assert_eq!(object("call it with {}"), None);
        assert_eq!(object(r#"{"a": src/main.rs}"#), None);
        assert_eq!(object(r#"{"a":[1}"#), None);
    }

    proptest! {
        #[test]
        fn valid_json_stays_as_it_is(text in "[a-z\"\\\\ '{}:,\n]{0,20}", number: i32, flag: bool) {
            let value = serde_json::json!({"t": text, "n": [number, flag, null_of(flag)], "o": {"t": text}});
            for json in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(object(&json), Some(json));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "[{}\\[\\]:,'\"a\\\\ né]{0,40}") {
            let _ = object(&text);
        }
    }

    fn null_of(flag: bool) -> Option<bool> {
        flag.then_some(flag)
    }
}
