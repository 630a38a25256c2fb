//! The transformer `openai`: OpenAI itself and every server that speaks its chat completions. Other
//! providers are this one with a profile, unless their wire format differs.

#[cfg(target_family = "wasm")]
mod component;

use chat::{Dialect, Profile};

/// Name and options, as JSON, of the files in `config/profiles`.
const PROFILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// Reasoning models of OpenAI take another limit and no sampling.
const REASONING: &str = r#"{"max_tokens_field":"max_completion_tokens","thinking_style":"effort",
    "effort_set":["minimal","low","medium","high"],"sampling":"drop","stop_max":0,"developer_role":true}"#;

/// The dialect: without a profile, of a server about which nothing is known.
pub struct OpenAi;

impl Dialect for OpenAi {
    const NAME: &'static str = "openai";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const MODELS: &'static [(&'static str, &'static str)] = &[
        ("o1", REASONING),
        ("o3", REASONING),
        ("o4", REASONING),
        ("gpt-5", REASONING),
    ];
    const PROFILES: &'static [(&'static str, &'static str)] = PROFILES;

    fn profile() -> Profile {
        Profile::default()
    }
}

/// The transformer.
pub type Transformer = chat::Chat<OpenAi>;
