//! What the Responses API sends: events of a stream, and the response that stands in the last of them and
//! is a whole answer.

use sdk::Context;
use sdk::events::Usage;
use sdk::json::{Escaped, RawValue, separator};
use serde::Deserialize;
use std::borrow::Cow;

/// An event of any type, with the members of all that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    /// Which item of the answer it belongs to.
    pub(crate) output_index: Option<u32>,
    /// Which part of a summary.
    pub(crate) summary_index: Option<u32>,
    #[serde(borrow)]
    pub(crate) delta: Option<&'a RawValue>,
    /// The whole arguments of a call.
    #[serde(borrow)]
    pub(crate) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) item: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) response: Option<Response<'a>>,
    /// Of servers that say an error without a type.
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// A response.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Response<'a> {
    /// `completed`, `incomplete`, `failed`, `cancelled`; others while it is made.
    #[serde(borrow)]
    pub(crate) status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<Details<'a>>,
    #[serde(borrow)]
    pub(crate) output: Option<Vec<&'a RawValue>>,
    pub(crate) usage: Option<Tokens>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details<'a> {
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
}

/// An item of an answer, of any type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) call_id: Option<Cow<'a, str>>,
    /// Of calls whose `call_id` is missing.
    #[serde(borrow)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<Vec<Part<'a>>>,
    #[serde(borrow)]
    summary: Option<Vec<Part<'a>>>,
    #[serde(borrow)]
    pub(crate) encrypted_content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) phase: Option<&'a RawValue>,
}

/// A piece of a message, or of a summary.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
}

/// Tokens. The input holds what came out of a cache and what went into one.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the wire format")]
pub(crate) struct Tokens {
    pub(crate) input_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl Response<'_> {
    pub(crate) fn incomplete_reason(&self) -> Option<&str> {
        self.incomplete_details.as_ref()?.reason.as_deref()
    }

    /// The usage for the client: the prompt is estimated if it was not told.
    pub(crate) fn usage(&self, context: &Context) -> Usage {
        let Some(tokens) = self.usage else {
            return Usage {
                input: context.input_estimate.into(),
                ..Usage::default()
            };
        };
        let details = tokens.input_tokens_details.unwrap_or_default();
        let cache_read = details.cached_tokens.unwrap_or(0);
        let cache_creation = details.cache_write_tokens.unwrap_or(0);
        let input = tokens.input_tokens.unwrap_or(0);
        let output_details = tokens.output_tokens_details.unwrap_or_default();
        Usage {
            input: input.saturating_sub(cache_read + cache_creation),
            output: tokens.output_tokens.unwrap_or(0),
            cache_read,
            cache_creation,
            thinking: output_details.reasoning_tokens.unwrap_or(0),
        }
    }
}

impl<'a> Item<'a> {
    /// The text of a message, and whether a part of it is a refusal.
    pub(crate) fn text(&self) -> (Escaped<'a>, bool) {
        let mut text = Escaped::default();
        let mut refused = false;
        for part in self.content.as_deref().unwrap_or_default() {
            let refusal = part.refusal.and_then(Escaped::of);
            refused |= refusal.is_some();
            let said = part.text.and_then(Escaped::of).or(refusal);
            text.join(separator::NONE, said.unwrap_or_default());
        }
        (text, refused)
    }

    /// What can be read of reasoning: its summary, else the reasoning itself, of models that show it.
    pub(crate) fn thought(&self) -> Escaped<'a> {
        let mut text = Escaped::default();
        for part in self.summary.as_deref().unwrap_or_default() {
            let said = part.text.and_then(Escaped::of).unwrap_or_default();
            text.join(separator::BLANK_LINE, said);
        }
        if text.is_empty() {
            return self.text().0;
        }
        text
    }

    /// The arguments of a call as text. Some servers give the object.
    pub(crate) fn arguments(&self) -> Escaped<'a> {
        arguments(self.arguments)
    }
}

/// Arguments as text, though an object stands there.
pub(crate) fn arguments(raw: Option<&RawValue>) -> Escaped<'_> {
    match raw {
        None => Escaped::default(),
        Some(raw) => Escaped::of(raw).unwrap_or_else(|| Escaped::plain(raw.get())),
    }
}
