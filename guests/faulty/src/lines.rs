//! An upstream that frames its answer as JSON lines: `{"text":"…"}`, at last `{"done":true}`.

use sdk::events::{Events, StopReason, Usage};
use sdk::json::{Escaped, Members};
use sdk::{Context, Next, Output, Pushed, failure};

/// One such answer.
pub(crate) struct Lines(Events);

impl Lines {
    pub(crate) fn new(context: &Context) -> Self {
        Lines(Events::start(
            &sdk::message_id(context),
            &context.model,
            context.input_estimate,
        ))
    }

    pub(crate) fn push(&mut self, frames: &[u8]) -> Pushed {
        let text = String::from_utf8_lossy(frames);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Ok(members) = sdk::json::from_str::<Members<'_>>(line) else {
                let failure = failure::upstream("upstream sent a malformed line");
                return sdk::pushed(Output::Drop, Next::Failed(failure));
            };
            if let Some(text) = members.get("text").and_then(Escaped::of) {
                self.0.text(&text);
            }
            if members.get("done").is_some() {
                self.0.end(StopReason::EndTurn, Usage::default());
            }
        }
        let next = if self.0.ended() {
            Next::Done
        } else {
            Next::More
        };
        sdk::pushed(Output::Replace(self.0.take()), next)
    }
}
