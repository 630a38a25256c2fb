//! A transformer for tests: it sleeps, and so needs a clock, which the host gives to no guest.

#[cfg(target_family = "wasm")]
mod component;

use sdk::{Context, Draft, Failure, Forward, Manifest, Next, Output, Plan, Pushed, Reply};
use std::time::Duration;

/// The transformer and its exchange.
pub struct Sleeper;

impl sdk::Transformer for Sleeper {
    type Options = ();
    type Exchange = Sleeper;

    fn configure((): ()) -> Result<(Self, Manifest), Vec<String>> {
        Ok((Sleeper, sdk::manifest("sleeper", env!("CARGO_PKG_VERSION"))))
    }

    fn exchange(&self, _: Context) -> Sleeper {
        Sleeper
    }
}

impl sdk::Exchange for Sleeper {
    fn request(&mut self, _: Draft, _: Vec<u8>) -> Result<Plan, Failure> {
        Ok(Plan::Forward(Forward {
            path: None,
            headers: Vec::new(),
            body: Output::Keep,
            reply: Reply::Frames("sse".to_owned()),
        }))
    }

    fn push(&mut self, _: Vec<u8>, _: u32) -> Pushed {
        std::thread::sleep(Duration::from_hours(1));
        sdk::pushed(Output::Keep, Next::More)
    }
}
