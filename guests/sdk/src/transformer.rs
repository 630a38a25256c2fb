//! The two traits a transformer implements, and small constructors for what they return.

use crate::events::{StopReason, Usage};
use crate::json::{Escaped, Writer};
use crate::{
    Context, Draft, Ending, Failure, Forward, Head, Manifest, Next, Options, Output, Plan, Pushed,
    Reply, Verdict, failure,
};

/// A configured transformer. One lives in each instance, which serves one exchange.
pub trait Transformer: Sized + 'static {
    /// The provider's `options`. `()` when there are none.
    type Options: Options;
    /// The state of one exchange.
    type Exchange: Exchange;

    /// The options that hold where the provider says nothing.
    fn defaults() -> Self::Options {
        Self::Options::default()
    }

    /// Takes the options, each of them already of its type. Errors: every problem at once, each
    /// naming the option and the remedy.
    fn configure(options: Self::Options) -> Result<(Self, Manifest), Vec<String>>;

    /// Begins an exchange.
    fn exchange(&self, context: Context) -> Self::Exchange;
}

/// One exchange. The defaults pass everything on untouched, so a transformer implements what it changes.
/// When each method is called is said in `wit/transformer/transformer.wit`.
pub trait Exchange: 'static {
    /// The upstream's request. Default: the client's body as it is, the answer untouched.
    fn request(&mut self, so_far: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        let (_, _) = (so_far, body);
        Ok(Plan::Forward(Forward {
            path: None,
            headers: Vec::new(),
            body: Output::Keep,
            reply: Reply::Untouched,
        }))
    }

    /// A whole 2xx answer. Default: kept.
    fn respond(&mut self, head: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let (_, _) = (head, body);
        Ok(Output::Keep)
    }

    /// An error of the upstream. Default: not mine, the host maps it by status.
    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        let (_, _) = (head, body);
        Verdict::NotMine
    }

    /// A framed 2xx answer begins.
    fn begin(&mut self, head: Head) -> Result<(), Failure> {
        let _ = head;
        Ok(())
    }

    /// Whole frames. Default: kept.
    fn push(&mut self, frames: Vec<u8>, spliced: u32) -> Pushed {
        let (_, _) = (frames, spliced);
        pushed(Output::Keep, Next::More)
    }

    /// The silence asked for by `wake-after` has come.
    fn wake(&mut self) -> Pushed {
        pushed(Output::Drop, Next::More)
    }

    /// No more frames come. Default: done after a proper end, failed after a break.
    fn finish(&mut self, ending: Ending) -> Pushed {
        let next = match ending {
            Ending::Complete => Next::Done,
            Ending::Broken(how) => Next::Failed(failure::broken(&how)),
        };
        pushed(Output::Drop, next)
    }
}

/// A manifest with bearer auth and no notices.
pub fn manifest(name: &str, version: &str) -> Manifest {
    Manifest {
        name: name.to_owned(),
        version: version.to_owned(),
        auth: None,
        notices: Vec::new(),
    }
}

/// A plan that sends `body` to `path` and passes the answer on untouched. Set `reply` for more.
pub fn forward(path: &str, body: Output) -> Plan {
    Plan::Forward(Forward {
        path: Some(path.to_owned()),
        headers: Vec::new(),
        body,
        reply: Reply::Untouched,
    })
}

/// A plan that sends `body` to `path` and has the answer handed over for conversion.
pub fn convert(context: &Context, path: &str, body: impl Into<Vec<u8>>) -> Plan {
    Plan::Forward(Forward {
        path: Some(path.to_owned()),
        headers: Vec::new(),
        body: Output::Replace(body.into()),
        reply: converted(context),
    })
}

/// How an answer that must be converted is handed over: as SSE frames if the client wants a stream,
/// else whole.
pub fn converted(context: &Context) -> Reply {
    if context.streaming {
        Reply::Frames("sse".to_owned())
    } else {
        Reply::Whole
    }
}

/// An answer to `push` that leaves the splice rules as they are.
pub fn pushed(out: Output, next: Next) -> Pushed {
    Pushed {
        out,
        rules: None,
        next,
    }
}

/// The value of the first header called `name` (lower case).
pub fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(header, _)| header == name)
        .map(|(_, value)| value.as_str())
}

/// What is known of the model under `name` (`context-window`, `max-output`), in tokens.
pub fn limit(context: &Context, name: &str) -> Option<u64> {
    header(&context.limits, name)?.parse().ok()
}

/// The id of the exchange's message: unique, as clients merge answers that have the same id.
pub fn message_id(context: &Context) -> String {
    format!("msg_{}", context.exchange_id)
}

/// An Anthropic message that the guest says itself, for [`Plan::Answer`]. Empty text: no content.
pub fn message(context: &Context, text: &str, reason: StopReason) -> Vec<u8> {
    let usage = Usage {
        input: context.input_estimate.into(),
        ..Usage::default()
    };
    text_message(context, &Escaped::plain(text), reason, usage)
}

/// An Anthropic message of one text block. Empty text: no content.
pub fn text_message(
    context: &Context,
    text: &Escaped<'_>,
    reason: StopReason,
    usage: Usage,
) -> Vec<u8> {
    let mut out = String::with_capacity(256 + text.get().len());
    let mut message = Writer::object(&mut out);
    message
        .plain("id", &message_id(context))
        .raw("type", r#""message""#)
        .raw("role", r#""assistant""#)
        .plain("model", &context.model);
    let mut content = Writer::list(message.member("content"));
    if !text.is_empty() {
        let mut block = Writer::object(content.item());
        block.raw("type", r#""text""#).text("text", text);
        block.end();
    }
    content.end();
    message
        .plain("stop_reason", reason.name())
        .raw("stop_sequence", "null");
    usage.write(message.member("usage"));
    message.end();
    out.into_bytes()
}

/// A context as tests need it: of this model, with nothing said by the client.
#[cfg(not(target_family = "wasm"))]
pub fn test_context(model: &str, streaming: bool) -> Context {
    Context {
        exchange_id: "0123456789abcdefghijABCD".to_owned(),
        provider: "test".to_owned(),
        model: model.to_owned(),
        requested_model: format!("test,{model}"),
        operation: "messages".to_owned(),
        streaming,
        input_estimate: 100,
        headers: Vec::new(),
        limits: Vec::new(),
        extra: Vec::new(),
    }
}
