//! Field by field what a transformer dropped, changed and added: from what it said itself (notes),
//! and from looking for each of the client's fields in what was sent, and back.
//!
//! A field counts as sent when its value is found, wherever the other format has it: whole parts by
//! value, texts also as a part of another text, numbers and flags by value and name. Formats name
//! roles and types of blocks in their own way, so these are no fields of their own.

mod haystack;
mod missing;

use serde::Serialize;
use serde_json::Value;

use super::case::{CLIENT_REQUEST, Case};
use super::outcome::Outcome;
use super::play::{Answered, Asked, Note};
use haystack::Haystack;
use missing::{Missing, missing};

/// One thing that a transformer did to an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// On the way out or back.
    pub side: Side,
    /// `drop`, `change` or `add`, or the guest's own word.
    pub action: String,
    /// On the way out in the client's body (for `add`: the upstream's), on the way back in the
    /// upstream's answer (for `add`: the client's).
    pub path: String,
    /// The guest's own words, else what was compared.
    pub why: String,
    /// The guest said so itself.
    pub said: bool,
}

/// Which half of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The client's request against the upstream's.
    Request,
    /// The upstream's answer against the client's.
    Answer,
}

impl Remark {
    /// A field of the client's body that is gone without a word.
    pub fn is_silent_drop(&self) -> bool {
        self.side == Side::Request && self.action == "drop" && !self.said
    }
}

/// What a value looks like in a remark, at most, in characters.
const SHOWN: usize = 60;

/// Everything that the transformer did to the exchange of a case.
pub fn remarks(case: &Case, outcome: &Outcome) -> Vec<Remark> {
    let mut found: Vec<Remark> = outcome.notes.iter().map(of_note).collect();
    let Some(play) = &outcome.play else {
        return found;
    };
    if let (Asked::Forward(sent), Ok(Some(body))) = (&play.asked, case.file(CLIENT_REQUEST))
        && let (Ok(client), Ok(upstream)) = (
            serde_json::from_slice::<Value>(&body),
            serde_json::from_slice::<Value>(&sent.body),
        )
    {
        found.extend(of_request(&client, &upstream, &outcome.notes));
    }
    let upstream = case.upstream().ok().flatten();
    let (came, given) = match (&play.answered, &upstream) {
        (Answered::Whole(Ok(given)), Some((_, came))) => (values(came), values(given)),
        (Answered::Stream(given), Some((_, came))) => (values(came), values(&given.bytes)),
        _ => return found,
    };
    found.extend(of_answer(&came, &given));
    found
}

fn of_note(note: &Note) -> Remark {
    Remark {
        side: Side::Request,
        action: note.action.clone(),
        path: note.path.clone(),
        why: note.why.clone(),
        said: true,
    }
}

/// A body as values: itself, or the data of its events, or its lines. Markers such as `[DONE]` are
/// no JSON, and left out.
fn values(body: &[u8]) -> Vec<Value> {
    if let Ok(whole) = serde_json::from_slice(body) {
        return vec![whole];
    }
    let json = |text: &[u8]| serde_json::from_slice(text).ok();
    let events = crate::sse::frames(body).filter_map(crate::sse::data);
    let events: Vec<Value> = events.filter_map(json).collect();
    if events.is_empty() {
        return body.split(|byte| *byte == b'\n').filter_map(json).collect();
    }
    events
}

fn of_request(client: &Value, upstream: &Value, notes: &[Note]) -> Vec<Remark> {
    let mut added = missing(upstream, client, &Haystack::of([client]));
    let mut found = Vec::new();
    for gone in missing(client, upstream, &Haystack::of([upstream])) {
        if notes.iter().any(|note| covers(&note.path, &gone.path)) {
            continue;
        }
        let here = added.iter().position(|new| new.path == gone.path);
        let here = here.map(|at| added.remove(at).value);
        // A member of the body itself stands where it stood; items of lists may have moved.
        let here = here.or_else(|| upstream.get(&gone.path).cloned());
        let (action, why) = match here {
            Some(new) => (
                "change",
                format!("{} -> {}", shown(&gone.value), shown(&new)),
            ),
            None => (
                "drop",
                format!(
                    "{} is found nowhere in what was sent, and the guest did not say so",
                    shown(&gone.value)
                ),
            ),
        };
        found.push(remark(Side::Request, action, gone.path, why));
    }
    found.extend(added.into_iter().map(|new| {
        let why = shown(&new.value);
        remark(Side::Request, "add", new.path, why)
    }));
    found
}

fn of_answer(came: &[Value], given: &[Value]) -> Vec<Remark> {
    let side = |of: &[Value], other: &[Value], action: &'static str| {
        let haystack = Haystack::loose(other);
        let nothing = Value::Null;
        let all = of
            .iter()
            .flat_map(|value| missing(value, &nothing, &haystack))
            .filter(|one| !one.value.is_null());
        counted(all)
            .into_iter()
            .map(move |(path, value, times)| {
                let times = if times > 1 {
                    format!(" ({times} times)")
                } else {
                    String::new()
                };
                let why = format!("{}{times}", shown(&value));
                remark(Side::Answer, action, path, why)
            })
            .collect::<Vec<_>>()
    };
    [side(came, given, "drop"), side(given, came, "add")].concat()
}

/// The same field of many events once, with an example and how often it is there.
fn counted(all: impl Iterator<Item = Missing>) -> Vec<(String, Value, usize)> {
    let mut found: Vec<(String, Value, usize)> = Vec::new();
    for one in all {
        let path = without_numbers(&one.path);
        match found.iter_mut().find(|(known, ..)| *known == path) {
            Some((_, _, times)) => *times += 1,
            None => found.push((path, one.value, 1)),
        }
    }
    found
}

/// `choices[0].delta` as `choices[].delta`.
fn without_numbers(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|char| {
            let number = inside && char.is_ascii_digit();
            inside = *char == '[' || number;
            !number
        })
        .collect()
}

fn remark(side: Side, action: &str, path: String, why: String) -> Remark {
    Remark {
        side,
        action: action.to_owned(),
        path,
        why,
        said: false,
    }
}

/// A note speaks of this field: of it, of what it is in, or of what is in it.
fn covers(note: &str, path: &str) -> bool {
    let below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let note = dotted(note);
    below(path, &note) || below(&note, path)
}

/// `/messages/0/content` as `messages[0].content`.
fn dotted(path: &str) -> String {
    let Some(pointer) = path.strip_prefix('/') else {
        return path.to_owned();
    };
    let parts = pointer.split('/').map(|part| {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("[{part}]")
        } else {
            format!(".{part}")
        }
    });
    let text: String = parts.collect();
    text.trim_start_matches('.').to_owned()
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let cut: String = text.chars().take(SHOWN).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(client: Value, upstream: Value, notes: &[(&str, &str)]) -> Vec<String> {
        let notes: Vec<Note> = notes
            .iter()
            .map(|(action, path)| Note {
                action: (*action).to_owned(),
                path: (*path).to_owned(),
                why: "so".to_owned(),
            })
            .collect();
        of_request(&client, &upstream, &notes)
            .iter()
            .map(|remark| format!("{} {}: {}", remark.action, remark.path, remark.why))
            .collect()
    }

    const SILENT: &str = "is found nowhere in what was sent, and the guest did not say so";

    #[test]
    fn a_field_that_is_gone_without_a_word_is_told_as_that() {
        let client = json!({"model": "m", "top_k": 5, "metadata": {"user_id": "u-123"}});
        let told = told(client, json!({"model": "m"}), &[("drop", "metadata")]);
        assert_eq!(told, [format!("drop top_k: 5 {SILENT}")]);
    }

    #[test]
    fn what_another_format_has_elsewhere_is_not_gone() {
        let client = json!({
            "max_tokens": 1024, "stream": true, "system": "Be brief.",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "/a\nb"}}]}],
            "tools": [{"name": "Read", "input_schema": {"type": "object", "properties": {}}}],
        });
        let upstream = json!({
            "max_completion_tokens": 1024, "stream": true,
            "messages": [{"role": "system", "content": "Rules.\n\nBe brief."},
                {"role": "user", "content": "hello"},
                {"role": "assistant", "tool_calls": [{"id": "t1", "type": "function",
                    "function": {"name": "Read", "arguments": "{\"path\":\"/a\\nb\"}"}}]}],
            "tools": [{"type": "function", "function":
                {"name": "Read", "parameters": {"type": "object", "properties": {}}}}],
            "stream_options": {"include_usage": true},
        });
        assert_eq!(
            told(client, upstream, &[]),
            [
                r#"add messages[0]: {"role":"system","content":"Rules.\n\nBe brief."}"#,
                "add stream_options: {\"include_usage\":true}",
            ]
        );
    }

    #[test]
    fn another_value_in_the_same_place_is_a_change() {
        let told = told(
            json!({"model": "a,b", "temperature": 1}),
            json!({"model": "other", "temperature": 0}),
            &[],
        );
        assert_eq!(
            told,
            [
                "change model: \"a,b\" -> \"other\"",
                "change temperature: 1 -> 0"
            ]
        );
    }

    #[test]
    fn a_mark_inside_a_block_is_told_by_its_own_path() {
        let block = |mark: bool| {
            let mut block = json!({"type": "text", "text": "hello"});
            if mark {
                block["cache_control"] = json!({"type": "ephemeral"});
            }
            json!({"messages": [{"role": "user", "content": [block]}]})
        };
        let path = "messages[0].content[0].cache_control";
        assert_eq!(
            told(block(true), block(false), &[]),
            [format!("drop {path}: {{\"type\":\"ephemeral\"}} {SILENT}")]
        );
        assert!(told(block(true), block(false), &[("drop", "messages")]).is_empty());
        assert!(
            told(
                block(true),
                block(false),
                &[("drop", "/messages/0/content/0/cache_control")]
            )
            .is_empty()
        );
    }

    #[test]
    fn fields_of_many_events_are_told_once() {
        let chunk = |text: &str| json!({"id": "c-1", "choices": [{"delta": {"content": text}}]});
        let delta = |text: &str| json!({"type": "content_block_delta", "delta": {"text": text}});
        let found = of_answer(&[chunk("Good"), chunk("bye")], &[delta("Goodbye")]);
        let told: Vec<_> = found
            .iter()
            .map(|remark| format!("{} {}: {}", remark.action, remark.path, remark.why))
            .collect();
        assert_eq!(told, ["drop id: \"c-1\" (2 times)"]);
    }
}
