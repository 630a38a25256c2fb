//! The shortest way to a transformer: a provider that speaks the Messages API, or the stage to the
//! right of a chain, with some members changed on the way.

use crate::body::Body;
use crate::edits::Edits;
use crate::{
    Context, Draft, Ending, Exchange, Failure, Forward, Head, Manifest, Next, Options, Output,
    Plan, Pushed, Reply, Transformer, failure, sse,
};
use std::borrow::Cow;

/// A transformer that changes members of JSON bodies. The type holds the options, so that
/// [`options!`](crate::options!) makes it; everything else has a default. What is not changed keeps its bytes.
/// Other operations than messages, such as counting tokens, are left to the host.
///
/// ```
/// use sdk::{Answer, Context, Failure, body::Body};
///
/// sdk::options! {
///     /// Sends this temperature, whatever the client asked for.
///     pub struct Cooler {
///         /// 0 to 1.
///         pub temperature: f64 = 0.2,
///     }
/// }
///
/// impl sdk::Rewrite for Cooler {
///     fn request(&self, _: &Context, body: &mut Body<'_>) -> Result<Answer, Failure> {
///         body.set("temperature", self.temperature);
///         Ok(Answer::Untouched)
///     }
/// }
///
/// sdk::export!(Cooler);
/// ```
pub trait Rewrite: Options + Clone + 'static {
    /// What the transformer says of itself. Left empty, name and version are those of the crate. Errors: problems of the
    /// options that their types do not show, each naming the option and the remedy.
    fn manifest(&self) -> Result<Manifest, Vec<String>> {
        Ok(crate::manifest("", ""))
    }

    /// The client's request. `model` is set to the provider's name of the model already. Says whether
    /// the answer is to be rewritten too. An error is the answer to the client.
    fn request(&self, context: &Context, body: &mut Body<'_>) -> Result<Answer, Failure>;

    /// A whole message, if [`Answer::Rewritten`].
    fn answer(&self, context: &Context, message: &mut Body<'_>) -> Result<(), Failure> {
        let (_, _) = (context, message);
        Ok(())
    }

    /// The data of one event of a stream, if [`Answer::Rewritten`]. `event` is its type.
    fn event(&self, context: &Context, event: &str, data: &mut Body<'_>) -> Result<(), Failure> {
        let (_, _, _) = (context, event, data);
        Ok(())
    }
}

/// What becomes of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It goes to the client as it is and never enters the guest.
    Untouched,
    /// It is handed to [`Rewrite::answer`] or, event by event, to [`Rewrite::event`].
    Rewritten,
}

impl<R: Rewrite> Transformer for R {
    type Options = R;
    type Exchange = Rewriting<R>;

    fn configure(options: R) -> Result<(Self, Manifest), Vec<String>> {
        let manifest = options.manifest()?;
        Ok((options, manifest))
    }

    fn exchange(&self, context: Context) -> Rewriting<R> {
        Rewriting {
            rules: self.clone(),
            context,
            ended: false,
        }
    }
}

/// An exchange of a [`Rewrite`].
pub struct Rewriting<R> {
    rules: R,
    context: Context,
    /// `message_stop` has come.
    ended: bool,
}

impl<R: Rewrite> Rewriting<R> {
    /// Hands every event to the rules. Returns where the text ends that may be passed on: what follows
    /// is half an event, which would be read as a malformed one.
    fn events(&mut self, text: &str, edits: &mut Edits<'_>) -> Result<usize, (usize, Failure)> {
        let mut at = 0;
        for frame in sse::frames(text) {
            if !frame.is_whole() {
                return Ok(at);
            }
            self.event(&frame, edits).map_err(|failure| (at, failure))?;
            at += frame.raw.len();
        }
        Ok(text.len())
    }

    fn event(&mut self, frame: &sse::Frame<'_>, edits: &mut Edits<'_>) -> Result<(), Failure> {
        let Some(data) = &frame.data else {
            return Ok(());
        };
        let Ok(mut body) = Body::parse(data) else {
            return Ok(());
        };
        let kind = body
            .read::<crate::json::Str<'_>>("type")
            .unwrap_or_default();
        self.ended |= kind == "message_stop";
        self.rules.event(&self.context, &kind, &mut body)?;
        match data {
            Cow::Borrowed(_) => body.edit(edits),
            // Data of several lines is written anew, in one line.
            Cow::Owned(_) if body.output() != Output::Keep => {
                let data = body.to_text().replace('\n', " ");
                edits.replace(frame.raw, format!("event: {kind}\ndata: {data}\n\n"));
            }
            Cow::Owned(_) => {}
        }
        Ok(())
    }
}

impl<R: Rewrite> Exchange for Rewriting<R> {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if self.context.operation != "messages" {
            return Ok(Plan::Unsupported);
        }
        let invalid = |why: String| failure::invalid(format!("request body: {why}"));
        let text = std::str::from_utf8(&body).map_err(|error| invalid(error.to_string()))?;
        let mut body = Body::parse(text).map_err(|error| invalid(error.to_string()))?;
        let model = body.read::<crate::json::Str<'_>>("model");
        if model.is_none_or(|model| model != self.context.model.as_str()) {
            body.set("model", &self.context.model);
        }
        let answer = self.rules.request(&self.context, &mut body)?;
        let headers = self.context.headers.iter();
        Ok(Plan::Forward(Forward {
            path: None,
            headers: headers
                .map(|(name, value)| (name.clone(), Some(value.clone())))
                .collect(),
            body: body.output(),
            reply: match answer {
                Answer::Untouched => Reply::Untouched,
                Answer::Rewritten => crate::converted(&self.context),
            },
        }))
    }

    fn respond(&mut self, _: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let text = String::from_utf8_lossy(&body);
        let Ok(mut message) = Body::parse(&text) else {
            return Err(failure::upstream(
                "upstream answered with something else than JSON",
            ));
        };
        self.rules.answer(&self.context, &mut message)?;
        Ok(match &text {
            Cow::Borrowed(_) => message.output(),
            Cow::Owned(_) => Output::Replace(message.to_text().into_bytes()),
        })
    }

    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        let text = sse::text(&frames);
        let mut edits = Edits::of(&text);
        let (end, next) = match self.events(&text, &mut edits) {
            Ok(end) if self.ended => (end, Next::Done),
            Ok(end) => (end, Next::More),
            Err((end, failure)) => (end, Next::Failed(failure)),
        };
        if end < text.len() {
            edits.replace_range(end, text.len(), "");
        }
        let out = crate::edits::for_bytes(edits.output(), &text);
        crate::pushed(out, next)
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        let next = match ending {
            Ending::Complete if self.ended => Next::Done,
            Ending::Complete => Next::Failed(failure::truncated()),
            Ending::Broken(how) => Next::Failed(failure::broken(&how)),
        };
        crate::pushed(Output::Drop, next)
    }
}

#[cfg(test)]
mod tests;
