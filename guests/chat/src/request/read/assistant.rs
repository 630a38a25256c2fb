//! What the assistant said, thought and called.

use super::super::found;
use super::super::lost::{NO_PLACE, Place};
use super::super::turn::{Assistant, Call, Said, Turn};
use super::{REASONING_DETAILS, Reader};
use crate::profile::ReasoningOut;
use crate::signature;
use sdk::anthropic::{Block, Content, Message};
use sdk::json::{Error, Escaped, RawValue, separator};
use sdk::{envelope, host};

impl<'a> Reader<'a, '_> {
    pub(super) fn assistant(&mut self, message: &Message<'a>) -> Result<(), Error> {
        let mut turn = Assistant::default();
        match Content::of(message.content)? {
            Content::Text(text) => {
                if self.form.blocks && !text.is_empty() {
                    turn.said.push(Said::Text(text.clone()));
                }
                turn.text = text;
            }
            Content::Blocks(blocks) => {
                for block in blocks {
                    self.assistant_block(&mut turn, block);
                }
            }
        }
        if turn.signature.take().is_some() {
            let why = "no call is behind the signature of a thought";
            host::note("drop", "messages", why);
        }
        if turn.is_empty() {
            let why = "nothing is left of an assistant message";
            host::note("drop", "messages", why);
        } else {
            self.turns.push(Turn::Assistant(turn));
        }
        Ok(())
    }

    fn assistant_block(&self, turn: &mut Assistant<'a>, block: Block<'a>) {
        self.lost.rest(Place::Block, &block.rest);
        if block.cache_control.is_some() {
            let why = if self.profile.cache_control {
                "only marks on the system text, on what users say and on results go out"
            } else {
                NO_PLACE
            };
            let lost = &self.lost;
            lost.member(Place::Block, "cache_control", "drop", why);
        }
        match block.kind.as_ref() {
            "text" => {
                let text = block.text.and_then(Escaped::of).unwrap_or_default();
                self.says(turn, separator::NONE, text);
            }
            "tool_use" => {
                if self.form.blocks {
                    turn.said.push(Said::Call(turn.calls.len()));
                }
                turn.calls.push(Call {
                    id: block.id.into_cow(),
                    name: block.name.into_cow(),
                    arguments: match block.input.map(RawValue::get) {
                        None | Some("null") => "{}",
                        Some(input) => input,
                    },
                    signature: turn.signature.take(),
                });
            }
            "thinking" | "redacted_thinking" => self.reasoning(turn, &block),
            "server_tool_use" => {
                let input = block.input.map_or("{}", RawValue::get);
                let text = format!("[{} {input}]\n", block.name);
                self.says(turn, separator::LINE, Escaped::plain(&text));
            }
            kind if kind.ends_with("_tool_result") => {
                self.says(
                    turn,
                    separator::NONE,
                    found::text(block.content, &self.lost),
                );
            }
            kind => host::note(
                "drop",
                "messages",
                &format!("an assistant block of type {kind}"),
            ),
        }
    }

    /// More text of an assistant message.
    fn says(&self, turn: &mut Assistant<'a>, separator: &'static str, text: Escaped<'a>) {
        if self.form.blocks && !text.is_empty() {
            turn.said.push(Said::Text(text.clone()));
        }
        turn.text.join(separator, text);
    }

    /// Earlier thinking, in the way the provider takes it back.
    fn reasoning(&self, turn: &mut Assistant<'a>, block: &Block<'a>) {
        if self.form.blocks {
            let thinking = block.thinking.and_then(Escaped::of).unwrap_or_default();
            let sealed = if block.data.is_empty() {
                &block.signature
            } else {
                &block.data
            };
            let sealed = sealed.clone().into_cow();
            turn.said.push(Said::Thinking(thinking, sealed));
            return;
        }
        if let Some(signature) = signature::open(self.context, &block.data) {
            turn.signature = Some(signature);
            return;
        }
        match self.profile.reasoning_out {
            ReasoningOut::ReasoningDetails => {
                let sealed = [&*block.signature, &*block.data];
                let opened = sealed
                    .iter()
                    .find_map(|sealed| envelope::open(self.context, REASONING_DETAILS, sealed));
                if let Some(details) = opened {
                    turn.details.push(details);
                    return;
                }
            }
            ReasoningOut::Drop => {}
            ReasoningOut::Reasoning
            | ReasoningOut::ReasoningContent
            | ReasoningOut::ThinkTags
            | ReasoningOut::ContentParts => {
                if let Some(thinking) = block.thinking.and_then(Escaped::of) {
                    turn.reasoning.join(separator::LINE, thinking);
                    return;
                }
            }
        }
        let why = "the provider does not take this earlier thinking back";
        host::note("drop", "messages", why);
    }
}
