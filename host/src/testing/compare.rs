//! Comparing by meaning: JSON by value, streams event by event, and showing where they differ.

use serde_json::Value;
use similar::TextDiff;

use crate::sse::frames;

/// An event of a stream: its name and its data by value.
pub(super) type Event = (String, Value);

/// The events of a stream. Comments do not count. Errors: data that is not JSON.
pub(super) fn events(stream: &[u8]) -> Result<Vec<Event>, String> {
    frames(stream)
        .filter_map(|frame| event(frame).transpose())
        .collect()
}

fn event(frame: &[u8]) -> Result<Option<Event>, String> {
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

/// A line diff of what was expected and what came, or none when they are the same.
pub(super) fn difference(what: &str, expected: &Value, got: &Value) -> Option<String> {
    (expected != got).then(|| diff(what, &pretty(expected), &pretty(got)))
}

/// The same for streams.
pub(super) fn stream_difference(what: &str, expected: &[Event], got: &[Event]) -> Option<String> {
    let text = |events: &[Event]| {
        let lines = events.iter().map(|(name, data)| format!("{name} {data}"));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    (expected != got).then(|| diff(what, &text(expected), &text(got)))
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(&sorted(value)).unwrap_or_default();
    text.push('\n');
    text
}

/// With members in order of name, so that a diff shows values and not order.
fn sorted(value: &Value) -> Value {
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

fn diff(what: &str, expected: &str, got: &str) -> String {
    let diff = TextDiff::from_lines(expected, got);
    let body = diff
        .unified_diff()
        .context_radius(2)
        .header("expected", "got")
        .to_string();
    format!("{what} differs:\n{body}")
}
