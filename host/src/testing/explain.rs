//! Field by field what a transformer dropped, changed and added: from what it said itself (notes),
//! and from looking for each of the client's fields in what was sent, and back.
//!
//! A field counts as sent when its value is found, wherever the other format has it, and each place holds
//! one field: texts also as a part of another text, flags by a name that is akin. Formats name
//! roles and types of blocks in their own way, so these are no fields of their own.

mod covers;
mod haystack;
mod leaf;
mod missing;
mod pairs;

use serde::Serialize;
use serde_json::Value;

use super::case::{CLIENT_REQUEST, Case};
use super::outcome::Outcome;
use super::play::{Answered, Asked, Note, Sent, model};
use covers::{Covers, covers};
use haystack::Haystack;
use missing::{Missing, missing, parts};
use pairs::{Fate, Pairs, are_akin};

/// One thing that a transformer did to an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// On the way out or back.
    pub side: Side,
    /// `drop`, `change`, `rename` or `add`, or the guest's own word.
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
        let client = as_handed_over(client, &upstream, model(case), sent);
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

/// The client's request but for what is not sent as a member of it: the model is named by the host, in the provider's
/// words, and may stand in the path; and whether it is a stream may be told by the path alone, and is by how the
/// guest wants the answer.
fn as_handed_over(mut client: Value, upstream: &Value, model: &str, sent: &Sent) -> Value {
    let Some(members) = client.as_object_mut() else {
        return client;
    };
    if sent.path.contains(model) {
        members.remove("model");
    } else if upstream.get("model").is_none()
        && let Some(named) = members.get_mut("model")
    {
        *named = model.into();
    }
    let in_frames = !matches!(sent.reply.as_str(), "whole" | "untouched");
    if members.get("stream") == Some(&Value::Bool(in_frames)) && upstream.get("stream").is_none() {
        members.remove("stream");
    }
    client
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
    let pairs = Pairs::of(client, upstream);
    let is_field = |fate: Option<&Fate>| !matches!(fate, None | Some(Fate::Gone | Fate::Partly(_)));
    let mut added = missing(upstream, &|path, _, _| is_field(pairs.origin(path)));
    let lost = missing(client, &|path, _, _| is_field(pairs.sent(path)));
    let mut lost: Vec<Missing> = lost
        .into_iter()
        .flat_map(|one| unsaid(one, notes))
        .collect();
    let mut found = Vec::new();
    // What has a new value in its own place is no candidate for what has another name.
    let here = |gone: &Missing, added: &mut Vec<Missing>| {
        let same = added.iter().position(|new| new.path == gone.path);
        let value = same.map(|at| added.remove(at).value);
        // A member of the body itself stands where it stood; items of lists may have moved.
        value.or_else(|| upstream.get(&gone.path).cloned())
    };
    let mut values: Vec<Option<Value>> = lost.iter().map(|gone| here(gone, &mut added)).collect();
    let nowhere: Vec<Missing> = lost
        .iter()
        .zip(&values)
        .filter(|(_, new)| new.is_none())
        .map(|(gone, _)| gone.clone())
        .collect();
    for (gone, new) in lost.drain(..).zip(values.drain(..)) {
        let old = shown(&gone.value);
        let akin = |new: &Missing| is_akin(&gone.path, &new.path);
        let (action, why) = if let Some(new) = new {
            ("change", format!("{old} -> {}", shown(&new)))
        } else if let Some(Fate::Partly(path)) = pairs.sent(&gone.path) {
            let path = path.clone();
            added.retain(|new| new.path != path);
            ("change", format!("{old} is in {path}, with other words"))
        } else if let Some(at) = added.iter().position(akin) {
            let new = added.remove(at);
            (
                "change",
                format!("{old} -> {}: {}", new.path, shown(&new.value)),
            )
        } else if let Some(at) = twin(&gone, &nowhere, &added) {
            let new = added.remove(at);
            ("rename", format!("{old} is {}", new.path))
        } else {
            let why = "is found nowhere in what was sent, and the guest did not say so";
            ("drop", format!("{old} {why}"))
        };
        found.push(remark(Side::Request, action, gone.path, why));
    }
    found.extend(renamed(client, &pairs));
    found.extend(added.into_iter().map(|new| {
        let why = shown(&new.value);
        remark(Side::Request, "add", new.path, why)
    }));
    found
}

/// What no note speaks of: of a part of which notes speak in places, the others.
fn unsaid(gone: Missing, notes: &[Note]) -> Vec<Missing> {
    let lies = |of: Covers| {
        notes
            .iter()
            .any(|note| covers(&note.path, &gone.path) == of)
    };
    if lies(Covers::All) {
        return Vec::new();
    }
    let parts = lies(Covers::Inside).then(|| parts(&gone)).flatten();
    let Some(parts) = parts else {
        return vec![gone];
    };
    let count = parts.len();
    let unsaid_parts: Vec<Missing> = parts
        .into_iter()
        .flat_map(|part| unsaid(part, notes))
        .collect();
    // A note that could have been about something in it, and is not.
    let whole = unsaid_parts.len() == count
        && unsaid_parts
            .iter()
            .all(|part| is_child(&part.path, &gone.path));
    if whole { vec![gone] } else { unsaid_parts }
}

fn is_child(path: &str, of: &str) -> bool {
    let rest = path.strip_prefix(of).unwrap_or_default();
    rest.get(1..).is_some_and(|rest| !rest.contains(['.', '[']))
}

/// Where the same flag came under a name of its own: one with its value, in the same part, where no
/// other went and no other came.
fn twin(gone: &Missing, nowhere: &[Missing], added: &[Missing]) -> Option<usize> {
    let is_like = |one: &Missing| {
        let same_part = parent(&one.path) == parent(&gone.path);
        gone.value.is_boolean() && one.value == gone.value && same_part
    };
    let mut came = added.iter().enumerate().filter(|(_, one)| is_like(one));
    let (at, _) = came.next()?;
    let alone = came.next().is_none() && nowhere.iter().filter(|one| is_like(one)).count() == 1;
    alone.then_some(at)
}

/// The part that a member is in; empty: the body itself.
fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// Members of the same part with names that are akin, such as `max_tokens` and `max_completion_tokens`.
fn is_akin(old: &str, new: &str) -> bool {
    fn split(path: &str) -> (&str, &str) {
        path.rsplit_once('.').unwrap_or(("", path))
    }
    let ((old_in, old), (new_in, new)) = (split(old), split(new));
    old_in == new_in && are_akin(old, new)
}

/// Members that have another name: inside of lists that is how formats are, and tells nothing.
fn renamed(client: &Value, pairs: &Pairs) -> Vec<Remark> {
    let all = pairs.renamed().into_iter();
    let own = all.filter(|(old, new)| !old.contains('[') && !new.contains('['));
    own.map(|(old, new)| {
        let value = client.pointer(&format!("/{}", old.replace('.', "/")));
        let why = format!("{} is {new}", value.map(shown).unwrap_or_default());
        remark(Side::Request, "rename", old.to_owned(), why)
    })
    .collect()
}

fn of_answer(came: &[Value], given: &[Value]) -> Vec<Remark> {
    let side = |of: &[Value], other: &[Value], action: &'static str| {
        let haystack = Haystack::loose(other);
        let all = of
            .iter()
            .flat_map(|value| missing(value, &|_, name, value| haystack.has(name, value)))
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

    #[test]
    fn a_flag_under_a_name_of_its_own_is_renamed_where_no_other_can_be_meant() {
        let sent = |upstream: Value| told(json!({"stream": true, "max_tokens": 9}), upstream, &[]);
        assert_eq!(
            sent(json!({"live": true, "max_tokens": 9})),
            ["rename stream: true is live"]
        );
        let dropped = format!("drop stream: true {SILENT}");
        assert_eq!(
            sent(json!({"live": false, "max_tokens": 9})),
            [&dropped, "add live: false"]
        );
        assert_eq!(
            sent(json!({"live": true, "loud": true, "max_tokens": 9})),
            [&dropped, "add live: true", "add loud: true"]
        );
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
                "rename max_tokens: 1024 is max_completion_tokens",
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
    fn another_value_under_a_name_that_is_akin_is_a_change() {
        let told = told(
            json!({"max_tokens": 9000, "top_k": 9000}),
            json!({"max_completion_tokens": 8192}),
            &[],
        );
        assert_eq!(
            told,
            [
                "change max_tokens: 9000 -> max_completion_tokens: 8192".to_owned(),
                format!("drop top_k: 9000 {SILENT}")
            ]
        );
    }

    #[test]
    fn a_note_on_a_part_hides_no_loss_of_the_rest() {
        let client = json!({"tools": [{"name": "Read", "cache_control": {"type": "ephemeral"}}], "top_k": 5});
        let notes = [("drop", "tools[*].cache_control"), ("drop", "..nothing")];
        let told = told(client, json!({"model": "m"}), &notes);
        assert_eq!(
            told,
            [
                format!("drop tools[0].name: \"Read\" {SILENT}"),
                format!("drop top_k: 5 {SILENT}"),
                "add model: \"m\"".to_owned(),
            ]
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
