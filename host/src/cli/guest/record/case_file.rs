//! `case.json5` as text: members in order, names without quotes where they need none.

use serde_json::Value;

/// The text of a file.
pub(super) fn json5(value: &Value) -> String {
    let mut text = String::from(
        "// Recorded by `transom guest record`. Say in `why` what would go wrong without this case.\n",
    );
    write(value, 0, &mut text);
    text.push('\n');
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let indent = |depth: usize| "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push_str("{\n");
            for (name, value) in members {
                text.push_str(&indent(depth + 1));
                text.push_str(&member(name));
                text.push_str(": ");
                write(value, depth + 1, text);
                text.push_str(",\n");
            }
            text.push_str(&indent(depth));
            text.push('}');
        }
        other => text.push_str(&other.to_string()),
    }
}

fn member(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    if name.starts_with(begins) && name.chars().all(plain) {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_back_as_the_same() {
        let value = json!({
            "why": "a \"quoted\" word\nand a line",
            "context": {"input_estimate": 7, "headers": {"user-agent": "x"}, "extra": {}},
            "list": [{"match": "x"}],
        });
        let text = json5(&value);
        assert!(
            text.contains("\n    \"user-agent\": \"x\",\n")
                || text.contains("\"user-agent\": \"x\"")
        );
        assert!(text.contains("  why: "), "{text}");
        let options = jsonc_parser::ParseOptions::default();
        let back = jsonc_parser::parse_to_serde_value::<Value>(&text, &options).unwrap();
        assert_eq!(back, value);
    }
}
