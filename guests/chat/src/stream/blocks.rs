//! The blocks of a streamed answer. One is open at a time. While the arguments of an open call are incomplete,
//! everything else waits in a queue, in the order of its arrival.

use super::arguments::{Arguments, Rest};
use super::calls::Calls;
use super::chunk::{CallDelta, FunctionDelta};
use super::think::{Piece, Think};
use crate::Profile;
use crate::details::Details;
use crate::profile::{ReasoningOut, ThinkTags};
use crate::request::{Names, final_answer};
use crate::signature;
use sdk::events::{Events, StopReason, Usage};
use sdk::host::{Level, log};
use sdk::json::{Escaped, RawValue, separator};
use sdk::{Context, Failure, failure};
use std::collections::VecDeque;

/// Something that waits for the open call to be complete.
#[derive(Debug)]
enum Waiting {
    Text(String),
    Thinking(String),
    Call(usize),
}

/// The blocks so far, and what is to become of the next ones.
pub(super) struct Blocks {
    context: Context,
    names: Names,
    /// None before the message has begun.
    events: Option<Events>,
    calls: Calls,
    /// The call whose block is open.
    open: Option<usize>,
    queue: VecDeque<Waiting>,
    /// Reasoning that the provider wants back verbatim, if it does. The last call then waits for the end.
    details: Option<Details>,
    think: Option<Think>,
    /// The output limit has ended the answer: a call may be half a call.
    cut: bool,
}

impl Blocks {
    pub(super) fn new(context: &Context, profile: &Profile, names: Names) -> Self {
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
            details: (profile.reasoning_out == ReasoningOut::ReasoningDetails)
                .then(Details::default),
            cut: false,
        }
    }

    /// Takes what was written since the last call. The beginning of the message waits until something is
    /// said: an error right behind the role, which comes alone, still has its HTTP status then.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.events
            .as_mut()
            .map(Events::take_said)
            .unwrap_or_default()
    }

    /// The events, if text that comes now would go on in the block that is open, as it is.
    pub(super) fn plain(&self) -> Option<&Events> {
        let plain = self.queue.is_empty() && self.think.is_none();
        self.events.as_ref().filter(|_| plain)
    }

    pub(super) fn ended(&self) -> bool {
        self.events.as_ref().is_some_and(Events::ended)
    }

    /// Tools are called, other than the one that says a text.
    pub(super) fn has_calls(&self) -> bool {
        let mut names = self.calls.names();
        names.any(|name| !name.is_empty() && !self.names.says_text(name))
    }

    /// The arguments of a call are not complete yet.
    pub(super) fn has_growing_call(&self) -> bool {
        self.calls.growing()
    }

    /// Begins the message, if that was not done.
    pub(super) fn start(&mut self) {
        let context = &self.context;
        self.events.get_or_insert_with(|| {
            let id = sdk::message_id(context);
            Events::start(&id, &context.model, context.input_estimate)
        });
    }

    /// Reasoning as the provider wants it back.
    pub(super) fn keep_details(&mut self, raw: Option<&RawValue>) {
        if let (Some(details), Some(raw)) = (&mut self.details, raw) {
            details.add(raw);
        }
    }

    /// Text of the answer, in which thinking may stand.
    pub(super) fn text(&mut self, text: &Escaped<'_>) {
        let Some(think) = &mut self.think else {
            self.say(text, false);
            return;
        };
        let pieces = think.feed_escaped(text);
        self.pieces(pieces);
    }

    /// Takes what was kept back for the beginning of a tag as what it is.
    fn let_go(&mut self) {
        if let Some(think) = &mut self.think {
            let pieces = think.flush();
            self.pieces(pieces);
        }
    }

    fn pieces(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.say(&Escaped::plain(&text), false),
                Piece::Thinking(text) => self.say(&Escaped::plain(&text), true),
            }
        }
    }

    /// Thinking.
    pub(super) fn thinking(&mut self, text: &Escaped<'_>) {
        self.say(text, true);
    }

    /// Writes text or thinking, or lets it wait for the open call.
    fn say(&mut self, text: &Escaped<'_>, thinking: bool) {
        let open = self.open.map(|at| &self.calls.get(at).arguments);
        let free = self.queue.is_empty() && open.is_none_or(Arguments::complete);
        let mended = match open.map(|arguments| arguments.rest(false)) {
            Some(Rest::Text(rest)) if free => rest,
            _ => String::new(),
        };
        let Some(events) = self.events.as_mut() else {
            return;
        };
        if !mended.is_empty() {
            events.input(&Escaped::plain(&mended));
            if let Some(at) = self.open {
                self.calls.get_mut(at).arguments.pass();
            }
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

    /// A piece of a call, the entry number `position` of its list. Some servers write one that says nothing in every chunk.
    pub(super) fn call(&mut self, delta: &CallDelta<'_>, position: usize) -> Result<(), Failure> {
        if delta.is_empty() {
            return Ok(());
        }
        let escaped = delta
            .function
            .as_ref()
            .map(FunctionDelta::arguments)
            .unwrap_or_default();
        let plain = escaped.unescape();
        let (at, new) = self.calls.place(delta, position, &plain);
        if new {
            self.let_go();
            self.queue.push_back(Waiting::Call(at));
        }
        let arguments = &mut self.calls.get_mut(at).arguments;
        let passed = arguments.all_passed();
        let added = arguments.add(&plain);
        if added.is_none() && arguments.is_empty_before(&plain) {
            return Err(failure::upstream(LATE_ARGUMENTS));
        }
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
        let cut = self.cut;
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
                    Rest::Text(rest) => {
                        events.input(&Escaped::plain(&rest));
                        arguments.pass();
                    }
                    Rest::Unfit if arguments.complete() => {
                        return Err(failure::upstream(ODD_CALL));
                    }
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
                        if !cut && !call.arguments.text().trim().is_empty() {
                            return Err(failure::upstream(NAMELESS_CALL));
                        }
                        log(Level::Warn, "the upstream called a tool without naming it");
                        continue;
                    }
                    if self.names.says_text(&call.name) {
                        if !last && !call.arguments.settled() {
                            self.queue.push_front(Waiting::Call(at));
                            return Ok(());
                        }
                        let Some(text) = final_answer(call.arguments.text(), cut) else {
                            return Err(failure::upstream(CUT_CALL));
                        };
                        sign(&self.context, self.details.as_mut(), events, true);
                        if events.open_text_block(false).is_some() {
                            events.text(&Escaped::verbatim(separator::BLANK_LINE));
                        }
                        events.text(&Escaped::plain(&text));
                        continue;
                    }
                    if self.details.is_some() && !last && self.queue.is_empty() {
                        // The reasoning that led to it may come behind it, and must stand before it.
                        self.queue.push_front(Waiting::Call(at));
                        return Ok(());
                    }
                    let id = call.id(&self.context.exchange_id, at);
                    sign(&self.context, self.details.as_mut(), events, false);
                    if let Some(signature) = &call.signature {
                        events.redacted(&signature::seal(&self.context, signature));
                    }
                    events.tool(&id, self.names.incoming(&call.name));
                    self.open = Some(at);
                }
            }
        }
    }

    /// Writes what still waits: nothing more comes. Errors: a call broke off.
    pub(super) fn flush(&mut self, reason: StopReason) -> Result<(), Failure> {
        self.cut = reason == StopReason::MaxTokens;
        self.let_go();
        self.pump(true)
    }

    /// Writes the end. `sequence`: the stop string it is at.
    pub(super) fn end(&mut self, reason: StopReason, sequence: Option<&str>, usage: Option<Usage>) {
        self.start();
        let usage = usage.unwrap_or(Usage {
            input: self.context.input_estimate.into(),
            ..Usage::default()
        });
        if let Some(events) = self.events.as_mut() {
            if events.open_text_block(true).is_some() {
                sign(&self.context, self.details.as_mut(), events, false);
            }
            if self.details.as_ref().is_some_and(|left| !left.is_empty()) {
                // An answer does not end in a block that cannot be read.
                log(Level::Warn, "reasoning that came behind all else is lost");
            }
            match sequence.filter(|_| reason == StopReason::StopSequence) {
                Some(sequence) => events.end_at(sequence, usage),
                None => events.end(reason, usage),
            }
        }
    }
}

pub(crate) const CUT_CALL: &str = "upstream broke off in the middle of a tool call's arguments";
const LATE_ARGUMENTS: &str = "upstream sent arguments of a tool call after it had ended";
const NAMELESS_CALL: &str = "upstream called a tool without naming it";
const ODD_CALL: &str = "upstream sent arguments of a tool call that are no JSON";

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
