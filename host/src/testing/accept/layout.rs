//! How expected files are written: what is unchanged keeps its place and its bytes, so that a diff
//! shows what changed and nothing else.

use serde_json::Value;
use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::error::ApiError;
use crate::sse::frames;
use crate::testing::compare::{Event, event, keys};
use crate::testing::play::envelope;

/// JSON: the old text with what changed, or with two spaces a level.
pub(super) fn json(old: Option<&str>, new: &Value) -> String {
    let edited = old.and_then(|old| super::member::changed(old, new));
    edited
        .filter(|text| serde_json::from_str::<Value>(text).is_ok_and(|value| value == *new))
        .unwrap_or_else(|| format!("{new:#}\n"))
}

/// A stream: frames whose events are as before stay as they are written, with the comments before
/// them. `error` becomes its last event, as the host writes it.
pub(super) fn stream(old: Option<&str>, new: &[u8], error: Option<&ApiError>) -> String {
    let mut came = written(new);
    // A comment is no event, and nothing to expect.
    for frame in &mut came {
        frame.comments.clear();
    }
    if let Some(error) = error {
        let data = envelope(error);
        came.push(Frame {
            comments: String::new(),
            text: format!("event: error\ndata: {data}\n\n"),
            event: ("error".to_owned(), data),
        });
    }
    let had = old.map(|old| written(old.as_bytes())).unwrap_or_default();
    let mut text = String::new();
    for op in capture_diff_slices(Algorithm::Myers, &aligned(&had), &aligned(&came)) {
        let frames = if op.tag() == DiffTag::Equal {
            had.get(op.old_range())
        } else {
            came.get(op.new_range())
        };
        for frame in frames.into_iter().flatten() {
            text += &frame.comments;
            text += &frame.text;
        }
    }
    text
}

/// A frame with an event, as it is written.
struct Frame {
    /// Frames without events before it.
    comments: String,
    /// With its blank line.
    text: String,
    event: Event,
}

fn aligned(frames: &[Frame]) -> Vec<String> {
    let events: Vec<Event> = frames.iter().map(|frame| frame.event.clone()).collect();
    keys(&events)
}

fn written(stream: &[u8]) -> Vec<Frame> {
    let mut all = Vec::new();
    let mut comments = String::new();
    for frame in frames(stream) {
        let mut text = String::from_utf8_lossy(frame).into_owned();
        match event(frame) {
            Ok(Some(event)) => {
                if !["\n\n", "\r\r", "\r\n\r\n"]
                    .iter()
                    .any(|end| text.ends_with(end))
                {
                    text = format!("{}\n\n", text.trim_end());
                }
                all.push(Frame {
                    comments: std::mem::take(&mut comments),
                    text,
                    event,
                });
            }
            Ok(None) | Err(_) => comments += &text,
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_that_is_new_has_two_spaces_a_level() {
        assert_eq!(super::json(None, &json!({"a": 1})), "{\n  \"a\": 1\n}\n");
        assert_eq!(super::json(Some("oops"), &json!([])), "[]\n");
    }

    #[test]
    fn only_frames_that_changed_are_written_anew() {
        let old = ": note\n\nevent: a\ndata: { \"n\": 1 }\n\nevent: b\ndata: { \"n\": 2 }\n\n";
        let new = b"event: a\ndata: {\"n\":1}\n\n: ping\n\nevent: b\ndata: {\"n\":3}\n\n";
        assert_eq!(
            stream(Some(old), new, None),
            ": note\n\nevent: a\ndata: { \"n\": 1 }\n\nevent: b\ndata: {\"n\":3}\n\n"
        );
    }

    #[test]
    fn an_error_is_the_last_event() {
        let error = ApiError::new("api_error", "so it is");
        let text = stream(None, b"event: a\ndata: 1\n\n", Some(&error));
        assert!(
            text.starts_with("event: a\ndata: 1\n\nevent: error\ndata: {"),
            "{text}"
        );
        assert!(
            text.contains("so it is") && text.ends_with("\n\n"),
            "{text}"
        );
    }
}
