//! What the author of a transformer uses.
//!
//! A transformer is plain Rust, in one of two ways:
//!
//! - [`Rewrite`]: the provider speaks the Messages API, or another stage of a chain converts; some
//!   members of the bodies are changed on the way. Ten lines.
//! - [`Transformer`] and [`Exchange`]: the provider speaks another format. All of the interface, each
//!   step with a default.
//!
//! [`export!`] makes a component of it. Everything compiles and is tested natively as well.
//!
//! | for | there is |
//! |---|---|
//! | options | [`options!`], with messages that name the option and the remedy; [`profiles`] to layer them |
//! | reading and changing JSON in place | [`body::Body`] |
//! | typed bodies that keep what they do not know | [`anthropic`], [`openai`] |
//! | JSON without copies | [`json`] |
//! | streams | [`sse`] to read, [`events::Events`] to write, [`splice`] to pass frames by |
//! | whole answers | [`whole::Whole`], written by the same calls as a stream |
//! | errors | [`failure`] by status, [`error`] for what upstreams say |
//! | what a provider wants back verbatim | [`envelope`] |
//! | what Anthropic alone could serve | [`local`] |
//! | log lines and notes | [`host`] |
//!
//! ```
//! use sdk::{Answer, Context, Failure, body::Body};
//!
//! sdk::options! {
//!     /// Sends this temperature, whatever the client asked for.
//!     pub struct Cooler {
//!         /// 0 to 1.
//!         pub temperature: f64 = 0.2,
//!     }
//! }
//!
//! impl sdk::Rewrite for Cooler {
//!     fn request(&self, _: &Context, body: &mut Body<'_>) -> Result<Answer, Failure> {
//!         body.set("temperature", self.temperature);
//!         Ok(Answer::Untouched)
//!     }
//! }
//!
//! sdk::export!(Cooler);
//! ```

pub mod anthropic;
pub mod bindings;
pub mod body;
pub mod calls;
pub mod edits;
pub mod effort;
pub mod envelope;
pub mod error;
pub mod events;
pub mod failure;
mod glue;
pub mod host;
pub mod json;
pub mod local;
pub mod openai;
pub mod options;
pub mod profiles;
mod rewrite;
pub mod router;
pub mod splice;
pub mod sse;
mod transformer;
pub mod whole;
mod wire;

pub use bindings::exports::transom::transformer::transformer::{
    Draft, Ending, Forward, Manifest, Next, Plan, Pushed, Reply, SpliceRule, Verdict,
};
pub use bindings::transom::transformer::types::{Auth, Context, Edit, Failure, Head, Output};
pub use glue::{Component, Configured};
pub use options::Options;
pub use rewrite::{Answer, Rewrite, Rewriting};
#[cfg(not(target_family = "wasm"))]
pub use transformer::test_context;
pub use transformer::{
    Exchange, Transformer, convert, converted, forward, header, limit, manifest, message,
    message_id, pushed, text_message,
};
