//! A tree as JSON5 text, for a file that a person goes on with. Knows no setting by name.

use std::fmt::Write as _;

use super::text::{Member, Node, Value};

/// Longer values are broken over lines, an element each.
const WIDTH: usize = 96;

/// The text of a whole file.
pub(super) fn json5(root: &Node) -> String {
    let mut out = String::new();
    value(root, 0, &mut out);
    out.push('\n');
    out
}

fn value(node: &Node, depth: usize, out: &mut String) {
    let short = flat(&node.value);
    if depth > 0 && short.len() + depth * 2 <= WIDTH {
        out.push_str(&short);
        return;
    }
    match &node.value {
        Value::Object(members) if !members.is_empty() => {
            out.push_str("{\n");
            for member in members {
                indent(depth + 1, out);
                out.push_str(&name(member));
                out.push_str(": ");
                value(&member.node, depth + 1, out);
                out.push_str(",\n");
            }
            indent(depth, out);
            out.push('}');
        }
        Value::List(items) if !items.is_empty() => {
            out.push_str("[\n");
            for item in items {
                indent(depth + 1, out);
                value(item, depth + 1, out);
                out.push_str(",\n");
            }
            indent(depth, out);
            out.push(']');
        }
        _ => out.push_str(&short),
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(text) => text.clone(),
        Value::String(text) => quoted(text),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| flat(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let mut out = String::from("{ ");
            for (index, member) in members.iter().enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                // Infallible: a String takes whatever is written.
                let _ = write!(out, "{comma}{}: {}", name(member), flat(&member.node.value));
            }
            out + " }"
        }
    }
}

/// Without quotes where JSON5 needs none.
fn name(member: &Member) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = &member.name;
    if name.chars().all(plain) && name.starts_with(|c: char| !c.is_ascii_digit()) {
        name.clone()
    } else {
        quoted(name)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::text::parse;
    use super::*;

    #[test]
    fn what_is_written_reads_as_it_was() {
        let text = r#"{ a: "x\"y\n", "b-c": [1, { d: null }, []], e: { f: true },
            g: ["a long text to break the line", "a long text to break the line", "a long text to break the line"] }"#;
        let written = json5(&parse(text).unwrap());
        let values = |text: &str| {
            jsonc_parser::parse_to_serde_value::<serde_json::Value>(
                text,
                &super::super::text::options(),
            )
            .unwrap()
        };
        assert_eq!(values(&written), values(text), "{written}");
        assert!(
            written.contains("\n  \"b-c\": [1, { d: null }, []],\n"),
            "{written}"
        );
    }
}
