//! The transformer `__NAME__`: a provider whose format is its own. What is written here is an invented one;
//! put the provider's in its place, member by member, and the fixtures with it.

use sdk::anthropic::{Content, Message, Request};
use sdk::body::Body;
use sdk::error::{Said, classify};
use sdk::events::{Events, StopReason, Usage};
use sdk::json::{Error, Escaped, Writer, separator};
use sdk::{
    Auth, Context, Draft, Ending, Failure, Head, Manifest, Next, Output, Plan, Pushed, Verdict,
    failure, host, sse,
};

/// Below the provider's base URL.
const PATH: &str = "/generate";

sdk::options! {
    /// The provider's `options` in transom's configuration.
    pub struct Options {
        /// Sent where the client says no `max_tokens`.
        pub max_tokens: u64 = 4096,
    }
}

/// The transformer.
pub struct __TYPE__ {
    options: std::rc::Rc<Options>,
}

/// One exchange: all that is known of it from its request to its end.
pub struct Exchange {
    context: Context,
    options: std::rc::Rc<Options>,
    events: Events,
}

impl sdk::Transformer for __TYPE__ {
    type Options = Options;
    type Exchange = Exchange;

    fn configure(options: Options) -> Result<(Self, Manifest), Vec<String>> {
        let manifest = Manifest {
            // The header that carries the key; leave it out for `authorization: Bearer KEY`.
            auth: Some(Auth::Header("x-api-key".to_owned())),
            ..sdk::manifest("", "")
        };
        let options = std::rc::Rc::new(options);
        Ok((Self { options }, manifest))
    }

    fn exchange(&self, context: Context) -> Exchange {
        let id = sdk::message_id(&context);
        let events = Events::start(&id, &context.model, context.input_estimate);
        let options = self.options.clone();
        Exchange {
            context,
            options,
            events,
        }
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if self.context.operation != "messages" {
            return Ok(Plan::Unsupported); // counting tokens: the host estimates
        }
        let body = written(&self.context, &self.options, &body)
            .map_err(|error| failure::invalid(format!("request body: {error}")))?;
        Ok(sdk::convert(&self.context, PATH, body))
    }

    /// A whole answer.
    fn respond(&mut self, _: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let text = String::from_utf8_lossy(&body);
        let answer = Body::parse(&text).map_err(|_| failure::upstream("the answer is not JSON"))?;
        // Status 200, and an error all the same: take the real one from the provider's own code.
        if answer.get("error").is_some() {
            return Err(problem(500, &answer));
        }
        let said = answer.text("output").unwrap_or_default();
        let reason = stop_reason(&answer);
        let message = sdk::text_message(&self.context, &said, reason, usage(&answer));
        Ok(Output::Replace(message))
    }

    /// An answer that is not 2xx, or says `error` in a 200.
    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        let text = String::from_utf8_lossy(&body);
        match Body::parse(&text) {
            Ok(body) => Verdict::Failed(problem(head.status, &body)),
            Err(_) => Verdict::NotMine,
        }
    }

    /// Whole frames of a stream, as many as were waiting.
    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        let text = sse::text(&frames);
        for frame in sse::frames(&text) {
            let Some(Ok(data)) = frame.data.as_deref().map(Body::parse) else {
                continue; // a comment, or half a frame at the end
            };
            match frame.event {
                "piece" => self.events.text(&data.text("text").unwrap_or_default()),
                "end" => {
                    self.events.end(stop_reason(&data), usage(&data));
                    return self.events.pushed(Next::Done);
                }
                // No HTTP status here: take it from the provider's own code, if there is one.
                "error" => return self.events.pushed(Next::Failed(problem(500, &data))),
                _ => {}
            }
        }
        self.events.pushed(Next::More)
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        // Only the provider's own end is one. Never make one up.
        self.events.pushed(Next::Failed(match ending {
            Ending::Complete => failure::truncated(),
            Ending::Broken(how) => failure::broken(&how),
        }))
    }
}

/// The members of the client's body that are sent in some way. Of all others a note says that they are dropped.
const USED: [&str; 5] = ["model", "max_tokens", "stream", "system", "messages"];

/// The provider's request.
fn written(context: &Context, options: &Options, body: &[u8]) -> Result<String, Error> {
    let request = Request::parse(body)?;
    let mut out = String::with_capacity(body.len());
    let mut object = Writer::object(&mut out);
    object
        .plain("model", &context.model)
        .number("limit", request.max_tokens.unwrap_or(options.max_tokens))
        .flag("stream", context.streaming);
    let system = text(request.system, "system")?;
    if !system.is_empty() {
        object.text("instructions", &system);
    }
    let mut turns = Writer::list(object.member("turns"));
    for message in &request.messages {
        let mut turn = Writer::object(turns.item());
        turn.plain("from", speaker(message))
            .text("text", &text(message.content, "messages")?);
        turn.end();
    }
    turns.end();
    object.end();
    host::note_unused(body, &USED, "it is not sent so far");
    Ok(out)
}

fn speaker(message: &Message<'_>) -> &'static str {
    match message.role.as_ref() {
        "assistant" => "model",
        _ => "person",
    }
}

/// The text of a `content`, as escaped as it came.
fn text<'a>(
    content: Option<&'a sdk::json::RawValue>,
    path: &str,
) -> Result<Escaped<'a>, Error> {
    let blocks = match Content::of(content)? {
        Content::Text(text) => return Ok(text),
        Content::Blocks(blocks) => blocks,
    };
    let mut all = Escaped::default();
    for block in blocks {
        match block.text.and_then(Escaped::of) {
            Some(text) => all.join(separator::BLANK_LINE, text),
            None => host::note("drop", path, "only text is sent so far"),
        }
    }
    Ok(all)
}

fn stop_reason(body: &Body<'_>) -> StopReason {
    let said = body.text("why").unwrap_or_default();
    match said.unescape().as_ref() {
        "limit" => StopReason::MaxTokens,
        _ => StopReason::EndTurn,
    }
}

fn usage(body: &Body<'_>) -> Usage {
    let tokens = |path| body.read(path).unwrap_or(0);
    Usage {
        input: tokens("tokens.in"),
        output: tokens("tokens.out"),
        ..Usage::default()
    }
}

/// The provider's own words, with what the status means to a client.
fn problem(status: u16, body: &Body<'_>) -> Failure {
    let words = body.text("error.text").unwrap_or_default();
    let mut failure = classify(
        status,
        &Said {
            message: words.unescape().into_owned(),
            ..Said::default() // `codes` and `tokens`: an overflow, so that Claude Code compacts
        },
    );
    let wait = body.get("error.wait_s");
    failure.retry_after_ms = wait.and_then(|seconds| failure::positive(seconds.get(), 1000.0));
    failure
}

sdk::export!(__TYPE__);
