//! Pushes a recorded stream through a chain, cut into reads in several ways.

use std::fmt;

use bytes::Bytes;

use super::Streamed;
use super::input::Upstream;
use crate::chain::{After, Chain, Step};
use crate::error::ApiError;
use crate::testing::case::{Ends, Form};
use crate::wasm::bindings::Ending;

/// How an upstream's stream is cut into reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::testing) enum Reads {
    /// All at once.
    Whole,
    /// A frame each.
    Frames,
    /// A byte each.
    Single,
    /// Pieces of random length, from this seed.
    Random(u64),
}

/// One way to run a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::testing) struct Way {
    pub(in crate::testing) reads: Reads,
    /// Splice rules are obeyed.
    pub(in crate::testing) rules: bool,
}

impl Way {
    /// As a host with a fast upstream would see it.
    pub(in crate::testing) const FIRST: Way = Way {
        reads: Reads::Whole,
        rules: true,
    };
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reads {
            Reads::Whole => write!(f, "all at once")?,
            Reads::Frames => write!(f, "frame by frame")?,
            Reads::Single => write!(f, "byte by byte")?,
            Reads::Random(seed) => write!(f, "in random pieces of seed {seed}")?,
        }
        write!(
            f,
            ", splice rules {}",
            if self.rules { "on" } else { "off" }
        )
    }
}

/// Pushes a stream through a chain whose request was made.
pub(super) async fn drive(chain: &mut Chain, upstream: &Upstream, reads: Reads) -> Streamed {
    let mut bytes = Vec::new();
    let broken = matches!(upstream.ending, Ending::Broken(_));
    match pushed(chain, upstream, reads, &mut bytes).await {
        // Never may a break become a clean end.
        Ok(Ended::AfterBreak) => Streamed {
            bytes,
            ends: Ends::Complete,
            error: None,
            made_up_an_end: true,
        },
        Ok(Ended::Complete) => Streamed {
            bytes,
            ends: Ends::Complete,
            error: None,
            made_up_an_end: false,
        },
        Err(error) => Streamed {
            // Before the first event a break is still an HTTP error.
            ends: if broken && !bytes.is_empty() {
                Ends::Cut
            } else {
                Ends::Error
            },
            bytes,
            error: Some(error),
            made_up_an_end: false,
        },
    }
}

enum Ended {
    Complete,
    /// `done` although the transport broke.
    AfterBreak,
}

async fn pushed(
    chain: &mut Chain,
    upstream: &Upstream,
    reads: Reads,
    out: &mut Vec<u8>,
) -> Result<Ended, ApiError> {
    chain.begin(&upstream.head).await?;
    for read in cut(upstream.form, &upstream.body, reads) {
        if is_over(chain.push(Bytes::copy_from_slice(read)).await?, out)? {
            return Ok(Ended::Complete);
        }
    }
    is_over(chain.finish(&upstream.ending).await?, out)?;
    Ok(match upstream.ending {
        Ending::Complete => Ended::Complete,
        Ending::Broken(_) => Ended::AfterBreak,
    })
}

/// The answer is complete. Errors: what the guest says.
fn is_over(step: Step, out: &mut Vec<u8>) -> Result<bool, ApiError> {
    for piece in step.out {
        out.extend_from_slice(&piece);
    }
    match step.next {
        After::More | After::Wake(_) => Ok(false),
        After::Done => Ok(true),
        After::Failed(error) => Err(error),
    }
}

fn cut(form: Form, body: &[u8], reads: Reads) -> Vec<&[u8]> {
    match reads {
        Reads::Whole => vec![body],
        Reads::Frames => form.frames(body),
        Reads::Single => body.chunks(1).collect(),
        Reads::Random(seed) => {
            let mut rest = body;
            let mut state = seed | 1;
            let mut pieces = Vec::new();
            while !rest.is_empty() {
                // xorshift64: reproducible from the seed that a failure shows.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let most = if state & 0x100 == 0 { 8 } else { 700 };
                let (piece, after) =
                    rest.split_at((1 + (state >> 16) as usize % most).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces
        }
    }
}
