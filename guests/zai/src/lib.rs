//! The transformer `zai`: the Anthropic side of Z.ai. It edits what must change and keeps every other
//! byte of requests and answers; what it adds is the meaning of Z.ai's numeric error codes.

mod codes;
#[cfg(target_family = "wasm")]
mod component;

use messages::{Dialect, Profile};
use sdk::Failure;
use sdk::error::Said;

/// The dialect.
pub struct ZaiDialect;

impl Dialect for ZaiDialect {
    const NAME: &'static str = "zai";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// GLM's thinking has no signature, and without it the model loses its thread amid a loop of tools.
    fn profile() -> Profile {
        Profile {
            unsigned_thinking: true,
            ..Profile::default()
        }
    }

    fn failure(status: u16, said: &Said) -> Failure {
        codes::failure(status, said)
    }
}

/// The transformer.
pub type Zai = messages::Messages<ZaiDialect>;
