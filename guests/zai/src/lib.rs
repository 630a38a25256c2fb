//! The transformer `zai`: the Anthropic side of Z.ai.

#[cfg(target_family = "wasm")]
mod component;

use sdk::{Context, Draft, Failure, Forward, Manifest, Output, Plan, Reply};

/// The transformer.
pub struct Zai;

impl sdk::Transformer for Zai {
    type Options = ();
    type Exchange = Zai;

    fn configure((): ()) -> Result<(Self, Manifest), Vec<String>> {
        Ok((Zai, sdk::manifest("zai", env!("CARGO_PKG_VERSION"))))
    }

    fn exchange(&self, _: Context) -> Zai {
        Zai
    }
}

impl sdk::Exchange for Zai {
    fn request(&mut self, _: Draft, _: Vec<u8>) -> Result<Plan, Failure> {
        Ok(Plan::Forward(Forward {
            path: Some("/v1/messages".to_owned()),
            headers: Vec::new(),
            body: Output::Keep,
            reply: Reply::Untouched,
        }))
    }
}
