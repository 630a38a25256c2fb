//! Anthropic Messages to OpenAI chat completions and back, as plain Rust: no component here.
//!
//! What differs between providers is data, a [`Profile`]; a provider's transformer is a [`Dialect`]
//! that names its profile. In the order of an exchange: `request` (with `request::repair`), then
//! `answer` for a whole answer or `stream` for a streamed one, or `error`.
//!
//! A provider whose bodies differ but whose conversation is one of flat turns takes [`conversation`]
//! and writes its own.

mod answer;
mod details;
mod dialect;
mod error;
mod exchange;
mod profile;
mod request;
mod signature;
mod stop;
mod stream;
mod usage;

pub use dialect::{Cerebras, Chat, Dialect, Overrides};
pub use exchange::Exchange;
pub use profile::{
    EmptyContent, MaxTokensField, MidSystem, Prefill, Profile, ReasoningIn, ReasoningOut, Sampling,
    ThinkTags, ThinkingStyle, ToolId, UserAfterTool,
};
pub use request::{
    Assistant, Call, Conversation, Form, Names, Part, Said, Turn, conversation, goes_strict,
    is_strict, offered_tools, output_limit, parse, session_hash, wanted_effort, write_tools,
};
pub use stream::mend;
