//! Writes the events of an Anthropic stream. A malformed stream cannot be written: blocks come one
//! after another with indices 0, 1, 2, …, each is closed before the next, every tool block has a
//! delta, and after the end nothing is written any more.

use crate::json::{Escaped, Writer, number_into, quote_into};
use crate::{Next, Output, Pushed};

/// Why an answer stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It is finished.
    EndTurn,
    /// The output limit was reached.
    MaxTokens,
    /// A stop sequence was met.
    StopSequence,
    /// Tools are called.
    ToolUse,
    /// The provider refused.
    Refusal,
    /// The context window is full.
    ContextWindow,
}

impl StopReason {
    /// Its name in the Messages API.
    pub fn name(self) -> &'static str {
        match self {
            StopReason::EndTurn => "end_turn",
            StopReason::MaxTokens => "max_tokens",
            StopReason::StopSequence => "stop_sequence",
            StopReason::ToolUse => "tool_use",
            StopReason::Refusal => "refusal",
            StopReason::ContextWindow => "model_context_window_exceeded",
        }
    }
}

/// Tokens. The whole input is the sum of the three input figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input that was not read from nor written to a cache.
    pub input: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache.
    pub cache_creation: u64,
    /// Output spent on reasoning, where the provider tells it. 0: not told.
    pub thinking: u64,
}

impl Usage {
    /// Appends the `usage` object.
    pub fn write(self, out: &mut String) {
        let mut usage = Writer::object(out);
        usage
            .number("input_tokens", self.input)
            .number("cache_creation_input_tokens", self.cache_creation)
            .number("cache_read_input_tokens", self.cache_read)
            .number("output_tokens", self.output);
        if self.thinking > 0 {
            let mut details = Writer::object(usage.member("output_tokens_details"));
            details.number("thinking_tokens", self.thinking);
            details.end();
        }
        usage.end();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    None,
    Text,
    Thinking,
    Redacted,
    Tool { filled: bool },
    Ended,
}

/// A stream that is being written. It holds the order itself: [`Events::start`] is the only beginning,
/// opening a block closes the one before it, and after [`Events::end`] nothing is written.
///
/// ```
/// use sdk::events::{Events, StopReason, Usage};
/// use sdk::json::Escaped;
///
/// let mut events = Events::start("msg_1", "model", 12);
/// events.text(&Escaped::plain("Look:\n"));
/// events.tool("toolu_1", "Read");
/// events.input(&Escaped::plain(r#"{"path":"a.txt"}"#));
/// events.end(StopReason::ToolUse, Usage { input: 12, output: 9, ..Usage::default() });
///
/// let stream = String::from_utf8(events.take())?;
/// let names: Vec<&str> = sdk::sse::frames(&stream).map(|frame| frame.event).collect();
/// assert_eq!(names, [
///     "message_start",
///     "content_block_start", "content_block_delta", "content_block_stop",
///     "content_block_start", "content_block_delta", "content_block_stop",
///     "message_delta", "message_stop",
/// ]);
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
#[derive(Debug)]
pub struct Events {
    out: String,
    open: Open,
    /// Index of the open block, or of the next one if none is open.
    index: u32,
    /// Nothing but `message_start` was written, and that was not taken.
    only_begun: bool,
}

impl Events {
    /// Begins a message. `id` must be unique for the answer; `input_tokens` is an estimate.
    pub fn start(id: &str, model: &str, input_tokens: u32) -> Self {
        let mut out = String::with_capacity(512);
        event(&mut out, "message_start", |data| {
            let message = data.member("message");
            let mut message = Writer::object(message);
            message
                .plain("id", id)
                .raw("type", r#""message""#)
                .raw("role", r#""assistant""#)
                .plain("model", model)
                .raw("content", "[]")
                .raw("stop_reason", "null")
                .raw("stop_sequence", "null");
            let usage = Usage {
                input: input_tokens.into(),
                ..Usage::default()
            };
            usage.write(message.member("usage"));
            message.end();
        });
        Self {
            out,
            open: Open::None,
            index: 0,
            only_begun: true,
        }
    }

    /// Text, in the open text block or a new one. Empty text is not written.
    pub fn text(&mut self, text: &Escaped<'_>) {
        if text.is_empty() || !self.enter(Open::Text, r#"{"type":"text","text":""}"#) {
            return;
        }
        self.delta(r#"{"type":"text_delta","text":""#, text);
    }

    /// Thinking, in the open thinking block or a new one.
    pub fn thinking(&mut self, text: &Escaped<'_>) {
        const BLOCK: &str = r#"{"type":"thinking","thinking":"","signature":""}"#;
        if text.is_empty() || !self.enter(Open::Thinking, BLOCK) {
            return;
        }
        self.delta(r#"{"type":"thinking_delta","thinking":""#, text);
    }

    /// Signs the open thinking block, as [`crate::envelope`] makes signatures. Ignored if none is open.
    pub fn signature(&mut self, signature: &str) {
        if self.open == Open::Thinking {
            let signature = Escaped::plain(signature);
            self.delta(r#"{"type":"signature_delta","signature":""#, &signature);
        }
    }

    /// A whole block of thinking that is not to be read: `data` comes back with the conversation.
    pub fn redacted(&mut self, data: &str) {
        self.close();
        if self.open == Open::Ended {
            return;
        }
        let mut block = String::with_capacity(data.len() + 48);
        let mut object = Writer::object(&mut block);
        object
            .raw("type", r#""redacted_thinking""#)
            .plain("data", data);
        object.end();
        self.begin(Open::Redacted, &block);
        self.close();
    }

    /// Opens a tool block. Its input follows by [`Events::input`].
    pub fn tool(&mut self, id: &str, name: &str) {
        self.close();
        if self.open == Open::Ended {
            return;
        }
        let mut block = String::with_capacity(96);
        let mut object = Writer::object(&mut block);
        object
            .raw("type", r#""tool_use""#)
            .plain("id", id)
            .plain("name", name)
            .raw("input", "{}");
        object.end();
        self.begin(Open::Tool { filled: false }, &block);
    }

    /// A piece of the open tool block's input. Ignored if no tool block is open.
    pub fn input(&mut self, json: &Escaped<'_>) {
        let Open::Tool { filled } = &mut self.open else {
            return;
        };
        *filled = true;
        self.delta(r#"{"type":"input_json_delta","partial_json":""#, json);
    }

    /// Closes the open block.
    pub fn close(&mut self) {
        match self.open {
            Open::None | Open::Ended => return,
            Open::Tool { filled: false } => self.input(&Escaped::verbatim("")),
            Open::Text | Open::Thinking | Open::Redacted | Open::Tool { .. } => {}
        }
        let index = self.index;
        event(&mut self.out, "content_block_stop", |data| {
            data.number("index", index.into());
        });
        self.open = Open::None;
        self.index += 1;
    }

    /// Ends the message.
    pub fn end(&mut self, reason: StopReason, usage: Usage) {
        self.finish(reason, None, usage);
    }

    /// Ends the message where the client's stop sequence was met.
    pub fn end_at(&mut self, sequence: &str, usage: Usage) {
        self.finish(StopReason::StopSequence, Some(sequence), usage);
    }

    fn finish(&mut self, reason: StopReason, sequence: Option<&str>, usage: Usage) {
        self.close();
        if self.open == Open::Ended {
            return;
        }
        self.only_begun = false;
        event(&mut self.out, "message_delta", |data| {
            let mut delta = Writer::object(data.member("delta"));
            delta.plain("stop_reason", reason.name());
            match sequence {
                Some(sequence) => delta.plain("stop_sequence", sequence),
                None => delta.raw("stop_sequence", "null"),
            };
            delta.end();
            usage.write(data.member("usage"));
        });
        event(&mut self.out, "message_stop", |_| {});
        self.open = Open::Ended;
    }

    /// Whether the message has ended.
    pub fn ended(&self) -> bool {
        self.open == Open::Ended
    }

    /// Takes what was written since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        self.only_begun &= self.out.is_empty();
        std::mem::take(&mut self.out).into_bytes()
    }

    /// The answer to a push: what was written since the last one, and what comes next. The beginning of
    /// the message waits until something is said, so that a client gets a failure before that with its
    /// HTTP status, whatever the upstream sent first.
    pub fn pushed(&mut self, next: Next) -> Pushed {
        let out = match self.take_said() {
            written if written.is_empty() => Output::Drop,
            written => Output::Replace(written),
        };
        crate::pushed(out, next)
    }

    /// Takes what was written since the last call, if anything was said yet.
    pub fn take_said(&mut self) -> Vec<u8> {
        if self.only_begun {
            return Vec::new();
        }
        self.take()
    }

    /// The index of the open block, if it is one of text, or of thinking.
    pub fn open_text_block(&self, thinking: bool) -> Option<u32> {
        let kind = if thinking { Open::Thinking } else { Open::Text };
        (self.open == kind).then_some(self.index)
    }

    /// What stands before and after the literal in a delta of the open text or thinking block, for a
    /// splice rule.
    pub fn delta_frame(&self, thinking: bool) -> (String, &'static str) {
        let mut prefix = String::from(DELTA);
        number_into(&mut prefix, self.index.into());
        prefix.push_str(if thinking {
            r#","delta":{"type":"thinking_delta","thinking":"#
        } else {
            r#","delta":{"type":"text_delta","text":"#
        });
        (prefix, "}}\n\n")
    }

    /// Makes sure that a block of this kind is open.
    fn enter(&mut self, kind: Open, block: &str) -> bool {
        if self.open == kind {
            return true;
        }
        self.close();
        if self.open == Open::Ended {
            return false;
        }
        self.begin(kind, block);
        true
    }

    fn begin(&mut self, kind: Open, block: &str) {
        self.only_begun = false;
        let index = self.index;
        event(&mut self.out, "content_block_start", |data| {
            data.number("index", index.into())
                .raw("content_block", block);
        });
        self.open = kind;
    }

    /// One delta; `before` ends with the quote that opens the text.
    fn delta(&mut self, before: &str, text: &Escaped<'_>) {
        self.out.push_str(DELTA);
        number_into(&mut self.out, self.index.into());
        self.out.push_str(",\"delta\":");
        self.out.push_str(&before[..before.len() - 1]);
        quote_into(&mut self.out, text);
        self.out.push_str("}}\n\n");
    }
}

const DELTA: &str =
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":";

/// Writes one event whose data has `type` and what `fill` adds.
fn event(out: &mut String, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
    out.push_str("event: ");
    out.push_str(name);
    out.push_str("\ndata: ");
    let mut data = Writer::object(out);
    data.plain("type", name);
    fill(&mut data);
    data.end();
    out.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(events: &mut Events) -> Vec<String> {
        let bytes = events.take();
        let text = crate::sse::text(&bytes);
        crate::sse::frames(&text)
            .map(|frame| frame.event.to_owned())
            .collect()
    }

    #[test]
    fn blocks_are_closed_before_the_next_one_opens() {
        let mut events = Events::start("msg_1", "m", 1);
        events.text(&Escaped::verbatim("a"));
        events.tool("t", "n");
        events.text(&Escaped::verbatim("b"));
        events.end(StopReason::ToolUse, Usage::default());
        events.text(&Escaped::verbatim("late"));
        let expected = "message_start content_block_start content_block_delta content_block_stop \
            content_block_start content_block_delta content_block_stop \
            content_block_start content_block_delta content_block_stop message_delta message_stop";
        assert_eq!(
            names(&mut events).join(" "),
            expected.replace("            ", "")
        );
    }

    #[test]
    fn a_failure_before_anything_was_said_does_not_begin_the_message() {
        let failed = || Next::Failed(crate::failure::truncated());
        let mut events = Events::start("msg_1", "m", 1);
        assert_eq!(events.pushed(failed()).out, Output::Drop);
        let mut events = Events::start("msg_1", "m", 1);
        events.text(&Escaped::verbatim("a"));
        assert!(matches!(events.pushed(failed()).out, Output::Replace(_)));
    }

    #[test]
    fn the_beginning_waits_for_what_is_said_however_many_pushes_that_takes() {
        let mut events = Events::start("msg_1", "m", 1);
        assert_eq!(events.pushed(Next::More).out, Output::Drop);
        events.text(&Escaped::verbatim("a"));
        let said = events.pushed(Next::More).out;
        let begins = |out: &[u8]| out.starts_with(b"event: message_start");
        assert!(matches!(said, Output::Replace(out) if begins(&out)));
        let mut events = Events::start("msg_1", "m", 1);
        events.end(StopReason::EndTurn, Usage::default());
        assert!(matches!(events.pushed(Next::Done).out, Output::Replace(_)));
    }

    #[test]
    fn the_spliced_frame_is_what_would_have_been_written() {
        let mut events = Events::start("msg_1", "m", 1);
        events.text(&Escaped::verbatim("a"));
        events.take();
        events.text(&Escaped::verbatim("b"));
        assert_eq!(events.open_text_block(false), Some(0));
        let (prefix, suffix) = events.delta_frame(false);
        assert_eq!(events.take(), format!("{prefix}\"b\"{suffix}").into_bytes());
    }
}
