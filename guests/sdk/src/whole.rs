//! Writes a whole message block by block, by the same calls as the events of a stream: what turns an
//! answer into blocks is written once for both.

use crate::Context;
use crate::events::{Events, StopReason, Usage};
use crate::json::{Escaped, RawValue, Writer, quote_into};
use crate::transformer::message_id;

/// Where the blocks of an answer go: a stream, or a whole message.
pub trait Blocks {
    /// Text, in the open text block or a new one. Empty text is not written.
    fn text(&mut self, text: &Escaped<'_>);
    /// Thinking, in the open thinking block or a new one. Empty thinking is not written.
    fn thinking(&mut self, text: &Escaped<'_>);
    /// Signs the open thinking block. Ignored if none is open.
    fn signature(&mut self, signature: &str);
    /// A whole block of thinking that is not to be read.
    fn redacted(&mut self, data: &str);
    /// Opens a tool block.
    fn tool(&mut self, id: &str, name: &str);
    /// A piece of the open tool block's input. Ignored if no tool block is open.
    fn input(&mut self, json: &Escaped<'_>);
    /// Closes the open block.
    fn close(&mut self);
    /// Whether the open block is one of thinking.
    fn in_thinking(&self) -> bool;
}

impl Blocks for Events {
    fn text(&mut self, text: &Escaped<'_>) {
        Events::text(self, text);
    }

    fn thinking(&mut self, text: &Escaped<'_>) {
        Events::thinking(self, text);
    }

    fn signature(&mut self, signature: &str) {
        Events::signature(self, signature);
    }

    fn redacted(&mut self, data: &str) {
        Events::redacted(self, data);
    }

    fn tool(&mut self, id: &str, name: &str) {
        Events::tool(self, id, name);
    }

    fn input(&mut self, json: &Escaped<'_>) {
        Events::input(self, json);
    }

    fn close(&mut self) {
        Events::close(self);
    }

    fn in_thinking(&self) -> bool {
        self.open_text_block(true).is_some()
    }
}

#[derive(Debug)]
enum Open {
    None,
    Text,
    Thinking { signature: String },
    Tool { input: String },
}

/// A whole message that is being written.
///
/// ```
/// use sdk::events::{StopReason, Usage};
/// use sdk::json::Escaped;
/// use sdk::whole::{Blocks, Whole};
///
/// let context = sdk::test_context("m", false);
/// let mut message = Whole::start();
/// message.text(&Escaped::plain("Look."));
/// message.tool("toolu_1", "Read");
/// message.input(&Escaped::plain(r#"{"path":"a"}"#));
/// let body = message.end(&context, StopReason::ToolUse, Usage::default());
/// assert!(body.contains(r#"{"type":"text","text":"Look."}"#));
/// assert!(body.contains(r#""name":"Read","input":{"path":"a"}}"#));
/// ```
#[derive(Debug)]
pub struct Whole {
    /// The items of `content`, with their commas.
    content: String,
    open: Open,
}

impl Whole {
    /// Begins a message.
    pub fn start() -> Self {
        Self {
            content: String::with_capacity(512),
            open: Open::None,
        }
    }

    /// Ends the message: its JSON. Its id is the exchange's.
    pub fn end(mut self, context: &Context, reason: StopReason, usage: Usage) -> String {
        self.close();
        let mut out = String::with_capacity(self.content.len() + 256);
        let mut message = Writer::object(&mut out);
        message
            .plain("id", &message_id(context))
            .raw("type", r#""message""#)
            .raw("role", r#""assistant""#)
            .plain("model", &context.model)
            .raw("content", &format!("[{}]", self.content))
            .plain("stop_reason", reason.name())
            .raw("stop_sequence", "null");
        usage.write(message.member("usage"));
        message.end();
        out
    }

    /// The buffer, placed for the next block.
    fn item(&mut self) -> &mut String {
        if !self.content.is_empty() {
            self.content.push(',');
        }
        &mut self.content
    }
}

impl Blocks for Whole {
    fn text(&mut self, text: &Escaped<'_>) {
        if text.is_empty() {
            return;
        }
        if !matches!(self.open, Open::Text) {
            self.close();
            self.item().push_str(r#"{"type":"text","text":""#);
            self.open = Open::Text;
        }
        self.content.push_str(text.get());
    }

    fn thinking(&mut self, text: &Escaped<'_>) {
        if text.is_empty() {
            return;
        }
        if !matches!(self.open, Open::Thinking { .. }) {
            self.close();
            self.item().push_str(r#"{"type":"thinking","thinking":""#);
            let signature = String::new();
            self.open = Open::Thinking { signature };
        }
        self.content.push_str(text.get());
    }

    fn signature(&mut self, piece: &str) {
        if let Open::Thinking { signature } = &mut self.open {
            signature.push_str(piece);
        }
    }

    fn redacted(&mut self, data: &str) {
        self.close();
        let mut block = Writer::object(self.item());
        block
            .raw("type", r#""redacted_thinking""#)
            .plain("data", data);
        block.end();
    }

    fn tool(&mut self, id: &str, name: &str) {
        self.close();
        let mut block = Writer::object(self.item());
        block
            .raw("type", r#""tool_use""#)
            .plain("id", id)
            .plain("name", name)
            .member("input");
        let input = String::new();
        self.open = Open::Tool { input };
    }

    fn input(&mut self, json: &Escaped<'_>) {
        if let Open::Tool { input } = &mut self.open {
            input.push_str(&json.unescape());
        }
    }

    fn close(&mut self) {
        match std::mem::replace(&mut self.open, Open::None) {
            Open::None => {}
            Open::Text => self.content.push_str("\"}"),
            Open::Thinking { signature } => {
                self.content.push_str("\",\"signature\":");
                quote_into(&mut self.content, &Escaped::plain(&signature));
                self.content.push('}');
            }
            Open::Tool { input } => {
                let object = input.trim_start().starts_with('{')
                    && crate::json::from_str::<&RawValue>(&input).is_ok();
                self.content.push_str(if object { &input } else { "{}" });
                self.content.push('}');
            }
        }
    }

    fn in_thinking(&self) -> bool {
        matches!(self.open, Open::Thinking { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anthropic::Answer;

    #[test]
    fn the_same_calls_make_a_message_and_a_stream_of_the_same_blocks() {
        fn say(out: &mut impl Blocks) {
            out.thinking(&Escaped::plain("so \"it\""));
            assert!(out.in_thinking());
            out.signature("sealed");
            out.text(&Escaped::plain("a\n"));
            out.text(&Escaped::plain("b"));
            out.redacted("data");
            out.tool("t", "Read");
            out.input(&Escaped::plain("{\"p\":"));
            out.input(&Escaped::plain("1}"));
            out.tool("u", "Bash");
            out.close();
            out.text(&Escaped::default());
        }
        let context = crate::test_context("m", false);
        let mut whole = Whole::start();
        say(&mut whole);
        let body = whole.end(&context, StopReason::ToolUse, Usage::default());
        let message: Answer<'_> = crate::json::from_str(&body).unwrap();
        let kinds: Vec<&str> = message.content.iter().map(|block| &*block.kind).collect();
        let all = [
            "thinking",
            "text",
            "redacted_thinking",
            "tool_use",
            "tool_use",
        ];
        assert_eq!(kinds, all);
        assert_eq!(message.content[0].signature, "sealed");
        assert_eq!(message.content[1].text.unwrap().get(), r#""a\nb""#);
        assert_eq!(message.content[3].input.unwrap().get(), r#"{"p":1}"#);
        assert_eq!(message.content[4].input.unwrap().get(), "{}");
        let mut events = Events::start("msg_1", "m", 1);
        say(&mut events);
        let stream = String::from_utf8(events.take()).unwrap();
        assert_eq!(stream.matches("content_block_stop").count(), 2 * all.len());
    }
}
