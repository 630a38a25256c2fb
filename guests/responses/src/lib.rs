//! The transformer `responses`: OpenAI's Responses API (`POST /responses`), without anything being stored
//! there. What turns a conversation has is `chat`'s business; the bodies are written and read here.
//!
//! In the order of an exchange: `request`, then `stream` or `answer`, both of which read with `event` and
//! put what they read into `items`, or `error`. What the model thought comes back as it was given, in sealed
//! thinking blocks: `seal` knows them.
//!
//! Where the format comes from: the types of openai 3.54.0, made from OpenAI's own description of the API,
//! and its documentation. Nothing here was tried against the live API.

mod answer;
#[cfg(target_family = "wasm")]
mod component;
mod error;
mod event;
mod items;
mod model;
mod options;
mod request;
mod seal;
mod stop;
mod stream;

pub use options::{Options, When};

use chat::Names;
use items::Items;
use request::Converted;
use sdk::host::{Level, log};
use sdk::{
    Context, Draft, Ending, Failure, Forward, Head, Manifest, Next, Output, Plan, Pushed, Reply,
    Verdict, envelope, failure,
};
use stream::Stream;

/// The transformer.
pub struct Responses(Options);

/// An exchange of [`Responses`].
pub struct Exchange {
    context: Context,
    options: Options,
    names: Names,
    stream: Option<Stream>,
    /// The client's body until an answer begins, for another try without what is refused.
    body: Vec<u8>,
    /// What was thought goes out no more.
    unsealed: bool,
    /// This is that other try: there is one.
    again: bool,
}

/// Headers that mean something to Anthropic only.
const ANTHROPIC_HEADERS: [&str; 4] = [
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "anthropic-version",
    "x-app",
];

impl sdk::Transformer for Responses {
    type Options = Options;
    type Exchange = Exchange;

    fn configure(options: Options) -> Result<(Self, Manifest), Vec<String>> {
        let manifest = sdk::manifest("responses", env!("CARGO_PKG_VERSION"));
        Ok((Responses(options), manifest))
    }

    fn exchange(&self, context: Context) -> Exchange {
        Exchange {
            context,
            options: self.0.clone(),
            names: Names::default(),
            stream: None,
            body: Vec::new(),
            unsealed: false,
            again: false,
        }
    }
}

impl Exchange {
    fn counts(&self) -> bool {
        self.context.operation == "count-tokens"
    }

    fn takes(&self) -> bool {
        let counts = self.counts() && self.options.count_tokens;
        counts || self.context.operation == "messages"
    }

    /// Gives up what this answer refuses, if that is what was sent.
    fn does_without(&mut self, status: u16, answer: &str) -> bool {
        // Another organisation's key cannot read what was sealed: better to go on without.
        if error::refuses_thoughts(status, answer) && envelope::within(&self.body) {
            self.unsealed = true;
            return true;
        }
        let asked = || request::asks_for_summary(&self.context, &self.options, &self.body);
        if error::refuses_summary(status, answer) && asked() {
            let why = "the upstream refuses summaries of what is thought, so each request is sent twice: \
                `summary: \"\"` in the provider's options spares that";
            log(Level::Warn, why);
            self.options.summary.clear();
            return true;
        }
        false
    }

    /// The upstream's request, of the body that is kept.
    fn plan(&mut self) -> Result<Plan, Failure> {
        let thoughts = !self.unsealed;
        let (context, options, body) = (&self.context, &self.options, &self.body);
        let body = match request::convert(context, options, &mut self.names, body, thoughts)? {
            Converted::Answer(_) if self.counts() => return Ok(Plan::Unsupported),
            Converted::Answer(message) => return Ok(Plan::Answer(message)),
            Converted::Body(body) => body,
        };
        let end = if self.counts() { "/input_tokens" } else { "" };
        let removed = ANTHROPIC_HEADERS.map(|name| (name.to_owned(), None));
        let set = self.options.headers.iter();
        let set = set.map(|(name, value)| (name.clone(), Some(value.clone())));
        Ok(Plan::Forward(Forward {
            path: Some(format!("{}{end}", self.options.path)),
            headers: removed.into_iter().chain(set).collect(),
            body: Output::Replace(body.into_bytes()),
            reply: if self.context.streaming && !self.counts() {
                Reply::Frames("sse".to_owned())
            } else {
                Reply::Whole
            },
        }))
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if !self.takes() {
            return Ok(Plan::Unsupported);
        }
        self.body = body;
        self.plan()
    }

    fn respond(&mut self, _: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let text = String::from_utf8_lossy(&body);
        let body = if self.counts() {
            answer::count(&text)?
        } else {
            let names = std::mem::take(&mut self.names);
            answer::convert(Items::new(&self.context, names), &text)?
        };
        Ok(Output::Replace(body.into_bytes()))
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        let text = String::from_utf8_lossy(&body);
        if !self.again && self.does_without(head.status, &text) {
            self.again = true;
            if let Ok(Plan::Forward(again)) = self.plan() {
                return Verdict::Resend(again);
            }
        }
        Verdict::Failed(error::explain(&head, &text))
    }

    fn begin(&mut self, _: Head) -> Result<(), Failure> {
        self.body = Vec::new();
        let names = std::mem::take(&mut self.names);
        self.stream = Some(Stream::new(Items::new(&self.context, names)));
        Ok(())
    }

    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        match &mut self.stream {
            Some(stream) => stream.push(&frames),
            None => failed(failure::upstream("frames came before the answer began")),
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
