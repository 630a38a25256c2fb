//! Answers: whole completions and chunks of a stream.

use super::Message;
use crate::events::{self, StopReason};
use crate::json::{Raw, Str};
use crate::wire::wire;

wire! {
    /// A `chat.completion`, or a `chat.completion.chunk`: they differ in `choices` only.
    pub struct Completion<'a> {
        /// The provider's id of the answer.
        id: Option<Str<'a>>,
        /// The model that answered.
        model: Option<Str<'a>>,
        /// One, unless more were asked for; none in the chunk that brings the usage.
        choices: Option<Vec<Choice<'a>>>,
        /// Tokens. In a stream: of the last chunk or the one before.
        usage: Option<Usage<'a>>,
        /// An error in the middle of a stream, or inside a 200.
        error: Option<Raw<'a>>,
    }
}

wire! {
    /// One answer.
    pub struct Choice<'a> {
        /// Its number.
        index: Option<u32>,
        /// Of a whole completion.
        message: Option<Message<'a>>,
        /// Of a chunk.
        delta: Option<Message<'a>>,
        /// Why it stopped. None in all chunks but the last one of the choice.
        finish_reason: Option<Str<'a>>,
    }
}

wire! {
    /// Tokens.
    pub struct Usage<'a> {
        /// The whole input, cached or not.
        prompt_tokens: Option<u64>,
        /// Output, thinking included.
        completion_tokens: Option<u64>,
        /// What the input was made of.
        prompt_tokens_details: Option<PromptTokens<'a>>,
    }
}

wire! {
    /// What the input was made of.
    pub struct PromptTokens<'a> {
        /// Input read from a cache.
        cached_tokens: Option<u64>,
    }
}

impl Usage<'_> {
    /// As [`Events`](events::Events) takes it. OpenAI counts cached input in the input, Anthropic does not.
    pub fn tokens(&self) -> events::Usage {
        let details = self.prompt_tokens_details.as_ref();
        let cached = details
            .and_then(|details| details.cached_tokens)
            .unwrap_or(0);
        events::Usage {
            input: self.prompt_tokens.unwrap_or(0).saturating_sub(cached),
            output: self.completion_tokens.unwrap_or(0),
            cache_read: cached,
            ..events::Usage::default()
        }
    }
}

/// What a `finish_reason` means. Some servers say `stop` although tools are called: `called` counts.
pub fn stop_reason(finish_reason: &str, called: bool) -> StopReason {
    match finish_reason {
        "length" | "max_tokens" => StopReason::MaxTokens,
        "content_filter" => StopReason::Refusal,
        _ if called => StopReason::ToolUse,
        _ => StopReason::EndTurn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_input_is_not_counted_twice() {
        let usage = r#"{"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}"#;
        let usage: Usage<'_> = serde_json::from_str(usage).unwrap();
        let tokens = usage.tokens();
        assert_eq!((tokens.input, tokens.cache_read, tokens.output), (6, 4, 2));
    }

    #[test]
    fn a_chunk_is_written_as_it_was_read() {
        let chunk = r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}],"mood":[1, 2]}}],"object":"chat.completion.chunk","created":1}"#;
        let read: Completion<'_> = serde_json::from_str(chunk).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), chunk);
    }
}
