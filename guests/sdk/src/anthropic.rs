//! The Messages API, borrowed: text stays as it came, what a transformer does not look into is not
//! parsed, and members that have no name here are kept in `rest`. A typed value can so be read, changed and
//! written without loss, but for members that are `null`: they count as absent.
//!
//! ```
//! use sdk::anthropic::Request;
//!
//! let body = br#"{"model":"m","messages":[{"role":"user","content":"hi","mood":"good"}],"new":1}"#;
//! let mut request = Request::parse(body)?;
//! request.max_tokens = Some(100);
//! assert_eq!(
//!     sdk::json::to_string(&request)?,
//!     r#"{"messages":[{"role":"user","content":"hi","mood":"good"}],"max_tokens":100,"model":"m","new":1}"#
//! );
//! # Ok::<(), sdk::json::Error>(())
//! ```

mod answer;
mod change;
mod content;
mod form;
mod tool;

pub use answer::{Answer, Delta, Event, OutputDetails, Usage};
pub use change::ToolChange;
pub use content::{Block, Content, Source, is_attribution};
pub use form::whole_number;
pub use tool::{Tool, ToolChoice};

use crate::json::{Error, RawValue, Str};
use crate::wire::wire;

wire! {
    /// A request. A member that is not named here is kept: an unknown one must never be an error.
    pub struct Request<'a> {
        /// The conversation.
        messages: Vec<Message<'a>>,
        /// Text or text blocks.
        system: Option<&'a RawValue>,
        /// Tools. May be null.
        tools: Option<Vec<Tool<'a>>>,
        /// Which tool must be used.
        tool_choice: Option<ToolChoice<'a>>,
        /// The most output tokens; 0 only warms a cache.
        max_tokens by form::whole: Option<u64>,
        /// Texts that stop the answer.
        stop_sequences: Option<Vec<&'a RawValue>>,
        /// Sampling.
        temperature: Option<&'a RawValue>,
        /// Sampling.
        top_p: Option<&'a RawValue>,
        /// Sampling.
        top_k: Option<&'a RawValue>,
        /// Extended thinking.
        thinking: Option<Thinking<'a>>,
        /// Effort and output format.
        output_config: Option<OutputConfig<'a>>,
        /// The client wants a stream.
        stream: Option<bool>,
        /// Holds account and session ids.
        metadata: Option<&'a RawValue>,
        /// Checks of the client's own, with local paths.
        safeguards: Option<&'a RawValue>,
        /// Edits of the context on Anthropic's side.
        context_management: Option<&'a RawValue>,
        /// A cache mark on the whole request.
        cache_control: Option<&'a RawValue>,
        /// Anthropic's service tiers.
        service_tier: Option<&'a RawValue>,
        /// A container to reuse.
        container: Option<&'a RawValue>,
        /// Servers that Anthropic would call.
        mcp_servers: Option<&'a RawValue>,
        /// Labels of the request.
        tags: Option<&'a RawValue>,
        /// Faster inference on Anthropic's side.
        speed: Option<&'a RawValue>,
        /// Where Anthropic computes.
        inference_geo: Option<&'a RawValue>,
        /// Diagnostics of Anthropic's.
        diagnostics: Option<&'a RawValue>,
        /// Other models of Anthropic's to fall back to.
        fallbacks: Option<&'a RawValue>,
    }
}

impl<'a> Request<'a> {
    /// Reads a body. Errors: it is no JSON, or does not have the form of a request: then in the words of the Messages API,
    /// such as `max_tokens: Input should be a valid integer`.
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        crate::json::from_slice(body).map_err(|error| form::told(body, error))
    }

    /// What in a request that could be read does not have the form of one, in the words of the Messages API: of contents
    /// that only later turn out to be none.
    pub fn misfit(&self) -> Option<String> {
        let body = crate::json::to_string(self).ok()?;
        form::misfit_in(&body)
    }
}

wire! {
    /// A message.
    pub struct Message<'a> needs role {
        /// `user`, `assistant` or `system`.
        role: Str<'a>,
        /// Text or blocks; see [`Content::of`].
        content: Option<&'a RawValue>,
    }
}

wire! {
    /// Extended thinking.
    pub struct Thinking<'a> {
        /// `enabled`, `disabled`, `adaptive` or `between_tools`.
        kind as "type": Str<'a>,
        /// Of `enabled`.
        budget_tokens by form::whole: Option<u64>,
    }
}

wire! {
    /// Effort and format of the output.
    pub struct OutputConfig<'a> {
        /// `low` to `max`. May be null.
        effort by form::text: Str<'a>,
        /// Structured output.
        format: Option<Format<'a>>,
    }
}

wire! {
    /// Structured output.
    pub struct Format<'a> {
        /// `json_schema`.
        kind as "type": Str<'a>,
        /// The schema.
        schema: Option<&'a RawValue>,
    }
}
