//! Server-Sent Events as the HTML standard reads them, from a whole body.

use serde_json::Value;

/// One dispatched event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// The `event:` field; empty when there was none.
    pub(crate) name: String,
    /// The `data:` lines, joined by a line feed.
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn new(name: &str, data: &Value) -> Self {
        Self {
            name: name.to_owned(),
            data: data.to_string(),
        }
    }

    /// The data as JSON; null if it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or(Value::Null)
    }

    /// As Anthropic writes it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        format!("event: {}\ndata: {}\n\n", self.name, self.data).into_bytes()
    }
}

/// Every event whose closing blank line has come. What follows the last one is dropped, as the
/// standard asks.
pub(crate) fn parse(body: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let (mut name, mut data) = (String::new(), Vec::new());
    for line in text.split_inclusive('\n') {
        let Some(line) = line.strip_suffix('\n') else {
            break;
        };
        if line.is_empty() {
            if !data.is_empty() {
                events.push(Event {
                    name: std::mem::take(&mut name),
                    data: data.join("\n"),
                });
            }
            (name, data) = (String::new(), Vec::new());
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut name),
            "data" => data.push(value.to_owned()),
            _ => {}
        }
    }
    events
}

/// Whether the body stops inside an event: bytes after the last blank line that are not a comment.
pub(crate) fn has_partial_event(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let tail = text.rsplit("\n\n").next().unwrap_or_default();
    tail.lines()
        .any(|line| !line.is_empty() && !line.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_with_every_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            let body = [
                "event: a",
                "data: 1",
                "data:2",
                "",
                ": note",
                "data: 3",
                "",
                "data: lost",
            ]
            .join(end);
            let events = parse(body.as_bytes());
            assert_eq!(events.len(), 2, "{end:?}");
            assert_eq!(
                (events[0].name.as_str(), events[0].data.as_str()),
                ("a", "1\n2")
            );
            assert_eq!(
                (events[1].name.as_str(), events[1].data.as_str()),
                ("", "3")
            );
        }
    }

    #[test]
    fn a_body_that_stops_inside_an_event_is_told() {
        assert!(has_partial_event(b"data: 1\n\ndata: 2\n"));
        assert!(!has_partial_event(b"data: 1\n\n: comment\n"));
        assert!(!has_partial_event(b"data: 1\n\n"));
    }
}
