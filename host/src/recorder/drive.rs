//! Pushes a recorded stream through guests, in reads of the size that a running exchange gathers.
//! How it was split when it came makes no difference.

use bytes::Bytes;

use super::Answer;
use crate::chain::{After, Chain};
use crate::error::ApiError;
use crate::upstream::joined;

/// Bytes of a read.
const READ: usize = 32 << 10;

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
