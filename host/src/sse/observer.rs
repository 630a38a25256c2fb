//! Watches an Anthropic stream that passes by untouched: whether it ended as it must, and what usage it told.

use serde::Deserialize;

use super::scanner::Scanner;

/// What is kept of a frame that spans reads. The events that matter are shorter.
const CARRY: usize = 16 << 10;

/// Tokens, as the upstream counted them. Missing figures are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Without cache reads and writes.
    pub input_tokens: u64,
    /// Thinking included.
    pub output_tokens: u64,
    /// Read from the provider's cache.
    pub cache_read_input_tokens: u64,
    /// Written to the provider's cache.
    pub cache_creation_input_tokens: u64,
}

impl Usage {
    /// Of an answer that is one message; none if it tells none.
    pub fn of_message(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Message {
            usage: Option<Usage>,
        }
        serde_json::from_slice::<Message>(body).ok()?.usage
    }

    /// Of a stream that is there all at once.
    pub fn of_events(events: &[u8]) -> Self {
        let mut observer = Observer::default();
        observer.see(events);
        observer.usage()
    }

    /// All of the request, whether it came from a cache or not.
    pub fn input(&self) -> u64 {
        self.input_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens
    }
}

/// Sees every read, changes none.
#[derive(Debug)]
pub struct Observer {
    scanner: Scanner,
    carry: Vec<u8>,
    finished: bool,
    failed: bool,
    usage: Usage,
}

impl Default for Observer {
    fn default() -> Self {
        Self {
            scanner: Scanner::new(),
            carry: Vec::new(),
            finished: false,
            failed: false,
            usage: Usage::default(),
        }
    }
}

impl Observer {
    /// Looks at the next read.
    pub fn see(&mut self, read: &[u8]) {
        let mut rest = read;
        while let Some(end) = self.scanner.frame_end(rest) {
            let (frame, after) = rest.split_at(end);
            if self.carry.is_empty() {
                self.frame(frame);
            } else {
                self.carry_on(frame);
                let frame = std::mem::take(&mut self.carry);
                self.frame(&frame);
            }
            rest = after;
        }
        self.carry_on(rest);
    }

    /// Between two frames: a ping may go here.
    pub fn at_boundary(&self) -> bool {
        self.scanner.at_boundary()
    }

    /// `message_stop` or `error` was seen: nothing more has to come.
    pub fn ended(&self) -> bool {
        self.finished || self.failed
    }

    /// At the end of the body: its last event is `message_stop` or `error`, and only lacks its blank line.
    pub fn ends_unclosed(&self) -> bool {
        let last = matches!(name(&self.carry), Some(b"message_stop" | b"error"));
        last && data(&self.carry).is_some_and(|data| {
            serde_json::from_slice::<serde::de::IgnoredAny>(data.trim_ascii()).is_ok()
        })
    }

    /// As told so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    fn carry_on(&mut self, bytes: &[u8]) {
        let room = CARRY.saturating_sub(self.carry.len());
        self.carry
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn frame(&mut self, frame: &[u8]) {
        match name(frame) {
            Some(b"message_stop") => self.finished = true,
            Some(b"error") => self.failed = true,
            Some(b"message_start" | b"message_delta") => self.read_usage(frame),
            _ => {}
        }
    }

    fn read_usage(&mut self, frame: &[u8]) {
        #[derive(Deserialize)]
        struct Event {
            message: Option<Message>,
            usage: Option<Usage>,
        }
        #[derive(Deserialize)]
        struct Message {
            usage: Option<Usage>,
        }
        let Some(data) = data(frame) else { return };
        let Ok(event) = serde_json::from_slice::<Event>(data) else {
            return;
        };
        let Some(told) = event
            .usage
            .or(event.message.and_then(|message| message.usage))
        else {
            return;
        };
        let larger = |had: u64, told: u64| if told > 0 { told } else { had };
        self.usage = Usage {
            input_tokens: larger(self.usage.input_tokens, told.input_tokens),
            output_tokens: larger(self.usage.output_tokens, told.output_tokens),
            cache_read_input_tokens: larger(
                self.usage.cache_read_input_tokens,
                told.cache_read_input_tokens,
            ),
            cache_creation_input_tokens: larger(
                self.usage.cache_creation_input_tokens,
                told.cache_creation_input_tokens,
            ),
        };
    }
}

/// The event's name: of its `event` line, else of `type` at the start of its data.
fn name(frame: &[u8]) -> Option<&[u8]> {
    for line in lines(frame) {
        if let Some(name) = line.strip_prefix(b"event:") {
            return Some(name.trim_ascii());
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            let data = data
                .trim_ascii_start()
                .strip_prefix(b"{\"type\":")?
                .trim_ascii_start();
            let data = data.strip_prefix(b"\"")?;
            return data.get(..memchr::memchr(b'"', data)?);
        }
    }
    None
}

/// The first data line of a frame.
pub fn data(frame: &[u8]) -> Option<&[u8]> {
    lines(frame).find_map(|line| line.strip_prefix(b"data:"))
}

fn lines(frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    frame
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"message_stop\"}}\n\n\
        event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":9}}\n\n\
        event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

    #[test]
    fn a_stream_has_ended_with_its_last_byte_and_not_before() {
        let mut observer = Observer::default();
        for (seen, byte) in STREAM.iter().enumerate() {
            assert!(!observer.ended(), "after {seen} bytes");
            observer.see(std::slice::from_ref(byte));
        }
        assert!(observer.ended() && observer.at_boundary());
        assert_eq!(
            observer.usage(),
            Usage {
                input_tokens: 7,
                output_tokens: 9,
                ..Usage::default()
            }
        );
    }

    #[test]
    fn events_without_an_event_line_are_known_by_their_type() {
        let mut observer = Observer::default();
        observer.see(b"data: {\"type\":\"message_stop\"}\r\n\r\n");
        assert!(observer.ended());
    }

    #[test]
    fn a_last_event_may_lack_its_blank_line_but_none_of_its_data() {
        let whole = STREAM.strip_suffix(b"\n\n").unwrap();
        let seen = |bytes: &[u8]| {
            let mut observer = Observer::default();
            observer.see(bytes);
            observer
        };
        for end in [whole, &[whole, b"\n"].concat()] {
            let observer = seen(end);
            assert!(observer.ends_unclosed() && !observer.ended());
        }
        let (cut, _) = whole.split_at(whole.len() - 1);
        let nameless = b"event: message_stop\n";
        for cut in [cut, nameless.as_slice(), b"", STREAM] {
            assert!(!seen(cut).ends_unclosed());
        }
    }

    #[test]
    fn a_frame_that_is_not_whole_is_no_boundary() {
        let mut observer = Observer::default();
        observer.see(b"event: ping\n");
        assert!(!observer.at_boundary());
        observer.see(b"data: {}\n\n");
        assert!(observer.at_boundary());
    }
}
