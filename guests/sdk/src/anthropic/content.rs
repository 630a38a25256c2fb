//! What messages, tool results and `system` hold.

use crate::json::{Error, Escaped, RawValue, Str};
use crate::wire::wire;

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

wire! {
    /// A content block of any type, with the members of all types.
    pub struct Block<'a> {
        /// `text`, `image`, `tool_use`, …
        kind as "type": Str<'a>,
        /// Of `text`.
        text: Option<&'a RawValue>,
        /// Of `thinking`.
        thinking: Option<&'a RawValue>,
        /// Of `thinking`: what the provider gave to be brought back.
        signature: Str<'a>,
        /// Of `redacted_thinking`.
        data: Str<'a>,
        /// A mark: the prompt is to be cached up to here.
        cache_control: Option<&'a RawValue>,
        /// Of `image` and `document`, see [`Block::source`]; of `search_result` a string.
        source: Option<&'a RawValue>,
        /// Of `document`.
        title: Option<&'a RawValue>,
        /// Of `tool_use`.
        id: Str<'a>,
        /// Of `tool_use`.
        name: Str<'a>,
        /// Of `tool_use`.
        input: Option<&'a RawValue>,
        /// Of `tool_result`.
        tool_use_id: Str<'a>,
        /// Of `tool_result` and others.
        content: Option<&'a RawValue>,
        /// Of `tool_result`.
        is_error: Option<bool>,
        /// Of `tool_reference`.
        tool_name: Str<'a>,
    }
}

impl<'a> Block<'a> {
    /// Where an image or document is. None: it does not say, or not in an object.
    pub fn source(&self) -> Option<Source<'a>> {
        serde_json::from_str(self.source?.get()).ok()
    }
}

wire! {
    /// Where an image or document is.
    pub struct Source<'a> {
        /// `base64`, `url`, `text` or `file`.
        kind as "type": Str<'a>,
        /// MIME type.
        media_type: Str<'a>,
        /// Base64 or text.
        data: Option<&'a RawValue>,
        /// Of `url`.
        url: Option<&'a RawValue>,
    }
}

/// Whether a system text is the client's attribution block: it changes with every request, so a foreign
/// upstream would never find its prompt cache again.
pub fn is_attribution(text: &Escaped<'_>) -> bool {
    text.get().starts_with("x-anthropic-billing-header")
}
