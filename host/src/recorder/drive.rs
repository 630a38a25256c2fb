//! Tells a recorded answer that is whole from one in frames, and pushes a recorded stream through guests, in
//! reads of the size that a running exchange gathers. How it was split when it came makes no difference.

use bytes::Bytes;

use super::Answer;
use crate::chain::{After, Chain};
use crate::error::ApiError;
use crate::reading::{Kind, is_lines, kind_of, says_json};
use crate::sse::Framing;
use crate::upstream::joined;

/// Bytes of a read.
const READ: usize = 32 << 10;

/// One message and no stream: by what the body is, whatever was asked for, as in a running exchange.
pub(super) fn is_whole(answer: &Answer, framing: Framing) -> bool {
    let body = &answer.body;
    kind_of(std::slice::from_ref(body)) == Kind::Json
        && (framing == Framing::Sse || (says_json(&answer.head) && !is_lines(body)))
}

/// What came out, and the error with which it ended, if it did.
pub(super) async fn streamed(answer: &Answer, chain: &mut Chain) -> (Bytes, Result<(), ApiError>) {
    let mut out = Vec::new();
    let ended = async {
        chain.begin(&answer.head).await?;
        let mut next = After::More;
        let mut rest = answer.body.clone();
        while !rest.is_empty() && matches!(next, After::More | After::Wake(_)) {
            let step = chain.push(rest.split_to(rest.len().min(READ))).await?;
            out.extend(step.out);
            next = step.next;
        }
        if matches!(next, After::More | After::Wake(_)) {
            let step = chain.finish(&answer.ending).await?;
            out.extend(step.out);
            next = step.next;
        }
        match next {
            After::Failed(error) => Err(error),
            After::More | After::Wake(_) | After::Done => Ok(()),
        }
    };
    let ended = ended.await;
    (joined(out), ended)
}
