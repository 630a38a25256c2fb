//! A whole message as the events of a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::sse::event;

/// The events of a message, in the order and with the indices that clients need: one start, then
/// each block's start, deltas and stop, then the stop reason with the usage, then the end.
///
/// None when the value is no message.
pub fn expand(message: &Value) -> Option<Bytes> {
    if message.get("type")?.as_str()? != "message" {
        return None;
    }
    let blocks = message.get("content")?.as_array()?;
    let mut out = Vec::new();
    out.extend_from_slice(&start(message));
    for (index, block) in blocks.iter().enumerate() {
        expand_block(&mut out, index, block);
    }
    out.extend_from_slice(&end(message));
    out.extend_from_slice(&event("message_stop", r#"{"type":"message_stop"}"#));
    Some(out.into())
}

fn start(message: &Value) -> Bytes {
    let mut started = message.clone();
    if let Some(fields) = started.as_object_mut() {
        fields.insert("content".to_owned(), json!([]));
        fields.insert("stop_reason".to_owned(), Value::Null);
        fields.insert("stop_sequence".to_owned(), Value::Null);
        let usage = fields.entry("usage").or_insert_with(|| json!({}));
        if let Some(usage) = usage.as_object_mut() {
            usage.entry("input_tokens").or_insert_with(|| json!(0));
            usage.insert("output_tokens".to_owned(), json!(0));
        }
    }
    event(
        "message_start",
        &json!({"type": "message_start", "message": started}).to_string(),
    )
}

fn end(message: &Value) -> Bytes {
    let field = |name: &str| message.get(name).cloned().unwrap_or(Value::Null);
    let mut usage = field("usage");
    if !usage.is_object() {
        usage = json!({"output_tokens": 0});
    }
    let data = json!({
        "type": "message_delta",
        "delta": {"stop_reason": field("stop_reason"), "stop_sequence": field("stop_sequence")},
        "usage": usage,
    });
    event("message_delta", &data.to_string())
}

fn expand_block(out: &mut Vec<u8>, index: usize, block: &Value) {
    let text_of = |name: &str| {
        block
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (started, deltas) = match block.get("type").and_then(Value::as_str) {
        Some("text") => (
            with(block, &[("text", json!(""))]),
            vec![json!({"type": "text_delta", "text": text_of("text")})],
        ),
        Some("thinking") => (
            with(block, &[("thinking", json!("")), ("signature", json!(""))]),
            vec![
                json!({"type": "thinking_delta", "thinking": text_of("thinking")}),
                json!({"type": "signature_delta", "signature": text_of("signature")}),
            ],
        ),
        Some("tool_use" | "server_tool_use") => {
            let input = block.get("input").cloned().unwrap_or_else(|| json!({}));
            (
                with(block, &[("input", json!({}))]),
                vec![json!({"type": "input_json_delta", "partial_json": input.to_string()})],
            )
        }
        _ => (block.clone(), Vec::new()),
    };
    let data = json!({"type": "content_block_start", "index": index, "content_block": started});
    out.extend_from_slice(&event("content_block_start", &data.to_string()));
    for delta in deltas {
        let data = json!({"type": "content_block_delta", "index": index, "delta": delta});
        out.extend_from_slice(&event("content_block_delta", &data.to_string()));
    }
    let data = json!({"type": "content_block_stop", "index": index});
    out.extend_from_slice(&event("content_block_stop", &data.to_string()));
}

fn with(block: &Value, fields: &[(&str, Value)]) -> Value {
    let mut block = block.clone();
    if let Some(object) = block.as_object_mut() {
        for (name, value) in fields {
            object.insert((*name).to_owned(), value.clone());
        }
    }
    block
}
