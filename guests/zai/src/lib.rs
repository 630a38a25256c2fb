//! The transformer `zai`: the Anthropic side of Z.ai. It edits what must change and keeps every other
//! byte of requests and answers; what it adds is the meaning of Z.ai's numeric error codes, and the
//! knowledge of whether a stream is complete.

mod codes;
#[cfg(target_family = "wasm")]
mod component;
mod fold;
mod options;
mod request;
mod stream;
mod tools;

pub use options::{MidSystem, Options, Safeguards};

use sdk::json::Members;
use sdk::{
    Context, Draft, Ending, Failure, Head, Manifest, Output, Plan, Pushed, Verdict, failure,
};
use stream::Stream;

/// The transformer.
pub struct Zai(Options);

/// An exchange of [`Zai`].
pub struct Exchange {
    context: Context,
    options: Options,
    stream: Stream,
}

impl sdk::Transformer for Zai {
    type Options = Options;
    type Exchange = Exchange;

    fn configure(options: Options) -> Result<(Self, Manifest), Vec<String>> {
        Ok((
            Zai(options),
            sdk::manifest("zai", env!("CARGO_PKG_VERSION")),
        ))
    }

    fn exchange(&self, context: Context) -> Exchange {
        Exchange {
            context,
            options: self.0.clone(),
            stream: Stream::default(),
        }
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if self.context.operation != "messages" {
            return Ok(Plan::Unsupported);
        }
        request::plan(&self.context, &self.options, &body)
    }

    fn respond(&mut self, head: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let text = String::from_utf8_lossy(&body);
        let Ok(members) = sdk::json::from_str::<Members<'_>>(&text) else {
            return Err(failure::upstream(
                "upstream answered with something else than JSON",
            ));
        };
        if members.get("content").is_none() {
            return Err(codes::explain(&head, &text));
        }
        Ok(Output::Keep)
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        Verdict::Failed(codes::explain(&head, &String::from_utf8_lossy(&body)))
    }

    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        self.stream.push(&frames)
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        Stream::finish(ending)
    }
}
