//! OpenAI itself, and every server that speaks its chat completions and about which nothing is known.

use super::Dialect;
use crate::Profile;

/// Reasoning models of OpenAI take another limit and no sampling.
const REASONING: &str = r#"{"max_tokens_field":"max_completion_tokens","thinking_style":"effort",
    "effort_set":["minimal","low","medium","high"],"sampling":"drop","stop_max":0,"developer_role":true}"#;

/// The dialect.
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

    fn profile() -> Profile {
        Profile::default()
    }
}
