//! Anthropic Messages to endpoints that speak the Messages API themselves, as plain Rust: no component here.
//!
//! What such an endpoint cannot take is edited where it stands, and every other byte of requests and answers is kept.
//! What differs between providers is data, a [`Profile`]; a provider's transformer is a [`Dialect`] that names its
//! profile and knows what its errors mean.

mod dialect;
mod error;
mod exchange;
mod profile;
mod request;
mod stream;

pub use dialect::{Dialect, Messages, Overrides};
pub use error::by_words;
pub use exchange::Exchange;
pub use profile::{Key, MidSystem, Profile, Safeguards, Sampling, ToolId};
