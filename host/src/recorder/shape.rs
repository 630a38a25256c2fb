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

/// The events of a stream: the name of each and its data, member beside member. Comments do not count.
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
    Some(match data {
        Value::Object(members) if !members.contains_key(NAME) => {
            let mut all = serde_json::Map::from_iter([(NAME.to_owned(), json!(name))]);
            all.extend(members);
            Value::Object(all)
        }
        data => json!({ NAME: name, "data": data }),
    })
}

/// The member that is the name of an event.
const NAME: &str = "event";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_event_is_one_value_beside_its_data() {
        let stream = b": hi\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n\
            data: a\ndata: b\n\nevent: x\ndata: {\"event\":1}\n\n";
        let expected = json!([
            {"event": "ping", "type": "ping"},
            {"event": "", "data": "a\nb"},
            {"event": "x", "data": {"event": 1}},
        ]);
        assert_eq!(listed(stream), expected);
    }

    #[test]
    fn another_name_is_one_difference() {
        let stream = |name: &str| {
            let text = format!("event: {name}\ndata: {{\"type\":\"ping\",\"index\":0}}\n\n");
            listed(text.as_bytes())
        };
        let (one, other) = (stream("ping"), stream("pong"));
        let (one, other) = (one[0].as_object().unwrap(), other[0].as_object().unwrap());
        let differ: Vec<_> = one
            .iter()
            .filter(|(name, value)| other.get(*name) != Some(value))
            .collect();
        assert_eq!(differ, [(&"event".to_owned(), &json!("ping"))]);
        assert_eq!(one.len(), other.len());
    }

    #[test]
    fn a_header_that_comes_twice_is_not_kept_once() {
        let all = [("a", &b"1"[..]), ("b", b"2"), ("a", b"3")];
        assert_eq!(headers(all.into_iter()), json!({"a": "1, 3", "b": "2"}));
    }
}
