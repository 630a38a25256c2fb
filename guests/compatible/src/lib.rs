//! The transformer `compatible`: providers and servers that speak the Messages API beside their own, each with a
//! profile. Anthropic itself needs no transformer, and Z.ai has one of its own.

#[cfg(target_family = "wasm")]
mod component;

use messages::Dialect;

/// Name and options, as JSON, of the files in `config/profiles`.
const PROFILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// The dialect: without a profile, of an endpoint about which nothing is known.
pub struct Compatible;

impl Dialect for Compatible {
    const NAME: &'static str = "compatible";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Kimi's models want ids of their own form back, whoever serves them.
    const MODELS: &'static [(&'static str, &'static str)] = &[("kimi", r#"{"tool_id":"any"}"#)];
    const PROFILES: &'static [(&'static str, &'static str)] = PROFILES;
}

/// The transformer.
pub type Transformer = messages::Messages<Compatible>;
