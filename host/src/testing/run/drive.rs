//! Pushes a recorded stream through a chain, cut into reads in several ways.

use bytes::Bytes;

use crate::chain::{After, Chain, Step};
use crate::error::ApiError;
use crate::sse::{Framing, frames};
use crate::testing::case::{EndingPlan, Ends};
use crate::wasm::bindings::{Ending, Head};

/// How an upstream's stream is cut into reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reads {
    Whole,
    Frames,
    Bytes(u64),
}

/// Pushes a stream through; how it ended, or the error that a guest said.
pub(super) async fn drive(
    chain: &mut Chain,
    head: &Head,
    (framing, body): (Framing, &[u8]),
    ending: &EndingPlan,
    reads: Reads,
    out: &mut Vec<u8>,
) -> Result<Ends, ApiError> {
    chain.begin(head).await?;
    for read in cut(framing, body, reads) {
        if let Some(ends) = step(chain.push(Bytes::copy_from_slice(read)).await?, out)? {
            return Ok(ends);
        }
    }
    let ending = match ending {
        EndingPlan::Complete => Ending::Complete,
        EndingPlan::Broken(why) => Ending::Broken(why.clone()),
    };
    let ended = step(chain.finish(&ending).await?, out)?;
    match (ended, ending) {
        (_, Ending::Broken(_)) => Err(ApiError::new(
            "api_error",
            "a clean end was made of a broken transport",
        )),
        (ended, Ending::Complete) => Ok(ended.unwrap_or(Ends::Complete)),
    }
}

fn step(step: Step, out: &mut Vec<u8>) -> Result<Option<Ends>, ApiError> {
    for piece in step.out {
        out.extend_from_slice(&piece);
    }
    match step.next {
        After::More | After::Wake(_) => Ok(None),
        After::Done => Ok(Some(Ends::Complete)),
        After::Failed(error) => Err(error),
    }
}

fn cut(framing: Framing, body: &[u8], reads: Reads) -> Vec<&[u8]> {
    match reads {
        Reads::Whole => vec![body],
        Reads::Frames if framing == Framing::JsonLines => {
            body.split_inclusive(|byte| *byte == b'\n').collect()
        }
        Reads::Frames => frames(body).collect(),
        Reads::Bytes(seed) => {
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
