//! The same for an answer that is no stream: what every client reads of it must be there.

use serde_json::Value;

use super::STOP_REASONS;

/// Every violation of a whole answer to this operation, in words.
pub(in crate::testing) fn whole_violations(answer: &Value, operation: &str) -> Vec<String> {
    match operation {
        "messages" => message(answer),
        "count-tokens" => count(answer),
        _ => Vec::new(),
    }
}

fn count(answer: &Value) -> Vec<String> {
    let counted = answer.get("input_tokens").is_some_and(Value::is_u64);
    let wrong = (!counted).then(|| "a count without integer input_tokens".to_owned());
    wrong.into_iter().collect()
}

fn message(answer: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |pointer: &str| {
        let value = answer.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default()
    };
    if text("/type") != "message" || text("/role") != "assistant" {
        wrong.push("an answer whose type is not message or whose role is not assistant".to_owned());
    }
    if text("/id").is_empty() || text("/model").is_empty() {
        wrong.push("a message without id or model".to_owned());
    }
    if !STOP_REASONS.contains(&text("/stop_reason")) {
        let reason = answer.get("stop_reason").unwrap_or(&Value::Null);
        wrong.push(format!("stop_reason {reason}"));
    }
    let whole = |name: &str| {
        let tokens = answer.pointer(&format!("/usage/{name}"));
        tokens.is_some_and(Value::is_u64)
    };
    if !whole("input_tokens") || !whole("output_tokens") {
        wrong.push("a message without integer usage".to_owned());
    }
    match answer.get("content").and_then(Value::as_array) {
        None => wrong.push("a message without a list of content".to_owned()),
        Some(blocks) => {
            let found = blocks.iter().enumerate();
            wrong.extend(
                found.filter_map(|(at, block)| Some(format!("block {at}: {}", in_block(block)?))),
            );
        }
    }
    wrong
}

/// What is wrong with a block of content.
fn in_block(block: &Value) -> Option<&'static str> {
    let text = |name: &str| block.get(name).and_then(Value::as_str);
    match text("type") {
        None => Some("no type"),
        Some("text") if text("text").is_none() => Some("a text block without text"),
        Some("thinking") if text("thinking").is_none() => Some("a thinking block without thinking"),
        Some("tool_use") => {
            let named = ["id", "name"]
                .iter()
                .all(|name| text(name).is_some_and(|text| !text.is_empty()));
            let input = block.get("input").is_some_and(Value::is_object);
            (!named || !input).then_some("a tool_use block without id, name or an object as input")
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": "hi"}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2},
        })
    }

    #[test]
    fn a_whole_message_has_what_clients_read() {
        assert_eq!(whole_violations(&good(), "messages"), Vec::<String>::new());
        for (pointer, bad) in [
            ("/type", json!("completion")),
            ("/id", json!("")),
            ("/stop_reason", json!("stop")),
            ("/usage/output_tokens", json!(1.5)),
            ("/content", json!("hi")),
            ("/content/0", json!({"type": "text"})),
            (
                "/content/0",
                json!({"type": "tool_use", "id": "a", "name": "b", "input": "{}"}),
            ),
        ] {
            let mut message = good();
            *message.pointer_mut(pointer).unwrap() = bad;
            let wrong = whole_violations(&message, "messages");
            assert_eq!(wrong.len(), 1, "{pointer}: {wrong:?}");
        }
    }

    #[test]
    fn a_count_is_a_number() {
        assert!(whole_violations(&json!({"input_tokens": 7}), "count-tokens").is_empty());
        assert_eq!(whole_violations(&json!({}), "count-tokens").len(), 1);
    }
}
