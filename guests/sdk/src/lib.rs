//! What the author of a transformer uses.
//!
//! A transformer is plain Rust: a type that implements [`Transformer`], one that implements
//! [`Exchange`], and a file `component.rs` of two lines that makes a component of it. Everything
//! but that file compiles and is tested natively.
//!
//! ```
//! use sdk::{Context, Draft, Exchange, Failure, Manifest, Plan, Transformer};
//!
//! struct Renamer;
//!
//! impl Transformer for Renamer {
//!     type Options = ();
//!     type Exchange = Renamer;
//!     fn configure((): ()) -> Result<(Self, Manifest), Vec<String>> {
//!         Ok((Renamer, sdk::manifest("renamer", "0.1.0")))
//!     }
//!     fn exchange(&self, _: Context) -> Renamer {
//!         Renamer
//!     }
//! }
//!
//! impl Exchange for Renamer {
//!     fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
//!         let body = String::from_utf8_lossy(&body).replace("\"top_k\":1", "\"top_k\":2");
//!         Ok(sdk::forward("/v1/messages", sdk::Output::Replace(body.into())))
//!     }
//! }
//! ```

pub mod anthropic;
pub mod bindings;
pub mod edits;
pub mod error;
pub mod events;
pub mod failure;
mod glue;
pub mod host;
pub mod json;
pub mod options;
pub mod sse;
mod transformer;

pub use bindings::exports::transom::transformer::transformer::{
    Draft, Ending, Forward, Manifest, Next, Plan, Pushed, Reply, SpliceRule, Verdict,
};
pub use bindings::transom::transformer::types::{Auth, Context, Edit, Failure, Head, Output};
pub use glue::{Component, Configured};
pub use options::Options;
pub use transformer::{
    Exchange, Transformer, forward, header, limit, manifest, message, message_id, pushed,
};
