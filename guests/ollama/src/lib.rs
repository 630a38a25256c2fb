//! The transformer `ollama`: the native API of Ollama (`POST /api/chat`), whose streams are JSON texts,
//! one a line. What turns a conversation has is `chat`'s business; the bodies are written and read here.
//!
//! Where the format comes from: `docs/openapi.yaml`, `api/types.go` and the page on tool calling of
//! Ollama's repository.

mod answer;
#[cfg(target_family = "wasm")]
mod component;
mod line;
mod options;
mod request;
mod stream;

pub use options::{Options, Think};

use chat::Names;
use sdk::{
    Context, Draft, Ending, Failure, Forward, Head, Manifest, Next, Output, Plan, Pushed, Reply,
    Verdict, failure,
};
use stream::Stream;

/// The transformer.
pub struct Ollama(Options);

/// An exchange of [`Ollama`].
pub struct Exchange {
    context: Context,
    options: Options,
    names: Names,
    stream: Option<Stream>,
}

impl sdk::Transformer for Ollama {
    type Options = Options;
    type Exchange = Exchange;

    fn configure(options: Options) -> Result<(Self, Manifest), Vec<String>> {
        let manifest = sdk::manifest("ollama", env!("CARGO_PKG_VERSION"));
        Ok((Ollama(options), manifest))
    }

    fn exchange(&self, context: Context) -> Exchange {
        Exchange {
            context,
            options: self.0.clone(),
            names: Names::default(),
            stream: None,
        }
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if self.context.operation != "messages" {
            return Ok(Plan::Unsupported);
        }
        let body = match request::convert(&self.context, &self.options, &mut self.names, &body)? {
            request::Converted::Answer(message) => return Ok(Plan::Answer(message)),
            request::Converted::Body(body) => body,
        };
        let anthropic = ["anthropic-beta", "anthropic-version", "x-app"];
        Ok(Plan::Forward(Forward {
            path: Some(self.options.path.clone()),
            headers: anthropic.map(|name| (name.to_owned(), None)).to_vec(),
            body: Output::Replace(body.into_bytes()),
            // A whole answer is handed over whole all the same.
            reply: Reply::Frames("json-lines".to_owned()),
        }))
    }

    fn respond(&mut self, _: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let message = answer::convert(&self.context, &self.names, &body)?;
        Ok(Output::Replace(message.into_bytes()))
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        Verdict::Failed(line::failure(head.status, &String::from_utf8_lossy(&body)))
    }

    fn begin(&mut self, _: Head) -> Result<(), Failure> {
        let names = std::mem::take(&mut self.names);
        self.stream = Some(Stream::new(self.context.clone(), names));
        Ok(())
    }

    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        match &mut self.stream {
            Some(stream) => stream.push(&frames),
            None => failed(failure::upstream("lines came before the answer began")),
        }
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        match (ending, &mut self.stream) {
            (Ending::Broken(how), _) => failed(failure::broken(&how)),
            (Ending::Complete, Some(stream)) => stream.finish(),
            (Ending::Complete, None) => failed(failure::truncated()),
        }
    }
}

fn failed(failure: Failure) -> Pushed {
    sdk::pushed(Output::Drop, Next::Failed(failure))
}
