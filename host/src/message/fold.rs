//! The events of a stream as a whole message.

use serde_json::{Map, Value, json};

use crate::sse::frames;

/// Why events make no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The stream said an error.
    #[error("{message}")]
    Said {
        /// Of the error event.
        kind: String,
        /// Of the error event.
        message: String,
    },
    /// It has no start or no end.
    #[error("the upstream's stream ended before the message was complete")]
    Incomplete,
    /// An event is not what the Messages API sends.
    #[error("the upstream's stream has a malformed event: {0}")]
    Malformed(String),
}

/// Folds a whole stream. Unknown events are skipped, as clients do.
pub fn fold(stream: &[u8]) -> Result<Value, FoldError> {
    let mut folding = Folding::default();
    for frame in frames(stream) {
        if let Some(data) = data(frame) {
            let event: Value = serde_json::from_slice(&data)
                .map_err(|error| FoldError::Malformed(error.to_string()))?;
            folding.event(&event)?;
        }
    }
    folding.finish()
}

/// The data lines of a frame, joined. None: a comment, or the `[DONE]` that some add.
fn data(frame: &[u8]) -> Option<Vec<u8>> {
    let mut joined: Option<Vec<u8>> = None;
    for line in frame.split(|byte| matches!(byte, b'\n' | b'\r')) {
        if let Some(text) = line.strip_prefix(b"data:") {
            let text = text.strip_prefix(b" ").unwrap_or(text);
            match &mut joined {
                Some(joined) => {
                    joined.push(b'\n');
                    joined.extend_from_slice(text);
                }
                None => joined = Some(text.to_owned()),
            }
        }
    }
    joined.filter(|data| data != b"[DONE]" && !data.is_empty())
}

#[derive(Default)]
struct Folding {
    message: Option<Map<String, Value>>,
    blocks: Vec<Value>,
    /// The input of the tool call that is open, as text.
    input: String,
    stopped: bool,
}

impl Folding {
    fn event(&mut self, event: &Value) -> Result<(), FoldError> {
        match event.get("type").and_then(Value::as_str) {
            Some("message_start") => {
                self.message = event.get("message").and_then(Value::as_object).cloned();
            }
            Some("content_block_start") => {
                self.blocks
                    .push(event.get("content_block").cloned().unwrap_or(Value::Null));
                self.input.clear();
            }
            Some("content_block_delta") => self.delta(event.get("delta").unwrap_or(&Value::Null)),
            Some("content_block_stop") => self.close()?,
            Some("message_delta") => self.message_delta(event),
            Some("message_stop") => self.stopped = true,
            Some("error") => {
                let field = |name: &str| {
                    event
                        .pointer(&format!("/error/{name}"))
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned()
                };
                return Err(FoldError::Said {
                    kind: field("type"),
                    message: field("message"),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value) {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        match delta.get("type").and_then(Value::as_str) {
            Some("text_delta") => self.append("text", text("text")),
            Some("thinking_delta") => self.append("thinking", text("thinking")),
            Some("signature_delta") => self.append("signature", text("signature")),
            Some("input_json_delta") => self.input.push_str(text("partial_json")),
            Some("citations_delta") => {
                if let (Some(Value::Object(block)), Some(citation)) =
                    (self.blocks.last_mut(), delta.get("citation"))
                    && let Some(list) = block
                        .entry("citations")
                        .or_insert_with(|| json!([]))
                        .as_array_mut()
                {
                    list.push(citation.clone());
                }
            }
            _ => {}
        }
    }

    fn append(&mut self, field: &str, more: &str) {
        if let Some(Value::Object(block)) = self.blocks.last_mut() {
            let mut text = block
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            text.push_str(more);
            block.insert(field.to_owned(), Value::String(text));
        }
    }

    fn close(&mut self) -> Result<(), FoldError> {
        let input = std::mem::take(&mut self.input);
        if input.is_empty() {
            return Ok(());
        }
        if let Some(Value::Object(block)) = self.blocks.last_mut() {
            let input = serde_json::from_str(&input)
                .map_err(|error| FoldError::Malformed(format!("tool input: {error}")))?;
            block.insert("input".to_owned(), input);
        }
        Ok(())
    }

    fn message_delta(&mut self, event: &Value) {
        let Some(message) = &mut self.message else {
            return;
        };
        if let Some(Value::Object(delta)) = event.get("delta") {
            message.extend(delta.clone());
        }
        if let Some(Value::Object(told)) = event.get("usage") {
            let usage = message.entry("usage").or_insert_with(|| json!({}));
            if let Some(usage) = usage.as_object_mut() {
                usage.extend(told.clone());
            }
        }
    }

    fn finish(self) -> Result<Value, FoldError> {
        let mut message = self
            .message
            .filter(|_| self.stopped)
            .ok_or(FoldError::Incomplete)?;
        message.insert("content".to_owned(), Value::Array(self.blocks));
        Ok(Value::Object(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::expand;

    fn message() -> Value {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "hi 😀"},
                {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "a\"b"}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": 1},
        })
    }

    #[test]
    fn a_message_that_is_expanded_and_folded_is_the_same() {
        let events = expand(&message()).unwrap();
        assert_eq!(fold(&events).unwrap(), message());
    }

    #[test]
    fn a_stream_without_its_end_is_incomplete_and_an_error_is_told() {
        let events = expand(&message()).unwrap();
        let last = memchr::memmem::rfind(&events, b"event: message_stop").unwrap();
        assert_eq!(fold(&events[..last]).unwrap_err(), FoldError::Incomplete);
        let inside = fold(&events[..last - 20]).unwrap_err();
        assert!(matches!(inside, FoldError::Malformed(_)));
        let error = b"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n";
        assert_eq!(
            fold(error).unwrap_err(),
            FoldError::Said {
                kind: "overloaded_error".into(),
                message: "busy".into()
            }
        );
    }

    #[test]
    fn what_is_no_message_is_not_expanded() {
        assert!(expand(&json!({"error": "x"})).is_none());
        assert!(expand(&json!([])).is_none());
    }
}
