//! A streamed answer: lines to events. Calls come whole, each in one line; the last line says `done` and
//! has the tokens.

use crate::line::{self, Line, Message};
use chat::Names;
use sdk::events::Events;
use sdk::json::Escaped;
use sdk::{Context, Failure, Next, Output, Pushed, failure};
use std::collections::BTreeSet;

/// One answer that is streamed.
pub(crate) struct Stream {
    context: Context,
    names: Names,
    /// None before the first line.
    events: Option<Events>,
    /// Ids of the calls so far.
    called: BTreeSet<String>,
}

impl Stream {
    pub(crate) fn new(context: Context, names: Names) -> Self {
        Self {
            context,
            names,
            events: None,
            called: BTreeSet::new(),
        }
    }

    /// Whole lines; only the last one of an answer may lack its end.
    pub(crate) fn push(&mut self, frames: &[u8]) -> Pushed {
        let text = String::from_utf8_lossy(frames);
        let mut failed = None;
        for line in text.split_inclusive('\n') {
            if line.trim().is_empty() || self.ended() {
                continue;
            }
            if let Err(failure) = self.line(line) {
                failed = Some(failure);
                break;
            }
        }
        let next = match failed {
            Some(failure) => Next::Failed(failure),
            None if self.ended() => Next::Done,
            None => Next::More,
        };
        self.pushed(next)
    }

    /// The upstream has ended properly.
    pub(crate) fn finish(&mut self) -> Pushed {
        let next = if self.ended() {
            Next::Done
        } else {
            Next::Failed(failure::truncated())
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

    fn line(&mut self, text: &str) -> Result<(), Failure> {
        let Ok(line) = Line::parse(text) else {
            return Err(if text.ends_with('\n') {
                failure::upstream("upstream sent malformed JSON in its stream")
            } else {
                failure::truncated()
            });
        };
        if line.error.is_some() {
            return Err(line::failure(200, text));
        }
        let mut events = self.events.take().unwrap_or_else(|| {
            let id = sdk::message_id(&self.context);
            Events::start(&id, &self.context.model, self.context.input_estimate)
        });
        if let Some(message) = &line.message {
            self.message(&mut events, message);
        }
        if line.done == Some(true) {
            let reason = line.stop_reason(!self.called.is_empty());
            events.end(reason, line.usage(&self.context));
        }
        self.events = Some(events);
        Ok(())
    }

    fn message(&mut self, events: &mut Events, message: &Message<'_>) {
        events.thinking(&message.thinking());
        events.text(&message.text());
        for call in message.calls() {
            let id = call.id(&self.context, &mut self.called);
            events.tool(&id, self.names.incoming(&call.function.name));
            events.input(&Escaped::plain(&call.arguments()));
        }
    }
}
