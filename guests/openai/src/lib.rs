//! The transformer `openai`: OpenAI itself and every server that speaks its chat completions. Other
//! providers are this one with a profile, unless their wire format differs.

#[cfg(target_family = "wasm")]
mod component;

use chat::{Dialect, Profile};

/// Name and options, as JSON, of the files in `config/profiles`.
const PROFILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// Beginnings of names of OpenAI's models, and what its profile says of them.
const MODELS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// The dialect: without a profile, of a server about which nothing is known.
pub struct OpenAi;

impl Dialect for OpenAi {
    const NAME: &'static str = "openai";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const MODELS: &'static [(&'static str, &'static str)] = MODELS;
    const PROFILES: &'static [(&'static str, &'static str)] = PROFILES;

    fn profile() -> Profile {
        Profile::default()
    }
}

/// The transformer.
pub type Transformer = chat::Chat<OpenAi>;
