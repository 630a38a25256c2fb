//! What Gemini answers: one `GenerateContentResponse`, or one an event. Both have the same members.

use sdk::events::Usage;
use sdk::json::{Escaped, RawValue};
use sdk::{Context, Failure};
use serde::Deserialize;
use std::borrow::Cow;

/// A whole answer, or a chunk of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Chunk<'a> {
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    pub(crate) usage_metadata: Option<Tokens>,
    /// Of `countTokens`.
    pub(crate) total_tokens: Option<u64>,
}

/// One answer of several that could be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Candidate<'a> {
    index: Option<u32>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    pub(crate) finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) finish_message: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Vec<Part<'a>>>,
}

/// A piece of what the model says. Calls come whole.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Part<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    /// The text is a summary of what it thought.
    thought: Option<bool>,
    #[serde(borrow)]
    thought_signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) function_call: Option<Call<'a>>,
}

/// A call of a tool.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Call<'a> {
    /// Older models give none.
    #[serde(borrow)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

/// Why there is no candidate.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    block_reason_message: Option<Cow<'a, str>>,
}

/// Tokens so far.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the wire format")]
pub(crate) struct Tokens {
    /// What came out of a cache included.
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    /// What tools of the provider gave the model to read.
    tool_use_prompt_token_count: Option<u64>,
    /// Without thoughts.
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
}

impl<'a> Chunk<'a> {
    /// Reads a chunk. Errors: it is no such JSON.
    pub(crate) fn parse(text: &'a str) -> Result<Self, sdk::json::Error> {
        sdk::json::from_str(text)
    }

    /// The first candidate: only one is asked for.
    pub(crate) fn candidate(&self) -> Option<&Candidate<'a>> {
        let candidates = self.candidates.as_deref().unwrap_or_default();
        candidates
            .iter()
            .find(|candidate| candidate.index.unwrap_or(0) == 0)
    }

    /// Why the prompt was blocked, in words. None: it was not.
    pub(crate) fn blocked(&self) -> Option<String> {
        let feedback = self.prompt_feedback.as_ref()?;
        let reason = feedback.block_reason.as_deref()?;
        let words = feedback.block_reason_message.as_deref().unwrap_or_default();
        Some(if words.is_empty() {
            format!("The provider blocked the prompt ({reason}).")
        } else {
            words.to_owned()
        })
    }
}

impl<'a> Candidate<'a> {
    pub(crate) fn parts(&self) -> &[Part<'a>] {
        let parts = self.content.as_ref().and_then(|one| one.parts.as_deref());
        parts.unwrap_or_default()
    }
}

impl<'a> Part<'a> {
    /// Its text, if it is a part of text, and whether that was thought.
    pub(crate) fn text(&self) -> Option<(Escaped<'a>, bool)> {
        let text = self.text.and_then(Escaped::of);
        // A signature may come alone, on a part of nothing.
        let text = text.or_else(|| self.signature().map(|_| Escaped::default()))?;
        Some((text, self.thought == Some(true)))
    }

    pub(crate) fn signature(&self) -> Option<&str> {
        let signature = self.thought_signature.as_deref();
        signature.filter(|signature| !signature.is_empty())
    }
}

impl<'a> Call<'a> {
    /// The arguments as the text of an object; `{}` for what is none.
    pub(crate) fn arguments(&self) -> &'a str {
        let args = self.args.map_or("{}", RawValue::get);
        if args.starts_with('{') { args } else { "{}" }
    }
}

impl Tokens {
    pub(crate) fn usage(self) -> Usage {
        let cache_read = self.cached_content_token_count.unwrap_or(0);
        let read = self.tool_use_prompt_token_count.unwrap_or(0);
        let prompt = self.prompt_token_count.unwrap_or(0) + read;
        let thinking = self.thoughts_token_count.unwrap_or(0);
        Usage {
            input: prompt.saturating_sub(cache_read),
            output: self.candidates_token_count.unwrap_or(0) + thinking,
            cache_read,
            cache_creation: 0,
            thinking,
        }
    }
}

/// The usage for the client: the prompt is estimated if Gemini did not tell it.
pub(crate) fn usage(tokens: Option<Tokens>, context: &Context) -> Usage {
    tokens.map_or_else(
        || Usage {
            input: context.input_estimate.into(),
            ..Usage::default()
        },
        Tokens::usage,
    )
}

/// The failure that an answer is, if it is an error.
pub(crate) fn error(chunk: &Chunk<'_>, text: &str) -> Option<Failure> {
    chunk.error?;
    Some(crate::error::in_answer(text))
}
