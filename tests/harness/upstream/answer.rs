//! What a scripted upstream writes, step by step: every byte, cut, pause and frame boundary.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

/// One step of an answer.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Bytes as they are.
    Write(Vec<u8>),
    Pause(Duration),
    /// Nothing more until the test opens the gate.
    Gate(watch::Receiver<bool>),
    /// Nothing more until the peer closes the connection.
    Silence,
    /// A TCP reset.
    Reset,
    /// An orderly close.
    Close,
}

/// An answer to one request. Begin with [`Answer::new`], [`Answer::json`] or [`Answer::sse`], go on
/// with pieces of the body, and finish with [`Answer::end`] or a fault.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(super) steps: Vec<Step>,
    head: Option<String>,
}

/// Held by a test: what stands behind the gate in an [`Answer`] is written once it is opened.
#[derive(Debug)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }
}

impl Answer {
    /// A chunked answer whose head is written with its first piece.
    pub(crate) fn new(status: u16) -> Self {
        Self {
            steps: Vec::new(),
            head: Some(format!("HTTP/1.1 {status} Scripted\r\n")),
        }
    }

    /// A whole JSON body with its length.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string().as_bytes())
    }

    /// A whole body with its length.
    pub(crate) fn whole(status: u16, content_type: &str, body: &[u8]) -> Self {
        Self::new(status)
            .header("content-type", content_type)
            .length(body.len())
            .raw(body)
    }

    /// The beginning of an event stream.
    pub(crate) fn stream() -> Self {
        Self::new(200).header("content-type", "text/event-stream; charset=utf-8")
    }

    /// A whole event stream in one chunk, with its proper end.
    pub(crate) fn sse(body: &[u8]) -> Self {
        Self::stream().chunk(body).end()
    }

    /// Adds a header. Only before the first piece of the body.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let head = self.head.as_mut().expect("headers come before the body");
        head.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// Ends the head: a body of this many bytes follows, by [`Answer::raw`].
    pub(crate) fn length(mut self, length: usize) -> Self {
        let head = self.head.take().expect("the head is open");
        let head = format!("{head}content-length: {length}\r\n\r\n");
        self.steps.push(Step::Write(head.into_bytes()));
        self
    }

    /// Ends the head (it is written now, chunks follow).
    pub(crate) fn head(mut self) -> Self {
        if let Some(head) = self.head.take() {
            let head = format!("{head}transfer-encoding: chunked\r\n\r\n");
            self.steps.push(Step::Write(head.into_bytes()));
        }
        self
    }

    /// One chunk of the body, written at once.
    pub(crate) fn chunk(self, data: &[u8]) -> Self {
        let mut framed = format!("{:x}\r\n", data.len()).into_bytes();
        framed.extend_from_slice(data);
        framed.extend_from_slice(b"\r\n");
        self.head().raw(&framed)
    }

    /// The body in chunks of `size` bytes, each in a write of its own.
    pub(crate) fn chunks_of(self, size: usize, data: &[u8]) -> Self {
        data.chunks(size).fold(self.head(), Self::chunk)
    }

    /// The body in chunks of `size` bytes with a pause after each: an upstream that dribbles.
    pub(crate) fn dribble(self, size: usize, pause: Duration, data: &[u8]) -> Self {
        let write = |answer: Self, piece: &[u8]| answer.chunk(piece).pause(pause);
        data.chunks(size).fold(self.head(), write)
    }

    /// Bytes as they are, without framing.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.steps.push(Step::Write(bytes.to_vec()));
        self
    }

    pub(crate) fn pause(mut self, pause: Duration) -> Self {
        self.steps.push(Step::Pause(pause));
        self
    }

    pub(crate) fn gate(mut self, gate: &Gate) -> Self {
        self.steps.push(Step::Gate(gate.0.subscribe()));
        self
    }

    /// The last chunk: the body is complete.
    pub(crate) fn end(self) -> Self {
        self.head().raw(b"0\r\n\r\n")
    }

    /// The connection is closed in good order, though the body is not complete.
    pub(crate) fn cut(mut self) -> Self {
        self = self.head();
        self.steps.push(Step::Close);
        self
    }

    /// The connection is reset.
    pub(crate) fn reset(mut self) -> Self {
        self = self.head();
        self.steps.push(Step::Reset);
        self
    }

    /// Nothing more comes, the connection stays open until the peer closes it.
    pub(crate) fn silence(mut self) -> Self {
        self = self.head();
        self.steps.push(Step::Silence);
        self
    }

    /// The same answer, begun after a pause.
    pub(crate) fn after(mut self, pause: Duration) -> Self {
        self.steps.insert(0, Step::Pause(pause));
        self
    }

    /// No byte at all, not even a head, until the peer closes the connection.
    pub(crate) fn no_answer() -> Self {
        Self {
            steps: vec![Step::Silence],
            head: None,
        }
    }

    /// The connection ends without a byte.
    pub(crate) fn hang_up() -> Self {
        Self {
            steps: vec![Step::Close],
            head: None,
        }
    }
}
