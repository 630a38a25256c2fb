//! A streamed answer: chunks to events. Nothing marks the end but a reason to stop and the end of the body,
//! and models of before 2025 gave the reason in every chunk: so what comes behind it still counts.

use crate::chunk::{self, Chunk, Tokens};
use crate::speech::Speech;
use crate::stop;
use sdk::events::{Events, StopReason};
use sdk::host::{Level, log};
use sdk::json::Escaped;
use sdk::{Failure, Next, Output, Pushed, failure, sse};

/// How long the upstream may be silent after it has said why it stopped.
const GRACE_MS: u32 = 2000;

/// One answer that is streamed.
pub(crate) struct Stream {
    speech: Speech,
    /// None before the first chunk.
    events: Option<Events>,
    reason: Option<StopReason>,
    tokens: Option<Tokens>,
}

impl Stream {
    pub(crate) fn new(speech: Speech) -> Self {
        Self {
            speech,
            events: None,
            reason: None,
            tokens: None,
        }
    }

    /// Whole frames.
    pub(crate) fn push(&mut self, frames: &[u8]) -> Pushed {
        let text = sse::text(frames);
        for frame in sse::frames(&text) {
            let data = frame.data.as_deref().map_or("", str::trim);
            if data.is_empty() || data == "[DONE]" || self.ended() {
                continue;
            }
            if let Err(failure) = self.chunk(data, frame.is_whole()) {
                return self.pushed(Next::Failed(failure));
            }
        }
        let next = match (self.ended(), self.reason) {
            (true, _) => Next::Done,
            (false, Some(_)) => Next::WakeAfter(GRACE_MS),
            (false, None) => Next::More,
        };
        self.pushed(next)
    }

    /// The upstream has stopped and is silent.
    pub(crate) fn wake(&mut self) -> Pushed {
        match self.reason {
            Some(_) => self.finish(),
            None => self.pushed(Next::More),
        }
    }

    /// The upstream has ended properly.
    pub(crate) fn finish(&mut self) -> Pushed {
        let next = match self.reason {
            _ if self.ended() => Next::Done,
            Some(reason) => {
                self.end(reason);
                Next::Done
            }
            None => Next::Failed(failure::truncated()),
        };
        self.pushed(next)
    }

    fn pushed(&mut self, next: Next) -> Pushed {
        match &mut self.events {
            Some(events) => events.pushed(next),
            None => sdk::pushed(Output::Drop, next),
        }
    }

    fn ended(&self) -> bool {
        self.events.as_ref().is_some_and(Events::ended)
    }

    /// The events, begun if they are not.
    fn events(&mut self) -> Events {
        self.events.take().unwrap_or_else(|| {
            let context = &self.speech.context;
            let id = sdk::message_id(context);
            Events::start(&id, &context.model, context.input_estimate)
        })
    }

    fn chunk(&mut self, data: &str, whole: bool) -> Result<(), Failure> {
        let Ok(chunk) = Chunk::parse(data) else {
            return Err(if whole {
                failure::upstream("upstream sent malformed JSON in its stream")
            } else {
                failure::truncated()
            });
        };
        if let Some(failure) = chunk::error(&chunk, data) {
            return Err(failure);
        }
        self.tokens = chunk.usage_metadata.or(self.tokens);
        if let Some(words) = chunk.blocked() {
            log(Level::Warn, &words);
            let mut events = self.events();
            events.text(&Escaped::plain(&words));
            self.events = Some(events);
            self.end(StopReason::Refusal);
            return Ok(());
        }
        let Some(candidate) = chunk.candidate() else {
            return Ok(());
        };
        let mut events = self.events();
        for part in candidate.parts() {
            self.speech.part(&mut events, part);
        }
        self.events = Some(events);
        if let Some(reason) = stop::finish(candidate, self.speech.called())? {
            self.reason = Some(reason);
        } else if self.reason == Some(StopReason::EndTurn) && self.speech.called() {
            self.reason = Some(StopReason::ToolUse);
        }
        Ok(())
    }

    fn end(&mut self, reason: StopReason) {
        let mut events = self.events();
        self.speech.end(&mut events);
        events.close();
        events.end(reason, chunk::usage(self.tokens, &self.speech.context));
        self.events = Some(events);
    }
}
