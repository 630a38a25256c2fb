//! The stream machine: chunks of an OpenAI-like upstream to events of an Anthropic stream.
//!
//! What becomes of text, thinking and calls is the matter of `blocks`. The end is written when the upstream has said why
//! it stopped and nothing more is to come; an upstream that ends without saying so has failed.

mod arguments;
mod blocks;
mod calls;
pub(crate) mod chunk;
mod cut;
mod lenient;
mod splice;
mod think;

pub use arguments::mend;
pub(crate) use blocks::CUT_CALL;
pub(crate) use chunk::FunctionDelta;
pub(crate) use think::{Piece, Think};

use crate::profile::ReasoningIn;
use crate::request::Names;
use crate::stop::{Finish, Holds, finish};
use crate::{Profile, error};
use blocks::Blocks;
use chunk::{CallDelta, Choice, Chunk, Delta};
use sdk::events::Usage;
use sdk::host::{Level, log};
use sdk::json::Escaped;
use sdk::{Context, Failure, SpliceRule, failure, sse};
use splice::Splice;
use std::collections::BTreeMap;

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

/// What stands between a frame and the one that is glued to it, with the brace that begins that one.
const GLUE: &str = "data: {";

fn torn() -> Failure {
    failure::upstream("upstream cut off a piece of its answer in the middle")
}

fn ended_with_error() -> Failure {
    failure::upstream("upstream ended its answer with an error")
}

/// One answer that is streamed.
pub(crate) struct Stream {
    blocks: Blocks,
    /// It refuses, in words.
    refuses: bool,
    /// Members that hold reasoning, the first one first.
    reasoning_in: Vec<ReasoningIn>,
    /// Text, thinking or a call has come.
    said: bool,
    /// A frame was cut off after something was said: the answer is not whole, whatever its end says.
    torn: bool,
    /// What codes of errors mean, by the profile.
    error_codes: BTreeMap<String, u16>,
    /// The last reason to stop that came. What it means is looked at when nothing more comes.
    finish: Option<String>,
    /// The profile says that a choice names the stop string that it ended at.
    names_stop: bool,
    /// That string.
    stop_string: Option<String>,
    usage: Option<Usage>,
    splice: Splice,
}

impl Stream {
    pub(crate) fn new(context: &Context, profile: &Profile, names: Names) -> Self {
        Self {
            blocks: Blocks::new(context, profile, names),
            refuses: false,
            reasoning_in: profile.reasoning_in.clone(),
            said: false,
            torn: false,
            error_codes: profile.error_codes.clone(),
            finish: None,
            names_stop: profile.stop_reason,
            stop_string: None,
            usage: None,
            splice: Splice::default(),
        }
    }

    /// Takes what was written since the last call.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.blocks.take()
    }

    /// Splice rules, if they are others than before.
    pub(crate) fn take_rules(&mut self) -> Option<Vec<SpliceRule>> {
        let events = self.blocks.plain().filter(|_| self.finish.is_none());
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
            if data.is_empty() || self.blocks.ended() {
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

    fn progress(&self) -> Progress {
        match (self.blocks.ended(), &self.finish) {
            (true, _) => Progress::Done,
            (false, Some(_)) => Progress::AwaitingUsage,
            (false, None) => Progress::More,
        }
    }

    fn end_if_stopped(&mut self) -> Result<(), Failure> {
        if self.blocks.ended() {
            return Ok(());
        }
        if self.finish.is_none() {
            return Err(failure::truncated());
        }
        self.end()
    }

    /// One event.
    fn data(&mut self, frame: &str, data: &str) -> Result<(), Failure> {
        let error = match sdk::json::from_str::<Chunk<'_>>(data) {
            Ok(chunk) => return self.chunk(frame, data, &chunk),
            Err(error) => error,
        };
        if let Some((before, next)) = data.split_once(GLUE) {
            self.glued(before)?;
            return self.data("", &data[data.len() - next.len() - 1..]);
        }
        log(Level::Debug, &format!("malformed chunk: {error}"));
        Err(failure::upstream(
            "upstream sent malformed JSON in its stream",
        ))
    }

    /// A frame that the next one is glued to (GLM-5.1). It may be whole. Mostly it was cut off: as reported it is the very
    /// first one, and the next one begins the answer anew. If something was said before, or in it, a piece is missing.
    fn glued(&mut self, cut: &str) -> Result<(), Failure> {
        if let Ok(chunk) = sdk::json::from_str::<Chunk<'_>>(cut) {
            return self.chunk("", cut, &chunk);
        }
        log(
            Level::Warn,
            "the upstream cut a frame off and glued the next one to it",
        );
        self.torn |= (self.said && self.finish.is_none()) || cut::says_something(cut);
        // What is left of its arguments could pass for a whole call.
        if self.torn && (self.blocks.has_growing_call() || cut.contains("tool_calls")) {
            return Err(torn());
        }
        Ok(())
    }

    fn chunk(&mut self, frame: &str, data: &str, chunk: &Chunk<'_>) -> Result<(), Failure> {
        let groq = chunk.x_groq.as_ref();
        let flat = || chunk.choices.is_none() && error::is_flat(data);
        if chunk.error.is_some() || chunk.base_failed() || flat() {
            return Err(error::in_stream(&self.error_codes, data));
        }
        if let Some(error) = groq.and_then(|groq| groq.error) {
            return Err(error::inside(&self.error_codes, error));
        }
        let counted = chunk.usage.or(groq.and_then(|groq| groq.usage));
        if let Some(tokens) = counted {
            self.usage = Some(tokens.usage());
        }
        let choices = chunk.choices.as_deref().unwrap_or_default();
        let first = choices.iter().find(|choice| choice.index.unwrap_or(0) == 0);
        if let Some(choice) = first {
            self.blocks.start();
            self.choice(frame, choice)?;
        }
        // Counts from before the reason may be counts so far: others can still come.
        if self.finish.is_some() && counted.is_some() {
            self.end()?;
        }
        Ok(())
    }

    fn choice(&mut self, frame: &str, choice: &Choice<'_>) -> Result<(), Failure> {
        if let Some(error) = choice.error {
            return Err(error::inside(&self.error_codes, error));
        }
        // Some servers send the whole message in place of the last delta. What was said by then is in it once more.
        if let Some(delta) = &choice.delta {
            self.delta(frame, delta, false)?;
        } else if let Some(message) = &choice.message {
            self.delta(frame, message, self.said)?;
        }
        // Some servers give a reason in every chunk: the last one counts.
        let Some(reason) = chunk::non_empty(choice.finish_reason) else {
            return Ok(());
        };
        let reason = reason.unescape();
        if finish(&reason, Holds::default()) == Finish::Error {
            return Err(ended_with_error());
        }
        self.finish = Some(reason.into_owned());
        if self.names_stop {
            let string = chunk::non_empty(choice.stop_reason);
            self.stop_string = string.map(|string| string.unescape().into_owned());
        }
        Ok(())
    }

    /// `again`: its words came before. Calls that did are known as such.
    fn delta(&mut self, frame: &str, delta: &Delta<'_>, again: bool) -> Result<(), Failure> {
        let mut said = delta.said(&self.reasoning_in);
        if self.finish.is_some() {
            // Text and calls behind a reason are part of the answer all the same.
            said.thinking = Escaped::default();
        }
        self.refuses |= said.refused;
        if again {
            (said.thinking, said.text) = (Escaped::default(), Escaped::default());
        } else {
            self.blocks.keep_details(delta.reasoning_details);
        }
        if !said.thinking.is_empty() {
            self.blocks.thinking(&said.thinking);
        }
        if !said.text.is_empty() {
            self.blocks.text(&said.text);
        }
        let calls = delta.tool_calls.as_deref().unwrap_or_default();
        self.said |= !said.thinking.is_empty() || !said.text.is_empty() || !calls.is_empty();
        for (position, call) in calls.iter().enumerate() {
            self.blocks.call(call, position)?;
        }
        if let Some(function) = &delta.function_call {
            self.blocks.call(
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

    fn end(&mut self) -> Result<(), Failure> {
        let Some(reason) = &self.finish else {
            return Ok(());
        };
        let holds = Holds {
            calls: self.blocks.has_calls(),
            refusal: self.refuses,
            at_stop: self.stop_string.is_some(),
        };
        let Finish::Stop(reason) = finish(reason, holds) else {
            return Err(ended_with_error());
        };
        self.blocks.flush(reason)?;
        if self.torn {
            return Err(torn());
        }
        self.blocks
            .end(reason, self.stop_string.as_deref(), self.usage);
        Ok(())
    }
}
