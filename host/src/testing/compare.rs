//! Comparing by meaning: JSON by value, streams event by event, and where exactly they differ.

use serde_json::Value;

use super::finding::Difference;
use crate::recorder::{Change, changes, unlike};
use crate::sse::frames;

/// An event of a stream: its name and its data by value.
pub(super) type Event = (String, Value);

/// The events of a stream. Comments do not count. Errors: data that is not JSON.
pub(super) fn events(stream: &[u8]) -> Result<Vec<Event>, String> {
    frames(stream)
        .filter_map(|frame| event(frame).transpose())
        .collect()
}

/// The event of a frame; none: a comment.
pub(super) fn event(frame: &[u8]) -> Result<Option<Event>, String> {
    let text =
        std::str::from_utf8(frame).map_err(|error| format!("an event is not UTF-8: {error}"))?;
    let mut name = String::new();
    let mut data: Option<String> = None;
    for line in text.split(['\n', '\r']) {
        if let Some(value) = line.strip_prefix("event:") {
            value.trim().clone_into(&mut name);
        } else if let Some(value) = line.strip_prefix("data:") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => data = Some(value.to_owned()),
            }
        }
    }
    let Some(data) = data else { return Ok(None) };
    let value = serde_json::from_str(&data)
        .map_err(|error| format!("the data of an event is not JSON ({error}): {data}"))?;
    Ok(Some((name, value)))
}

/// Where two values differ.
pub(super) fn value_differences(expected: &Value, got: &Value) -> Vec<Difference> {
    let changes = changes(expected, got);
    changes
        .into_iter()
        .map(|change| placed("", change))
        .collect()
}

/// Where two streams differ.
pub(super) fn stream_differences(expected: &[Event], got: &[Event]) -> Vec<Difference> {
    let mut found = Vec::new();
    for pair in unlike(&keys(expected), &keys(got)) {
        let was = pair.old.and_then(|at| expected.get(at));
        let is = pair.new.and_then(|at| got.get(at));
        let at = pair.old.or(pair.new).unwrap_or_default();
        match (was, is) {
            (Some((was, old)), Some((is, new))) if was == is => {
                let place = format!("event {at} ({is}) ");
                let changes = changes(old, new);
                found.extend(changes.into_iter().map(|change| placed(&place, change)));
            }
            (was, is) => found.push(Difference {
                place: format!("event {at}"),
                expected: was.map(shown),
                got: is.map(shown),
            }),
        }
    }
    found
}

/// What an event is aligned by: equal exactly when the events are.
pub(super) fn keys(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|(name, data)| format!("{name} {}", sorted(data)))
        .collect()
}

/// With members in order of name: values that are the same have the same text.
pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.iter().collect();
            names.sort_by_key(|(name, _)| name.as_str());
            names
                .into_iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn placed(before: &str, change: Change) -> Difference {
    let path = if change.path.is_empty() {
        "/"
    } else {
        &change.path
    };
    Difference {
        place: format!("{before}{path}"),
        expected: change.old,
        got: change.new,
    }
}

fn shown((name, data): &Event) -> String {
    const MOST: usize = 160;
    let text = format!("{name} {data}");
    if text.chars().count() <= MOST {
        return text;
    }
    let cut: String = text.chars().take(MOST).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stream(texts: &[&str]) -> Vec<Event> {
        texts
            .iter()
            .map(|text| ("delta".to_owned(), json!({ "text": text })))
            .collect()
    }

    #[test]
    fn an_event_that_came_between_is_told_as_one() {
        let found = stream_differences(&stream(&["a", "b", "c"]), &stream(&["a", "x", "b", "c"]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].expected, None);
        assert_eq!(found[0].got.as_deref(), Some(r#"delta {"text":"x"}"#));
    }

    #[test]
    fn a_changed_event_is_told_by_its_path() {
        let found = stream_differences(&stream(&["a", "b"]), &stream(&["a", "c"]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "event 1 (delta) /text");
        assert_eq!(found[0].got.as_deref(), Some("\"c\""));
    }

    #[test]
    fn the_order_of_members_is_no_difference() {
        let one = [("e".to_owned(), json!({"a": 1, "b": 2}))];
        let two = [("e".to_owned(), json!({"b": 2, "a": 1}))];
        assert_eq!(stream_differences(&one, &two), []);
    }
}
