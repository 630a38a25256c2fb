//! A transformer for tests, built for the draft of the next interface in `tests/interface`. It passes
//! Anthropic traffic on as it is, ends a stream with a comment that tells it apart, and counts tokens
//! with the function that the draft adds.

pub mod bindings;
#[cfg(target_family = "wasm")]
mod component;

use bindings::exports::transom::transformer::transformer::{
    Draft, Ending, Forward, Guest, GuestExchange, Manifest, Next, Plan, Pushed, Reply, Verdict,
};
use bindings::transom::transformer::host::{Level, log};
use bindings::transom::transformer::types::{Context, Failure, Head, Output};

/// The transformer.
#[derive(Debug)]
pub struct Component;

/// An exchange of it.
#[derive(Debug)]
pub struct Exchange {
    context: Context,
}

impl Guest for Component {
    type Exchange = Exchange;

    fn configure(_: Vec<u8>) -> Result<Manifest, Vec<String>> {
        Ok(Manifest {
            name: "draft".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            auth: None,
            notices: Vec::new(),
        })
    }
}

fn pushed(out: Output, next: Next) -> Pushed {
    Pushed {
        out,
        rules: None,
        next,
    }
}

impl GuestExchange for Exchange {
    fn new(context: Context) -> Self {
        Self { context }
    }

    fn request(&self, _: Draft, _: Vec<u8>) -> Result<Plan, Failure> {
        log(Level::Info, "a request through the draft");
        if self.context.operation != "messages" {
            return Ok(Plan::Unsupported);
        }
        let reply = if self.context.streaming {
            Reply::Frames("sse".to_owned())
        } else {
            Reply::Whole
        };
        Ok(Plan::Forward(Forward {
            path: None,
            headers: vec![("x-interface".to_owned(), Some("0.2.0".to_owned()))],
            body: Output::Keep,
            reply,
        }))
    }

    fn respond(&self, _: Head, _: Vec<u8>) -> Result<Output, Failure> {
        Ok(Output::Keep)
    }

    fn explain(&self, _: Head, _: Vec<u8>) -> Verdict {
        Verdict::NotMine
    }

    fn begin(&self, _: Head) -> Result<(), Failure> {
        Ok(())
    }

    fn push(&self, _: Vec<u8>, _: u32) -> Pushed {
        pushed(Output::Keep, Next::More)
    }

    fn wake(&self) -> Pushed {
        pushed(Output::Drop, Next::More)
    }

    fn estimate(&self, body: Vec<u8>) -> Option<u32> {
        u32::try_from(body.len()).ok()
    }

    fn finish(&self, _: Ending) -> Pushed {
        let comment = b": the draft ends\n\n".to_vec();
        pushed(Output::Replace(comment), Next::Done)
    }
}
