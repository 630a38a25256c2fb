//! Bodies to and from an upstream: sent in pieces that are not joined, read with a limit or as a
//! stream that gathers what waits.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::{Scrubber, Secrets, root_cause};
use crate::recorder::Tape;
use crate::wasm::bindings::Ending;

/// A request body in pieces, with its length known.
pub struct SlicedBody {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl SlicedBody {
    /// The pieces in order.
    pub fn new(pieces: Vec<Bytes>) -> Self {
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self {
            pieces: pieces
                .into_iter()
                .filter(|piece| !piece.is_empty())
                .collect(),
            left,
        }
    }
}

impl Body for SlicedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        if let Some(piece) = &piece {
            self.left -= piece.len() as u64;
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Why a body could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The connection broke.
    #[error("the upstream's connection broke: {0}")]
    Broken(String),
    /// Nothing came for too long.
    #[error("the upstream was silent for {} s (timeouts.idle_ms)", .0.as_secs_f32())]
    Idle(Duration),
    /// The body is larger than allowed.
    #[error("the upstream's answer is larger than {0} bytes (limits.response_body)")]
    TooLarge(usize),
}

/// How many bytes are gathered before they are handed on.
const GATHER: usize = 32 << 10;

/// How often a read that found nothing more looks again before what was gathered is handed on.
/// HTTP clients give one chunk a poll, so that what waits in the socket only shows on the next
/// turn of the scheduler; two turns gather nearly all, and cost nothing when nothing waits.
const TURNS: u32 = 2;

type Reads = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// An upstream's body. Every byte is scrubbed.
pub struct UpstreamBody {
    reads: Reads,
    idle: Duration,
    /// When something last came. A caller that looks elsewhere meanwhile does not make it later.
    heard: Instant,
    scrubber: Scrubber,
    gathered: Vec<Bytes>,
    tape: Option<Tape>,
    ended: Option<Result<(), ReadError>>,
}

impl UpstreamBody {
    pub(super) fn new(response: reqwest::Response, idle: Duration, scrubber: Scrubber) -> Self {
        Self::from_stream(Box::pin(response.bytes_stream()), idle, scrubber)
    }

    pub(crate) fn from_stream(reads: Reads, idle: Duration, scrubber: Scrubber) -> Self {
        Self {
            reads,
            idle,
            heard: Instant::now(),
            scrubber,
            gathered: Vec::new(),
            tape: None,
            ended: None,
        }
    }

    /// Records what comes from here on.
    pub fn record(&mut self, tape: Option<Tape>) {
        self.tape = tape;
    }

    /// Whether it is recorded.
    pub fn is_recorded(&self) -> bool {
        self.tape.is_some()
    }

    /// Records what became of `read` of its bytes: `out` bytes for the client, and `spliced` frames
    /// in all that no guest saw.
    pub fn stepped(&self, read: usize, out: usize, spliced: u64) {
        if let Some(tape) = &self.tape {
            tape.stepped(read, out, spliced);
        }
    }

    /// The secrets that are taken out of it.
    pub fn secrets(&self) -> &Secrets {
        self.scrubber.secrets()
    }

    /// What waits, as the pieces that came. None at a proper end. Cancel-safe.
    pub async fn gather(&mut self) -> Result<Option<Vec<Bytes>>, ReadError> {
        loop {
            let deadline = self.heard + self.idle;
            match tokio::time::timeout_at(deadline, self.gather_some()).await {
                Ok(gathered) => return gathered,
                // Bytes came while nobody looked: the client was slow, not the upstream silent.
                Err(_) if self.heard + self.idle > Instant::now() => {}
                Err(_) => {
                    let idle = ReadError::Idle(self.idle);
                    if let Some(tape) = &self.tape {
                        tape.ended(Ending::Broken(idle.to_string()));
                    }
                    return Err(idle);
                }
            }
        }
    }

    async fn gather_some(&mut self) -> Result<Option<Vec<Bytes>>, ReadError> {
        let mut turns = 0;
        std::future::poll_fn(|cx| self.poll_gather(cx, &mut turns)).await;
        if !self.gathered.is_empty() {
            return Ok(Some(std::mem::take(&mut self.gathered)));
        }
        match self.ended.clone() {
            Some(Err(error)) => Err(error),
            _ => Ok(None),
        }
    }

    /// Ready when something was gathered or the body ended.
    fn poll_gather(&mut self, cx: &mut Context<'_>, turns: &mut u32) -> Poll<()> {
        let mut size: usize = self.gathered.iter().map(Bytes::len).sum();
        while self.ended.is_none() && size < GATHER {
            match self.reads.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(read))) => {
                    size += read.len();
                    self.heard = Instant::now();
                    let clean = self.scrubber.feed(read);
                    self.take_in(clean);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.end(Err(ReadError::Broken(root_cause(&error))));
                }
                Poll::Ready(None) => {
                    let held = self.scrubber.end();
                    self.take_in(held);
                    self.end(Ok(()));
                }
                Poll::Pending if self.gathered.is_empty() => return Poll::Pending,
                Poll::Pending if *turns < TURNS => {
                    *turns += 1;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => break,
            }
        }
        Poll::Ready(())
    }

    fn take_in(&mut self, clean: impl IntoIterator<Item = Bytes>) {
        let first = self.gathered.len();
        self.gathered.extend(clean);
        if let Some(tape) = &self.tape {
            for piece in self.gathered.iter().skip(first) {
                tape.read(piece);
            }
        }
    }

    fn end(&mut self, how: Result<(), ReadError>) {
        if let Some(tape) = &self.tape {
            tape.ended(match &how {
                Ok(()) => Ending::Complete,
                Err(error) => Ending::Broken(error.to_string()),
            });
        }
        self.ended = Some(how);
    }

    /// The whole body.
    pub async fn whole(&mut self, limit: usize) -> Result<Bytes, ReadError> {
        let mut pieces = Vec::new();
        let mut size = 0;
        while let Some(reads) = self.gather().await? {
            size += reads.iter().map(Bytes::len).sum::<usize>();
            if size > limit {
                return Err(ReadError::TooLarge(limit));
            }
            pieces.extend(reads);
        }
        Ok(joined(pieces))
    }

    /// What comes of it within `time`, at most `limit` bytes, however it ends: the words of an error.
    pub async fn prefix(&mut self, limit: usize, time: Duration) -> Bytes {
        let until = Instant::now() + time;
        let (mut pieces, mut left) = (Vec::new(), limit);
        while left > 0
            && let Ok(Ok(Some(reads))) = tokio::time::timeout_at(until, self.gather()).await
        {
            for mut read in reads {
                read.truncate(left);
                left -= read.len();
                pieces.push(read);
            }
        }
        self.release();
        joined(pieces)
    }

    /// Reads a short rest of a finished answer on a task of its own: a connection whose body was
    /// read to the end is used again. A longer rest is not worth waiting for.
    pub fn release(&mut self) {
        if self.ended.is_some() {
            return;
        }
        self.end(Ok(()));
        let mut rest = std::mem::replace(&mut self.reads, Box::pin(futures_util::stream::empty()));
        tokio::spawn(tokio::time::timeout(Duration::from_secs(1), async move {
            let mut left = GATHER;
            while let Some(Ok(read)) = std::future::poll_fn(|cx| rest.as_mut().poll_next(cx)).await
            {
                left = left.saturating_sub(read.len());
                if left == 0 {
                    break;
                }
            }
        }));
    }
}

/// One buffer of several; a single one is not copied.
pub(crate) fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() <= 1 {
        return pieces.pop().unwrap_or_default();
    }
    let mut all = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    for piece in &pieces {
        all.extend_from_slice(piece);
    }
    all.freeze()
}
