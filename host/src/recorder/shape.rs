//! What came of an exchange as JSON, so that two versions are compared by path.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::sse::frames;

/// JSON by value, anything else as text.
pub(crate) fn value_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(bytes)))
}

/// All of an error that reaches the client.
pub(crate) fn said(error: &ApiError) -> Value {
    json!({"error": {
        "status": error.status, "type": error.kind, "message": error.message,
        "retry_after_ms": error.retry_after_ms, "should_retry": error.should_retry,
    }})
}

/// Names and values of headers; of one that stands there more than once, all values.
pub(crate) fn headers<'h>(all: impl Iterator<Item = (&'h str, &'h [u8])>) -> Value {
    let mut by_name = serde_json::Map::new();
    for (name, value) in all {
        let value = String::from_utf8_lossy(value);
        let together = match by_name.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.into_owned(),
        };
        by_name.insert(name.to_owned(), json!(together));
    }
    Value::Object(by_name)
}

/// The events of a stream. An event is its data, unless its name says something else. Comments do not count.
pub(crate) fn listed(stream: &[u8]) -> Value {
    frames(stream).filter_map(event).collect()
}

fn event(frame: &[u8]) -> Option<Value> {
    let (mut name, mut data) = (&b""[..], Vec::new());
    for line in frame.split(|byte| matches!(byte, b'\n' | b'\r')) {
        if let Some(value) = line.strip_prefix(b"event:") {
            name = value.trim_ascii();
        } else if let Some(value) = line.strip_prefix(b"data:") {
            data.push(value.strip_prefix(b" ").unwrap_or(value));
        }
    }
    if data.is_empty() {
        return None;
    }
    let data = value_of(&data.join(&b'\n'));
    let name = String::from_utf8_lossy(name);
    Some(
        if data.get("type").and_then(Value::as_str) == Some(&*name) {
            data
        } else {
            json!({ "event": name, "data": data })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_its_data_unless_its_name_says_something_else() {
        let stream = b": hi\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n\
            event: pong\ndata: {\"type\":\"ping\"}\n\ndata: a\ndata: b\n\n";
        let expected = json!([
            {"type": "ping"},
            {"event": "pong", "data": {"type": "ping"}},
            {"event": "", "data": "a\nb"},
        ]);
        assert_eq!(listed(stream), expected);
    }

    #[test]
    fn a_header_that_comes_twice_is_not_kept_once() {
        let all = [("a", &b"1"[..]), ("b", b"2"), ("a", b"3")];
        assert_eq!(headers(all.into_iter()), json!({"a": "1, 3", "b": "2"}));
    }
}
