//! The transformer `openai`: OpenAI itself and every server that speaks its chat completions. Other
//! providers are this one with a profile, unless their wire format differs.

#[cfg(target_family = "wasm")]
mod component;

use chat::{Dialect, Profile};

/// Name and options, as JSON, of the files in `config/profiles`.
const PROFILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// Reasoning models of OpenAI take another limit and no sampling.
const REASONING: &str = r#"{"max_tokens_field":"max_completion_tokens","thinking_style":"effort",
    "sampling":"drop","stop_max":0,"developer_role":true}"#;

/// Efforts, by the number behind gpt-5.
const FIVE: &str = r#"{"effort_set":["minimal","low","medium","high"]}"#;
const FIVE_1: &str = r#"{"effort_set":["none","low","medium","high"]}"#;
const FIVE_2: &str = r#"{"effort_set":["none","low","medium","high","xhigh"]}"#;
const FIVE_6: &str = r#"{"effort_set":["none","low","medium","high","xhigh","max"]}"#;

/// They do not reason.
const CHAT: &str =
    r#"{"thinking_style":"none","sampling":"keep","stop_max":4,"developer_role":false}"#;

/// The dialect: without a profile, of a server about which nothing is known.
pub struct OpenAi;

impl Dialect for OpenAi {
    const NAME: &'static str = "openai";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const MODELS: &'static [(&'static str, &'static str)] = &[
        ("o1", REASONING),
        ("o3", REASONING),
        ("o4", REASONING),
        ("codex", REASONING),
        ("gpt-6", REASONING),
        ("gpt-5", REASONING),
        ("gpt-5", FIVE),
        ("gpt-5-pro", r#"{"effort_set":["high"]}"#),
        ("gpt-5.1", FIVE_1),
        ("gpt-5.2", FIVE_2),
        ("gpt-5.3", FIVE_2),
        ("gpt-5.4", FIVE_2),
        ("gpt-5.5", FIVE_2),
        ("gpt-5.6", FIVE_6),
        ("gpt-5.7", FIVE_6),
        ("gpt-5.8", FIVE_6),
        ("gpt-5.9", FIVE_6),
        ("gpt-5-chat", CHAT),
        ("gpt-5.1-chat", CHAT),
        ("gpt-5.2-chat", CHAT),
        ("gpt-5.3-chat", CHAT),
        ("gpt-5.4-chat", CHAT),
        ("gpt-5.5-chat", CHAT),
        ("gpt-5.6-chat", CHAT),
        ("gpt-5.7-chat", CHAT),
        ("gpt-5.8-chat", CHAT),
        ("gpt-5.9-chat", CHAT),
    ];
    const PROFILES: &'static [(&'static str, &'static str)] = PROFILES;

    fn profile() -> Profile {
        Profile::default()
    }
}

/// The transformer.
pub type Transformer = chat::Chat<OpenAi>;
