//! The houses: what each provider takes beside what all of them take, as data, with the source of each rule and how
//! sure it is.

use serde_json::Value;

use super::Thinking;
use crate::strict::Rule;

mod hosted;
mod local;
mod reasoning;

pub(crate) use hosted::{GROQ, MISTRAL, OPENAI, OPENAI_NEWER, OPENROUTER};
pub(crate) use local::{LLAMA_CPP, LM_STUDIO, OLLAMA, VLLM};
pub(crate) use reasoning::{DEEPSEEK, KIMI, MINIMAX, QWEN, SILICONFLOW};

/// A provider of chat completions.
#[derive(Debug)]
pub(crate) struct House {
    /// Name of its profile, and of its table in `tests/errors`.
    pub(crate) name: &'static str,
    /// The model that it serves here.
    pub(crate) model: &'static str,
    /// What it takes beside the members that all of them take.
    pub(super) parameters: &'static [&'static str],
    /// Where the names of members are from, and what becomes of others.
    pub(super) unknown: Rule,
    /// Members of an assistant's message beside role, content and calls.
    pub(super) assistant: &'static [&'static str],
    /// Kinds of parts in the content of users and systems, of assistants, and of results.
    pub(crate) parts: &'static [&'static str],
    pub(super) assistant_parts: &'static [&'static str],
    pub(super) tool_parts: &'static [&'static str],
    pub(super) developer: bool,
    /// System messages amid the conversation: only where it is known that they are taken.
    pub(super) mid_system: bool,
    /// Cache marks on parts.
    pub(super) cache_control: bool,
    /// Forms of `tool_choice`.
    pub(super) choices: &'static [&'static str],
    /// Where it says its reasoning, and takes it back.
    pub(crate) thinking: Option<Thinking>,
    /// Set: reasoning before calls must come back as it was.
    pub(super) comes_back: Option<Rule>,
    /// Reasoning in the history is taken.
    pub(crate) takes_thinking: bool,
    /// What its ids of calls begin with.
    pub(super) id_prefix: &'static str,
    pub(super) counts: Counts,
    pub(super) specials: &'static [Special],
}

/// One house is one provider with one model.
impl PartialEq for House {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.model) == (other.name, other.model)
    }
}

impl Eq for House {}

/// Where the counts of tokens stand in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    WithTheFinish,
    /// In a chunk of their own without choices.
    Behind,
    InTheChoice,
    /// In `x_groq` of the chunk with the finish.
    OfGroq,
    Nowhere,
}

/// A rule of one house.
#[derive(Debug)]
pub(super) struct Special {
    pub(super) rule: Rule,
    /// Paths and what was found there.
    pub(super) broken: fn(&Value) -> Vec<(String, String)>,
}

/// What is usual.
const USUAL: House = House {
    name: "",
    model: "",
    parameters: &[],
    unknown: Rule {
        id: "unknown-property",
        source: "",
    },
    assistant: &[],
    parts: &["text", "image_url"],
    assistant_parts: &["text"],
    tool_parts: &["text"],
    developer: false,
    mid_system: false,
    cache_control: false,
    choices: &["auto", "none", "required", "named"],
    thinking: None,
    comes_back: None,
    takes_thinking: false,
    id_prefix: "call_",
    counts: Counts::Behind,
    specials: &[],
};

/// Every house.
pub(crate) const ALL: [&House; 14] = [
    &OPENAI,
    &OPENAI_NEWER,
    &OPENROUTER,
    &GROQ,
    &MISTRAL,
    &DEEPSEEK,
    &KIMI,
    &MINIMAX,
    &QWEN,
    &SILICONFLOW,
    &OLLAMA,
    &LLAMA_CPP,
    &VLLM,
    &LM_STUDIO,
];

/// A member that may not be sent.
fn sent(body: &Value, names: &[&str]) -> Vec<(String, String)> {
    let sent = names.iter().filter(|name| body.get(**name).is_some());
    sent.map(|name| ((*name).to_owned(), body[*name].to_string()))
        .collect()
}

/// Ids of calls and results that do not fit.
fn ids_unless(body: &Value, fits: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut broken = Vec::new();
    for (path, message) in messages(body) {
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        let ids = calls
            .map(|call| &call["id"])
            .chain(message.get("tool_call_id"));
        let ids = ids.filter_map(Value::as_str).filter(|id| !fits(id));
        broken.extend(ids.map(|id| (path.clone(), id.to_owned())));
    }
    broken
}

/// A tool that is forced, unless thinking is off.
fn forced_unless(body: &Value, off: bool) -> Vec<(String, String)> {
    unless(body, "tool_choice", |choice| {
        off || choice == "auto" || choice == "none"
    })
}

/// A member whose value, if it is sent, must be so.
fn unless(body: &Value, name: &str, proper: impl Fn(&Value) -> bool) -> Vec<(String, String)> {
    let value = body.get(name).filter(|value| !proper(value));
    value
        .map(|value| (name.to_owned(), value.to_string()))
        .into_iter()
        .collect()
}

/// The messages with their paths.
fn messages(body: &Value) -> impl Iterator<Item = (String, &Value)> {
    crate::strict::each(body, "", "messages")
}
