//! Cerebras, version 2 of its API: unknown members are refused, so only what its documentation names
//! is sent; each tool call is answered directly behind it; reasoning comes and goes as `reasoning`.

use super::Dialect;
use crate::{EmptyContent, MaxTokensField, MidSystem, Profile, ReasoningOut, ThinkingStyle};

/// The dialect.
pub struct Cerebras;

/// The output limit is reserved from the quota of a minute when a request is admitted, so Claude Code's
/// 32000 would burn it. 16384 is what Cerebras itself assumes.
const MAX_OUT: u64 = 16_384;

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn pair(remaining: &str, reset: &str) -> (String, String) {
    (remaining.to_owned(), reset.to_owned())
}

impl Dialect for Cerebras {
    const NAME: &'static str = "cerebras";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const MODELS: &'static [(&'static str, &'static str)] = &[
        ("gpt-oss", r#"{"effort_set":["low","medium","high"]}"#),
        (
            "qwen",
            r#"{"effort_set":["none","low","medium","high"],"reasoning_format":"parsed"}"#,
        ),
        // Thinking can only be switched off there: every other effort is the default. `clear_thinking` is in the types
        // of its SDK 1.91.0; that it is meant for GLM is from its documentation, at second hand.
        ("glm", r#"{"effort_set":["none"],"keep_thinking":true}"#),
        ("zai-glm", r#"{"effort_set":["none"],"keep_thinking":true}"#),
        (
            "llama",
            r#"{"thinking_style":"none","reasoning_out":"drop"}"#,
        ),
    ];

    fn profile() -> Profile {
        Profile {
            max_tokens_field: MaxTokensField::MaxCompletionTokens,
            max_out_clamp: MAX_OUT,
            thinking_style: ThinkingStyle::Effort,
            reasoning_out: ReasoningOut::Reasoning,
            empty_assistant_content: EmptyContent::Omit,
            mid_system: MidSystem::Keep,
            schema_strip: owned(&["$schema"]),
            response_format_with_tools: false,
            prompt_cache_key: true,
            ratelimit_headers: vec![
                pair(
                    "x-ratelimit-remaining-requests-day",
                    "x-ratelimit-reset-requests-day",
                ),
                pair(
                    "x-ratelimit-remaining-tokens-minute",
                    "x-ratelimit-reset-tokens-minute",
                ),
            ],
            ..Profile::default()
        }
    }
}
