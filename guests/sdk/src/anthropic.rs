//! Requests of the Messages API, borrowed from the body: text stays as it came, and what a
//! transformer does not look into is not parsed.

use crate::json::{Error, Escaped, RawValue};
use serde::Deserialize;
use std::borrow::Cow;

/// A request. Members that are not named here are ignored: an unknown one must never be an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Request<'a> {
    /// The conversation.
    #[serde(borrow)]
    pub messages: Vec<Message<'a>>,
    /// Text or text blocks.
    #[serde(borrow)]
    pub system: Option<&'a RawValue>,
    /// Tools. May be null.
    #[serde(borrow)]
    pub tools: Option<Vec<Tool<'a>>>,
    /// Which tool must be used.
    #[serde(borrow)]
    pub tool_choice: Option<ToolChoice<'a>>,
    /// The most output tokens; 0 only warms a cache.
    pub max_tokens: Option<u64>,
    /// Texts that stop the answer.
    #[serde(borrow)]
    pub stop_sequences: Option<Vec<&'a RawValue>>,
    /// Sampling.
    #[serde(borrow)]
    pub temperature: Option<&'a RawValue>,
    /// Sampling.
    #[serde(borrow)]
    pub top_p: Option<&'a RawValue>,
    /// Sampling.
    #[serde(borrow)]
    pub top_k: Option<&'a RawValue>,
    /// Extended thinking.
    #[serde(borrow)]
    pub thinking: Option<Thinking<'a>>,
    /// Effort and output format.
    #[serde(borrow)]
    pub output_config: Option<OutputConfig<'a>>,
    /// The client wants a stream.
    pub stream: Option<bool>,
    /// Holds account and session ids.
    #[serde(borrow)]
    pub metadata: Option<&'a RawValue>,
    /// Checks of the client's own, with local paths.
    #[serde(borrow)]
    pub safeguards: Option<&'a RawValue>,
    /// Edits of the context on Anthropic's side.
    #[serde(borrow)]
    pub context_management: Option<&'a RawValue>,
    /// A cache mark on the whole request.
    #[serde(borrow)]
    pub cache_control: Option<&'a RawValue>,
    /// Anthropic's service tiers.
    #[serde(borrow)]
    pub service_tier: Option<&'a RawValue>,
    /// A container to reuse.
    #[serde(borrow)]
    pub container: Option<&'a RawValue>,
    /// Servers that Anthropic would call.
    #[serde(borrow)]
    pub mcp_servers: Option<&'a RawValue>,
    /// Labels of the request.
    #[serde(borrow)]
    pub tags: Option<&'a RawValue>,
    /// Faster inference on Anthropic's side.
    #[serde(borrow)]
    pub speed: Option<&'a RawValue>,
    /// Where Anthropic computes.
    #[serde(borrow)]
    pub inference_geo: Option<&'a RawValue>,
    /// Diagnostics of Anthropic's.
    #[serde(borrow)]
    pub diagnostics: Option<&'a RawValue>,
    /// Other models of Anthropic's to fall back to.
    #[serde(borrow)]
    pub fallbacks: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Reads a body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        crate::json::from_slice(body)
    }
}

/// A message.
#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    /// `user`, `assistant` or `system`.
    #[serde(borrow)]
    pub role: Cow<'a, str>,
    /// Text or blocks; see [`Content::of`].
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// What a message, a tool result or `system` holds.
#[derive(Debug)]
pub enum Content<'a> {
    /// A plain string.
    Text(Escaped<'a>),
    /// Blocks.
    Blocks(Vec<Block<'a>>),
}

impl<'a> Content<'a> {
    /// Reads the value of a `content` member; null and absent are no blocks.
    pub fn of(raw: Option<&'a RawValue>) -> Result<Self, Error> {
        let Some(raw) = raw else {
            return Ok(Content::Blocks(Vec::new()));
        };
        match Escaped::of(raw) {
            Some(text) => Ok(Content::Text(text)),
            None => serde_json::from_str(raw.get()).map(Content::Blocks),
        }
    }
}

/// A content block of any type, with the members of all types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Block<'a> {
    /// `text`, `image`, `tool_use`, …
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Of `text`.
    #[serde(borrow)]
    pub text: Option<&'a RawValue>,
    /// Of `thinking`.
    #[serde(borrow)]
    pub thinking: Option<&'a RawValue>,
    /// Of `image` and `document`.
    #[serde(borrow)]
    pub source: Option<Source<'a>>,
    /// Of `document`.
    #[serde(borrow)]
    pub title: Option<&'a RawValue>,
    /// Of `tool_use`.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Of `tool_use`.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Of `tool_use`.
    #[serde(borrow)]
    pub input: Option<&'a RawValue>,
    /// Of `tool_result`.
    #[serde(borrow)]
    pub tool_use_id: Cow<'a, str>,
    /// Of `tool_result` and others.
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    /// Of `tool_result`.
    pub is_error: Option<bool>,
    /// Of `tool_reference`.
    #[serde(borrow)]
    pub tool_name: Cow<'a, str>,
}

/// Where an image or document is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Source<'a> {
    /// `base64`, `url`, `text` or `file`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// MIME type.
    #[serde(borrow)]
    pub media_type: Cow<'a, str>,
    /// Base64 or text.
    #[serde(borrow)]
    pub data: Option<&'a RawValue>,
    /// Of `url`.
    #[serde(borrow)]
    pub url: Option<&'a RawValue>,
}

/// A tool.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Tool<'a> {
    /// Absent or `custom` for tools of the client, else a tool with a built-in meaning.
    #[serde(borrow, rename = "type")]
    pub kind: Option<&'a RawValue>,
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// What it does.
    #[serde(borrow)]
    pub description: Option<&'a RawValue>,
    /// JSON schema.
    #[serde(borrow)]
    pub input_schema: Option<&'a RawValue>,
    /// Offered only after a search.
    pub defer_loading: Option<bool>,
}

/// Which tool must be used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ToolChoice<'a> {
    /// `auto`, `any`, `tool` or `none`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Of `tool`.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// At most one call a turn.
    pub disable_parallel_tool_use: Option<bool>,
}

/// Extended thinking.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Thinking<'a> {
    /// `enabled`, `disabled`, `adaptive` or `between_tools`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Of `enabled`.
    pub budget_tokens: Option<u64>,
}

/// Effort and format of the output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OutputConfig<'a> {
    /// `low` to `max`.
    #[serde(borrow)]
    pub effort: Cow<'a, str>,
    /// Structured output.
    #[serde(borrow)]
    pub format: Option<Format<'a>>,
}

/// Structured output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Format<'a> {
    /// `json_schema`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The schema.
    #[serde(borrow)]
    pub schema: Option<&'a RawValue>,
}

/// Whether a system text is the client's attribution block: it changes with every request, so a foreign
/// upstream would never find its prompt cache again.
pub fn is_attribution(text: &Escaped<'_>) -> bool {
    text.get().starts_with("x-anthropic-billing-header")
}
