//! What is said in thirty turns. Each thing holds a token of its own, by which it is found again.

use serde_json::{Value, json};

use crate::strict::{Delivery, Turn};

pub(super) const TURNS: usize = 30;

/// A tool of an MCP server, whose name is longer than most providers take.
pub(super) const LONG_NAME: &str =
    "mcp__a_server_with_a_name_of_its_own__a_tool_that_reads_what_nobody_has_read_before";

/// What a token stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    Image,
}

fn token(what: &str, turn: usize, part: usize) -> String {
    format!("{what}-{turn:02}-{part}-end")
}

/// The base64 of an image.
pub(super) fn image(turn: usize) -> String {
    format!("iVBORw0KGgo{turn:05}")
}

/// The model thinks.
fn thinks(turn: usize) -> bool {
    turn % 7 != 6
}

/// The model calls so many tools.
fn calls(turn: usize) -> usize {
    if turn % 5 == 4 { 0 } else { 1 + turn % 2 }
}

/// What the client sends before this turn holds an image.
fn has_image(turn: usize) -> bool {
    turn % 4 == 3
}

/// The model's turn.
pub(super) fn turn(turn: usize, interleaves: bool) -> Turn {
    let delivery = match turn % 4 {
        0 => Delivery::Whole,
        1 => Delivery::Characters,
        _ if interleaves => Delivery::Interleaved,
        _ => Delivery::Whole,
    };
    let mut said = Turn::default().delivered(delivery);
    if thinks(turn) {
        said = said.reasoning(&format!("I think 考 {}.", token("thought", turn, 0)));
    }
    if calls(turn) == 0 || turn.is_multiple_of(2) {
        said = said.saying(&format!("I say \"ü\" {}.", token("said", turn, 0)));
    }
    for part in 0..calls(turn) {
        let name = if (turn + part).is_multiple_of(3) {
            LONG_NAME
        } else {
            "Read"
        };
        let input = json!({ "file_path": format!("/a \"b\"/{}", token("argument", turn, part)), "limit": turn });
        said = said.and_call(name, &input);
    }
    said
}

/// What the client sends before this turn, given the calls of the turn before by their ids.
pub(super) fn request(turn: usize, ids: &[String]) -> Value {
    let picture = json!({
        "type": "image",
        "source": { "type": "base64", "media_type": "image/png", "data": image(turn) },
    });
    if ids.is_empty() {
        let mut content = vec![json!({ "type": "text", "text": token("asked", turn, 0) })];
        content.extend(has_image(turn).then_some(picture));
        return content.into();
    }
    let mut pictures = has_image(turn).then_some(picture);
    let results = ids.iter().enumerate().map(|(part, id)| {
        let text = token("result", turn, part);
        let mut result = json!({ "type": "tool_result", "tool_use_id": id, "content": text });
        let list = json!([{ "type": "text", "text": text }]);
        match (turn + part) % 3 {
            0 => result["content"] = list,
            1 => result["is_error"] = true.into(),
            _ => {}
        }
        if let Some(picture) = pictures.take() {
            result["content"] = json!([{ "type": "text", "text": text }, picture]);
        }
        result
    });
    let mut content: Vec<Value> = results.collect();
    if turn % 6 == 5 {
        content.push(json!({ "type": "text", "text": token("reminder", turn, 0) }));
    }
    content.into()
}

/// Every token of what was sent and said before the last turn, and what holds it.
pub(super) fn tokens() -> Vec<(String, Kind)> {
    let mut all = vec![("system-of-the-client-end".to_owned(), Kind::Text)];
    all.push(("amid-the-conversation-end".to_owned(), Kind::Text));
    for turn in 0..TURNS {
        let before = turn.checked_sub(1).map_or(0, calls);
        if before == 0 {
            all.push((token("asked", turn, 0), Kind::Text));
        }
        all.extend((0..before).map(|part| (token("result", turn, part), Kind::Text)));
        if before > 0 && turn % 6 == 5 {
            all.push((token("reminder", turn, 0), Kind::Text));
        }
        if has_image(turn) {
            all.push((image(turn), Kind::Image));
        }
        if turn + 1 < TURNS {
            all.extend(of_the_model(turn));
        }
    }
    all
}

fn of_the_model(turn: usize) -> Vec<(String, Kind)> {
    let mut all = Vec::new();
    if thinks(turn) {
        all.push((token("thought", turn, 0), Kind::Thinking));
    }
    if calls(turn) == 0 || turn.is_multiple_of(2) {
        all.push((token("said", turn, 0), Kind::Text));
    }
    all.extend((0..calls(turn)).map(|part| (token("argument", turn, part), Kind::Text)));
    all
}
