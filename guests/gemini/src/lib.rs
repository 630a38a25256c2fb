//! The transformer `gemini`: Google's Gemini API (`generateContent` and `streamGenerateContent`). What turns
//! a conversation has is `chat`'s business; the bodies are written and read here.
//!
//! In the order of an exchange: `request`, then `stream` or `answer`, both of which read with `chunk` and
//! speak with `speech`, or `error`. What only Gemini understands of a conversation, the signatures of its
//! thoughts, travels in sealed thinking blocks: `seal` knows them.
//!
//! Where the format comes from: the types of google-genai 3.4.0, Google's documentation of the Gemini API,
//! and, where both are silent, issues of gemini-cli, named where it matters. Nothing here was tried
//! against the live API.

mod answer;
mod chunk;
#[cfg(target_family = "wasm")]
mod component;
mod error;
mod model;
mod options;
mod request;
mod seal;
mod speech;
mod stop;
mod stream;

pub use options::{Options, Schema, Thinking};

use chat::Names;
use request::Converted;
use sdk::{
    Auth, Context, Draft, Ending, Failure, Forward, Head, Manifest, Next, Output, Plan, Pushed,
    Reply, Verdict, envelope, failure,
};
use speech::Speech;
use stream::Stream;

/// The transformer.
pub struct Gemini(Options);

/// An exchange of [`Gemini`].
pub struct Exchange {
    context: Context,
    options: Options,
    names: Names,
    stream: Option<Stream>,
    /// The client's body until an answer begins, for another try without the signatures that it holds.
    body: Vec<u8>,
    /// This is that other try.
    unsigned: bool,
}

/// Headers that mean something to Anthropic only.
const ANTHROPIC_HEADERS: [&str; 4] = [
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "anthropic-version",
    "x-app",
];

impl sdk::Transformer for Gemini {
    type Options = Options;
    type Exchange = Exchange;

    fn configure(options: Options) -> Result<(Self, Manifest), Vec<String>> {
        let manifest = Manifest {
            auth: Some(Auth::Header("x-goog-api-key".to_owned())),
            ..sdk::manifest("gemini", env!("CARGO_PKG_VERSION"))
        };
        Ok((Gemini(options), manifest))
    }

    fn exchange(&self, context: Context) -> Exchange {
        Exchange {
            context,
            options: self.0.clone(),
            names: Names::beginning_with_a_letter(),
            stream: None,
            body: Vec::new(),
            unsigned: false,
        }
    }
}

impl Exchange {
    fn counts(&self) -> bool {
        self.context.operation == "count-tokens"
    }

    /// The upstream's request, of the body that is kept.
    fn plan(&mut self) -> Result<Plan, Failure> {
        let signatures = !self.unsigned;
        let (context, options, body) = (&self.context, &self.options, &self.body);
        let converted = request::convert(context, options, &mut self.names, body, signatures)?;
        Ok(match converted {
            Converted::Answer(_) if self.counts() => Plan::Unsupported,
            Converted::Answer(message) => Plan::Answer(message),
            Converted::Body(body) if self.counts() => {
                let body = request::to_count(&self.context, &body);
                self.forward("countTokens", body, Reply::Whole)
            }
            Converted::Body(body) if self.context.streaming => {
                let reply = Reply::Frames("sse".to_owned());
                self.forward("streamGenerateContent?alt=sse", body, reply)
            }
            Converted::Body(body) => self.forward("generateContent", body, Reply::Whole),
        })
    }

    fn forward(&self, method: &str, body: String, reply: Reply) -> Plan {
        let removed = ANTHROPIC_HEADERS.map(|name| (name.to_owned(), None));
        Plan::Forward(Forward {
            path: Some(request::path(&self.context, &self.options, method)),
            headers: removed.to_vec(),
            body: Output::Replace(body.into_bytes()),
            reply,
        })
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if self.context.operation != "messages" && !self.counts() {
            return Ok(Plan::Unsupported);
        }
        self.body = body;
        self.plan()
    }

    fn respond(&mut self, _: Head, body: Vec<u8>) -> Result<Output, Failure> {
        if self.counts() {
            return answer::count(&body).map(|count| Output::Replace(count.into_bytes()));
        }
        let names = std::mem::take(&mut self.names);
        let message = answer::convert(Speech::new(&self.context, names), &body)?;
        Ok(Output::Replace(message.into_bytes()))
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        let text = String::from_utf8_lossy(&body);
        // Another key, or another version of the model, cannot read what was signed: better to go on without.
        let refused = error::refuses_signatures(head.status, &text);
        if refused && !self.unsigned && envelope::within(&self.body) {
            self.unsigned = true;
            if let Ok(Plan::Forward(again)) = self.plan() {
                return Verdict::Resend(again);
            }
        }
        Verdict::Failed(error::explain(&head, &text))
    }

    fn begin(&mut self, _: Head) -> Result<(), Failure> {
        self.body = Vec::new();
        let names = std::mem::take(&mut self.names);
        self.stream = Some(Stream::new(Speech::new(&self.context, names)));
        Ok(())
    }

    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        match &mut self.stream {
            Some(stream) => stream.push(&frames),
            None => failed(failure::upstream("frames came before the answer began")),
        }
    }

    fn wake(&mut self) -> Pushed {
        match &mut self.stream {
            Some(stream) => stream.wake(),
            None => sdk::pushed(Output::Drop, Next::More),
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
