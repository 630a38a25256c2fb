//! Reasoning as the houses say it and take it back.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Value, json};

use crate::strict::speech::unique;

/// Where a house has the reasoning of an assistant's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// A member with this name, a text.
    Member(&'static str),
    /// OpenRouter's `reasoning_details`, beside `reasoning`.
    Details,
    /// `<think>` at the beginning of the content.
    Tags,
    /// Mistral's parts of the content.
    Parts,
}

impl Thinking {
    /// The reasoning of an assistant's message in the history, empty if there is none.
    pub(super) fn of(self, message: &Value) -> String {
        let content = &message["content"];
        match self {
            Self::Member(name) => message[name].as_str().unwrap_or_default().to_owned(),
            Self::Details => texts(&message["reasoning_details"], "text"),
            Self::Tags => {
                let inside = content.as_str().unwrap_or_default().strip_prefix("<think>");
                let end = inside.and_then(|inside| inside.split_once("</think>"));
                end.map_or("", |(inside, _)| inside).trim().to_owned()
            }
            Self::Parts => {
                let parts = content.as_array().into_iter().flatten();
                parts.map(|part| texts(&part["thinking"], "text")).collect()
            }
        }
    }

    /// A piece of reasoning in a delta.
    pub(super) fn delta(self, piece: &str) -> Value {
        match self {
            Self::Member(name) => json!({ name: piece }),
            Self::Details => json!({
                "reasoning": piece,
                "reasoning_details": [detail(piece)],
            }),
            Self::Tags => json!({ "content": piece }),
            Self::Parts => json!({ "content": [part(piece)] }),
        }
    }

    /// Adds the reasoning to a whole message.
    pub(super) fn put(self, message: &mut Value, reasoning: &str) {
        match self {
            Self::Member(name) => message[name] = reasoning.into(),
            Self::Details => {
                message["reasoning"] = reasoning.into();
                let mut detail = detail(reasoning);
                detail["signature"] = mark(reasoning).into();
                message["reasoning_details"] = json!([detail]);
            }
            Self::Tags => {
                let text = message["content"].as_str().unwrap_or_default();
                message["content"] = format!("<think>{reasoning}</think>{text}").into();
            }
            Self::Parts => {
                let text = message["content"].as_str().unwrap_or_default();
                let text = json!({ "type": "text", "text": text });
                message["content"] = json!([part(reasoning), text]);
            }
        }
    }

    /// What stands before and behind the pieces of a stream.
    pub(super) fn around(self, reasoning: &str) -> [Option<Value>; 2] {
        match self {
            Self::Tags => ["<think>", "</think>"].map(|tag| Some(json!({ "content": tag }))),
            Self::Details => {
                let signature = json!({
                    "type": "reasoning.text", "signature": mark(reasoning), "index": 0, "format": FORMAT,
                });
                [None, Some(json!({ "reasoning_details": [signature] }))]
            }
            _ => [None, None],
        }
    }
}

const FORMAT: &str = "anthropic-claude-v1";

fn detail(text: &str) -> Value {
    json!({ "type": "reasoning.text", "text": text, "index": 0, "format": FORMAT })
}

fn part(text: &str) -> Value {
    json!({ "type": "thinking", "thinking": [{ "type": "text", "text": text }] })
}

fn texts(list: &Value, name: &str) -> String {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| item[name].as_str()).collect()
}

/// What a server recognises its own reasoning by: four hexadecimal digits.
pub(super) fn mark(reasoning: &str) -> String {
    let mut hasher = DefaultHasher::new();
    reasoning.trim().hash(&mut hasher);
    format!("{:04x}", hasher.finish() & 0xffff)
}

/// An id for a call that tells which reasoning came before it, so that a server without memory knows what must come
/// back: `t`, the mark, and four digits of its own; `p` where there was none.
pub(super) fn call_id(reasoning: &str) -> String {
    let own = unique() >> 40 & 0xffff;
    if reasoning.is_empty() {
        return format!("p{:04x}{own:04x}", unique() >> 24 & 0xffff);
    }
    format!("t{}{own:04x}", mark(reasoning))
}

/// The mark in an id of a call, if there was reasoning.
pub(super) fn mark_of(id: &str) -> Option<&str> {
    let digits = id.strip_prefix("call_").unwrap_or(id).strip_prefix('t')?;
    digits.get(..4)
}
