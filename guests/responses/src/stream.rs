//! A streamed answer: events of the Responses API to those of the Messages API. The response stands whole
//! in the last event, so that what was not said before is found there.

use crate::error;
use crate::event::{Event, Item, Response, arguments};
use crate::items::{Items, Kind};
use crate::stop;
use sdk::events::{Events, StopReason};
use sdk::json::{Escaped, RawValue};
use sdk::{Failure, Next, Output, Pushed, failure, sse};

/// One answer that is streamed.
pub(crate) struct Stream {
    items: Items,
    /// None before the first event.
    events: Option<Events>,
    /// The item that events without an index belong to.
    index: u32,
}

impl Stream {
    pub(crate) fn new(items: Items) -> Self {
        Self {
            items,
            events: None,
            index: 0,
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
            if let Err(failure) = self.data(frame.event, data, frame.is_whole()) {
                return self.pushed(Next::Failed(failure));
            }
        }
        let next = if self.ended() { Next::Done } else { Next::More };
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

    fn data(&mut self, name: &str, data: &str, whole: bool) -> Result<(), Failure> {
        let Ok(event) = sdk::json::from_str::<Event<'_>>(data) else {
            return Err(if whole {
                failure::upstream("upstream sent malformed JSON in its stream")
            } else {
                failure::truncated()
            });
        };
        let kind = if event.kind.is_empty() {
            name
        } else {
            &event.kind
        };
        if kind == "error" || (event.error.is_some() && event.response.is_none()) {
            return Err(error::in_answer(data));
        }
        let begins = kind == "response.output_item.added";
        let next = self.index + u32::from(begins && self.events.is_some());
        let index = event.output_index.unwrap_or(next);
        self.index = index;
        match kind {
            "response.output_item.added" => {
                if let Some(item) = event.item.and_then(item) {
                    self.items.begin(index, &item);
                }
            }
            "response.output_item.done" => {
                if let Some((raw, item)) = event.item.and_then(|raw| Some((raw, item(raw)?))) {
                    self.items.end(index, raw, &item);
                }
            }
            "response.output_text.delta" => self.items.add(index, Kind::Message, &text(&event)),
            "response.refusal.delta" => {
                self.items.refused = true;
                self.items.add(index, Kind::Message, &text(&event));
            }
            "response.reasoning_summary_text.delta" => {
                let part = event.summary_index.unwrap_or(0);
                self.items.summary(index, part, &text(&event));
            }
            "response.reasoning_text.delta" => {
                self.items.add(index, Kind::Reasoning, &text(&event));
            }
            "response.function_call_arguments.delta" => {
                self.items.add(index, Kind::Call, &arguments(event.delta));
            }
            "response.function_call_arguments.done" => {
                self.items.complete(index, &arguments(event.arguments));
            }
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => {
                return self.end(kind, event.response.unwrap_or_default());
            }
            // Beginnings, parts, what is done, what keeps the connection alive, and what is not known.
            _ => return Ok(()),
        }
        let mut events = self.events();
        let written = self.items.write(&mut events, false, false);
        self.events = Some(events);
        written
    }

    /// The events, begun if they are not.
    fn events(&mut self) -> Events {
        self.events.take().unwrap_or_else(|| {
            let context = &self.items.context;
            let id = sdk::message_id(context);
            Events::start(&id, &context.model, context.input_estimate)
        })
    }

    fn end(&mut self, kind: &str, mut response: Response<'_>) -> Result<(), Failure> {
        if response.status.is_none() {
            response.status = kind
                .strip_prefix("response.")
                .map(|status| status.to_owned().into());
        }
        self.items.unsaid(&response)?;
        let reason = stop::finish(&response, self.items.will_call(), self.items.refused)?;
        let mut events = self.events();
        let cut = reason == StopReason::MaxTokens;
        let written = self.items.write(&mut events, true, cut);
        if written.is_ok() {
            events.end(reason, response.usage(&self.items.context));
        }
        self.events = Some(events);
        written
    }
}

fn item(raw: &RawValue) -> Option<Item<'_>> {
    sdk::json::from_str(raw.get()).ok()
}

fn text<'a>(event: &Event<'a>) -> Escaped<'a> {
    event.delta.and_then(Escaped::of).unwrap_or_default()
}
