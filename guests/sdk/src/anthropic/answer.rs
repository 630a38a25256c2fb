//! Answers: whole messages, and the events of a stream.

use super::Block;
use crate::events;
use crate::json::{Error, RawValue, Str};
use crate::sse::Frame;
use crate::wire::wire;

wire! {
    /// A whole message, or the beginning of one in `message_start`.
    pub struct Answer<'a> {
        /// Unique.
        id: Str<'a>,
        /// `message`.
        kind as "type": Str<'a>,
        /// `assistant`.
        role: Str<'a>,
        /// The model that answered.
        model: Str<'a>,
        /// What it says.
        content: Vec<Block<'a>>,
        /// Why it stopped. None while it has not.
        stop_reason: Option<Str<'a>>,
        /// The stop sequence that was met.
        stop_sequence: Option<Str<'a>>,
        /// Tokens.
        usage: Option<Usage<'a>>,
    }
}

wire! {
    /// Tokens. The whole input is the sum of the three input figures.
    pub struct Usage<'a> {
        /// Input that was neither read from nor written to a cache.
        input_tokens: Option<u64>,
        /// Input written to a cache.
        cache_creation_input_tokens: Option<u64>,
        /// Input read from a cache.
        cache_read_input_tokens: Option<u64>,
        /// Output, thinking included.
        output_tokens: Option<u64>,
        /// What the output was made of.
        output_tokens_details: Option<OutputDetails<'a>>,
    }
}

wire! {
    /// What the output was made of.
    pub struct OutputDetails<'a> {
        /// Thinking.
        thinking_tokens: Option<u64>,
    }
}

impl Usage<'_> {
    /// As [`Events`](events::Events) takes it.
    pub fn tokens(&self) -> events::Usage {
        events::Usage {
            input: self.input_tokens.unwrap_or(0),
            output: self.output_tokens.unwrap_or(0),
            cache_read: self.cache_read_input_tokens.unwrap_or(0),
            cache_creation: self.cache_creation_input_tokens.unwrap_or(0),
            thinking: self
                .output_tokens_details
                .as_ref()
                .and_then(|details| details.thinking_tokens)
                .unwrap_or(0),
        }
    }
}

wire! {
    /// An event of any type, with the members of all types.
    pub struct Event<'a> {
        /// `message_start`, `content_block_delta`, …
        kind as "type": Str<'a>,
        /// Of `message_start`.
        message: Option<Answer<'a>>,
        /// Of the events of a block.
        index: Option<u32>,
        /// Of `content_block_start`.
        content_block: Option<Block<'a>>,
        /// Of `content_block_delta` and `message_delta`.
        delta: Option<Delta<'a>>,
        /// Of `message_delta`.
        usage: Option<Usage<'a>>,
        /// Of `error`.
        error: Option<&'a RawValue>,
    }
}

wire! {
    /// What an event adds.
    pub struct Delta<'a> {
        /// `text_delta`, `thinking_delta`, `input_json_delta`, …; none in `message_delta`.
        kind as "type": Str<'a>,
        /// Of `text_delta`.
        text: Option<&'a RawValue>,
        /// Of `thinking_delta`.
        thinking: Option<&'a RawValue>,
        /// Of `input_json_delta`.
        partial_json: Option<&'a RawValue>,
        /// Of `message_delta`.
        stop_reason: Option<Str<'a>>,
        /// Of `message_delta`.
        stop_sequence: Option<Str<'a>>,
    }
}

impl<'a> Event<'a> {
    /// Reads a frame. None: it has no data, as a comment.
    ///
    /// ```
    /// use sdk::anthropic::Event;
    /// use sdk::json::Escaped;
    ///
    /// let stream = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\
    ///     \"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n";
    /// let frame = sdk::sse::frames(stream).next().expect("one frame");
    /// let event = Event::of(&frame).expect("it has data")?;
    /// let text = event.delta.and_then(|delta| delta.text).and_then(Escaped::of);
    /// assert_eq!(text.expect("a text delta").get(), "Hi");
    /// # Ok::<(), sdk::json::Error>(())
    /// ```
    pub fn of(frame: &'a Frame<'_>) -> Option<Result<Self, Error>> {
        let data = frame.data.as_deref()?;
        Some(serde_json::from_str(data))
    }
}
