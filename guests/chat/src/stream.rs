//! The stream machine: chunks of an OpenAI-like upstream to events of an Anthropic stream.
//!
//! One block is open at a time. While the arguments of an open call are incomplete, everything else
//! waits in a queue, in the order of its arrival. The end is written when the upstream has said why
//! it stopped and nothing more is to come; an upstream that ends without saying so has failed.

mod arguments;
mod calls;
pub(crate) mod chunk;
mod lenient;
mod splice;
mod think;

pub(crate) use arguments::mend;
pub(crate) use chunk::FunctionDelta;
pub(crate) use think::{Piece, Think};

use crate::details::Details;
use crate::profile::{ReasoningIn, ReasoningOut, ThinkTags};
use crate::request::Names;
use crate::stop::{Finish, Holds, finish};
use crate::{Profile, error};
use arguments::Rest;
use calls::Calls;
use chunk::{CallDelta, Choice, Chunk, Delta};
use sdk::events::{Events, StopReason, Usage};
use sdk::host::{Level, log};
use sdk::json::Escaped;
use sdk::{Context, Failure, SpliceRule, failure, sse};
use splice::Splice;
use std::collections::{BTreeMap, VecDeque};

/// What comes after a push.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More.
    More,
    /// The upstream has stopped; its token counts may still come.
    AwaitingUsage,
    /// The end is written.
    Done,
}

/// Something that waits for the open call to be complete.
#[derive(Debug)]
enum Waiting {
    Text(String),
    Thinking(String),
    Call(usize),
}

fn torn() -> Failure {
    failure::upstream("upstream cut off a piece of its answer in the middle")
}

/// One answer that is streamed.
pub(crate) struct Stream {
    context: Context,
    names: Names,
    /// None before the first chunk.
    events: Option<Events>,
    calls: Calls,
    /// The call whose block is open.
    open: Option<usize>,
    queue: VecDeque<Waiting>,
    holds: Holds,
    /// Members that hold reasoning, the first one first.
    reasoning_in: Vec<ReasoningIn>,
    /// Text, thinking or a call has come.
    said: bool,
    /// A frame was cut off after something was said: the answer is not whole, whatever its end says.
    torn: bool,
    /// What codes of errors mean, by the profile.
    error_codes: BTreeMap<String, u16>,
    /// Reasoning that the provider wants back verbatim, if it does.
    details: Option<Details>,
    finish: Option<StopReason>,
    usage: Option<Usage>,
    think: Option<Think>,
    splice: Splice,
}

impl Stream {
    pub(crate) fn new(context: &Context, profile: &Profile, names: Names) -> Self {
        Self {
            think: match profile.think_tags {
                ThinkTags::Off => None,
                ThinkTags::Parse => Some(Think::new(false)),
                ThinkTags::Open => Some(Think::new(true)),
            },
            context: context.clone(),
            names,
            events: None,
            calls: Calls::default(),
            open: None,
            queue: VecDeque::new(),
            holds: Holds::default(),
            reasoning_in: profile.reasoning_in.clone(),
            said: false,
            torn: false,
            error_codes: profile.error_codes.clone(),
            details: (profile.reasoning_out == ReasoningOut::ReasoningDetails)
                .then(Details::default),
            finish: None,
            usage: None,
            splice: Splice::default(),
        }
    }

    /// Takes what was written since the last call. The beginning of the message waits until something is
    /// said: an error right behind the role, which comes alone, still has its HTTP status then.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.events
            .as_mut()
            .map(Events::take_said)
            .unwrap_or_default()
    }

    /// Splice rules, if they are others than before.
    pub(crate) fn take_rules(&mut self) -> Option<Vec<SpliceRule>> {
        let plain = self.queue.is_empty() && self.finish.is_none() && self.think.is_none();
        let events = self.events.as_ref().filter(|_| plain);
        self.splice.rules(events)
    }

    /// Whole frames.
    pub(crate) fn push(&mut self, frames: &[u8], spliced: u32) -> Result<Progress, Failure> {
        self.splice.spliced(spliced);
        let text = sse::text(frames);
        for frame in sse::frames(&text) {
            let Some(data) = frame.data.as_deref().map(str::trim) else {
                continue;
            };
            if data.is_empty() || self.ended() {
                continue;
            }
            if data == "[DONE]" {
                self.end_if_stopped()?;
                continue;
            }
            if frame.event == "error" {
                return Err(error::in_stream(&self.error_codes, data));
            }
            self.data(frame.raw, data)?;
        }
        Ok(self.progress())
    }

    /// The silence after the stop: token counts do not come any more.
    pub(crate) fn wake(&mut self) -> Result<Progress, Failure> {
        if self.finish.is_some() {
            self.end()?;
        }
        Ok(self.progress())
    }

    /// The upstream has ended properly.
    pub(crate) fn finish(&mut self) -> Result<Progress, Failure> {
        self.end_if_stopped()?;
        Ok(Progress::Done)
    }

    fn ended(&self) -> bool {
        self.events.as_ref().is_some_and(Events::ended)
    }

    fn progress(&self) -> Progress {
        match (self.ended(), self.finish) {
            (true, _) => Progress::Done,
            (false, Some(_)) => Progress::AwaitingUsage,
            (false, None) => Progress::More,
        }
    }

    fn end_if_stopped(&mut self) -> Result<(), Failure> {
        if self.ended() {
            return Ok(());
        }
        if self.finish.is_none() {
            return Err(failure::truncated());
        }
        self.end()
    }

    /// One event. A frame that was cut off with the next one glued behind it (GLM-5.1) is read from where the next one
    /// begins. As reported it is the very first one, and the next one begins the answer anew. If something was said before,
    /// what was cut off is missing.
    fn data(&mut self, frame: &str, data: &str) -> Result<(), Failure> {
        match sdk::json::from_str::<Chunk<'_>>(data) {
            Ok(chunk) => self.chunk(frame, data, &chunk),
            Err(error) => match data.find("data: {") {
                Some(at) => {
                    log(
                        Level::Warn,
                        "the upstream cut a frame off and glued the next one to it",
                    );
                    self.torn |= self.said && self.finish.is_none();
                    // What is left of its arguments could pass for a whole call.
                    if self.torn && (self.calls.growing() || data[..at].contains("tool_calls")) {
                        return Err(torn());
                    }
                    self.data("", &data[at + "data: ".len()..])
                }
                None => {
                    log(Level::Debug, &format!("malformed chunk: {error}"));
                    Err(failure::upstream(
                        "upstream sent malformed JSON in its stream",
                    ))
                }
            },
        }
    }

    fn chunk(&mut self, frame: &str, data: &str, chunk: &Chunk<'_>) -> Result<(), Failure> {
        let groq = chunk.x_groq.as_ref();
        if chunk.error.is_some() || chunk.base_failed() {
            return Err(error::in_stream(&self.error_codes, data));
        }
        if let Some(error) = groq.and_then(|groq| groq.error) {
            let error = format!("{{\"error\":{error}}}");
            return Err(error::in_stream(&self.error_codes, &error));
        }
        let counted = chunk.usage.or(groq.and_then(|groq| groq.usage));
        if let Some(tokens) = counted {
            self.usage = Some(tokens.usage());
        }
        let choices = chunk.choices.as_deref().unwrap_or_default();
        let first = choices.iter().find(|choice| choice.index.unwrap_or(0) == 0);
        if first.is_some() && self.events.is_none() {
            self.start();
        }
        if let Some(choice) = first {
            self.choice(frame, choice)?;
        }
        // Counts from before the reason may be counts so far: others can still come.
        if self.finish.is_some() && counted.is_some() {
            self.end()?;
        }
        Ok(())
    }

    fn start(&mut self) {
        self.events = Some(Events::start(
            &sdk::message_id(&self.context),
            &self.context.model,
            self.context.input_estimate,
        ));
    }

    fn choice(&mut self, frame: &str, choice: &Choice<'_>) -> Result<(), Failure> {
        // Some servers send the whole message in place of the last delta.
        if let Some(delta) = choice.delta.as_ref().or(choice.message.as_ref()) {
            self.delta(frame, delta)?;
        }
        // Calls in the same chunk as the reason count, so the reason is looked at last.
        let Some(reason) = chunk::non_empty(choice.finish_reason) else {
            return Ok(());
        };
        match finish(&reason.unescape(), self.holds) {
            Finish::Error => Err(failure::upstream("upstream ended its answer with an error")),
            Finish::Stop(reason) => {
                self.finish = Some(reason);
                Ok(())
            }
        }
    }

    fn delta(&mut self, frame: &str, delta: &Delta<'_>) -> Result<(), Failure> {
        if self.finish.is_some() {
            return Ok(());
        }
        let said = delta.said(&self.reasoning_in);
        self.holds.refusal |= said.refused;
        if let (Some(details), Some(raw)) = (&mut self.details, delta.reasoning_details) {
            details.add(raw);
        }
        if !said.thinking.is_empty() {
            self.thinking(&said.thinking);
        }
        if !said.text.is_empty() {
            self.text(&said.text);
        }
        let calls = delta.tool_calls.as_deref().unwrap_or_default();
        self.said |= !said.thinking.is_empty() || !said.text.is_empty() || !calls.is_empty();
        for (position, call) in calls.iter().enumerate() {
            self.call(call, position)?;
        }
        if let Some(function) = &delta.function_call {
            self.call(
                &CallDelta {
                    function: Some(FunctionDelta { ..*function }),
                    ..CallDelta::default()
                },
                0,
            )?;
        }
        if calls.is_empty() && delta.function_call.is_none() {
            self.splice.learn(frame, delta, &said);
        }
        Ok(())
    }

    fn text(&mut self, text: &Escaped<'_>) {
        let Some(think) = &mut self.think else {
            self.say(text, false);
            return;
        };
        let pieces = think.feed(&text.unescape());
        self.pieces(pieces);
    }

    fn pieces(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.say(&Escaped::plain(&text), false),
                Piece::Thinking(text) => self.say(&Escaped::plain(&text), true),
            }
        }
    }

    fn thinking(&mut self, text: &Escaped<'_>) {
        self.say(text, true);
    }

    /// Writes text or thinking, or lets it wait for the open call.
    fn say(&mut self, text: &Escaped<'_>, thinking: bool) {
        let open = self.open.map(|at| &self.calls.get(at).arguments);
        let free = self.queue.is_empty() && open.is_none_or(arguments::Arguments::complete);
        let mended = match open.map(|arguments| arguments.rest(false)) {
            Some(Rest::Text(rest)) if free => rest,
            _ => String::new(),
        };
        let Some(events) = self.events.as_mut() else {
            return;
        };
        if !mended.is_empty() {
            events.input(&Escaped::plain(&mended));
        }
        if free && !thinking {
            sign(&self.context, self.details.as_mut(), events, true);
        }
        match (free, thinking, self.queue.back_mut()) {
            (true, true, _) => events.thinking(text),
            (true, false, _) => events.text(text),
            (false, false, Some(Waiting::Text(waiting)))
            | (false, true, Some(Waiting::Thinking(waiting))) => waiting.push_str(&text.unescape()),
            (false, false, _) => self
                .queue
                .push_back(Waiting::Text(text.unescape().into_owned())),
            (false, true, _) => {
                self.queue
                    .push_back(Waiting::Thinking(text.unescape().into_owned()));
            }
        }
        if free {
            self.open = None;
        }
    }

    fn call(&mut self, delta: &CallDelta<'_>, position: usize) -> Result<(), Failure> {
        let escaped = delta
            .function
            .as_ref()
            .map(FunctionDelta::arguments)
            .unwrap_or_default();
        let plain = escaped.unescape();
        let (at, new) = self.calls.place(delta, position, &plain);
        if new {
            self.holds.calls = true;
            self.queue.push_back(Waiting::Call(at));
        }
        let arguments = &mut self.calls.get_mut(at).arguments;
        let passed = arguments.all_passed();
        let added = arguments.add(&plain);
        if self.open == Some(at) && passed && added == Some(&plain) && arguments.flows() {
            // The usual case: the piece goes on as it came.
            arguments.pass();
            if let Some(events) = self.events.as_mut() {
                events.input(&escaped);
            }
        }
        self.pump(false)
    }

    /// Writes what can be written. `last`: nothing more comes, so nothing waits any longer. Errors: a
    /// call broke off where no object can be made of it.
    fn pump(&mut self, last: bool) -> Result<(), Failure> {
        let cut = self.finish == Some(StopReason::MaxTokens);
        let Some(events) = self.events.as_mut() else {
            return Ok(());
        };
        loop {
            if let Some(at) = self.open {
                let arguments = &mut self.calls.get_mut(at).arguments;
                if !arguments.waiting().is_empty() {
                    events.input(&Escaped::plain(arguments.waiting()));
                    arguments.pass();
                }
                let over = last || (arguments.complete() && !self.queue.is_empty());
                if !over {
                    return Ok(());
                }
                match arguments.rest(cut) {
                    Rest::Nothing => {}
                    Rest::Text(rest) => events.input(&Escaped::plain(&rest)),
                    Rest::Unfit => return Err(failure::upstream(CUT_CALL)),
                }
                events.close();
                self.open = None;
            }
            match self.queue.pop_front() {
                None => return Ok(()),
                Some(Waiting::Text(text)) => {
                    sign(&self.context, self.details.as_mut(), events, true);
                    events.text(&Escaped::plain(&text));
                }
                Some(Waiting::Thinking(text)) => events.thinking(&Escaped::plain(&text)),
                Some(Waiting::Call(at)) => {
                    let call = self.calls.get(at);
                    if call.name.is_empty() && !last {
                        self.queue.push_front(Waiting::Call(at));
                        return Ok(());
                    }
                    if call.name.is_empty() {
                        log(Level::Warn, "the upstream called a tool without naming it");
                        continue;
                    }
                    let id = call.id(&self.context.exchange_id, at);
                    sign(&self.context, self.details.as_mut(), events, false);
                    events.tool(&id, self.names.incoming(&call.name));
                    self.open = Some(at);
                }
            }
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        if let Some(think) = &mut self.think {
            let pieces = think.flush();
            self.pieces(pieces);
        }
        self.pump(true)?;
        if self.torn {
            return Err(torn());
        }
        if self.events.is_none() {
            self.start();
        }
        let usage = self.usage.unwrap_or(Usage {
            input: self.context.input_estimate.into(),
            ..Usage::default()
        });
        if let (Some(events), Some(reason)) = (self.events.as_mut(), self.finish) {
            if events.open_text_block(true).is_some() {
                sign(&self.context, self.details.as_mut(), events, false);
            }
            events.end(reason, usage);
        }
        Ok(())
    }
}

const CUT_CALL: &str = "upstream broke off in the middle of a tool call's arguments";

/// Puts what the provider wants back into the thinking block that is being left, or into a block of its own
/// before the next one. Text that goes on is not parted for it.
fn sign(context: &Context, details: Option<&mut Details>, events: &mut Events, text_follows: bool) {
    let Some(details) = details.filter(|details| !details.is_empty()) else {
        return;
    };
    if events.open_text_block(true).is_some() {
        events.signature(&details.seal(context));
    } else if !(text_follows && events.open_text_block(false).is_some()) {
        events.redacted(&details.seal(context));
    }
}
