//! What the providers' answers have in common: unique ids and the way a stream is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::Turn;
use crate::harness::upstream::Answer;

/// Long enough for a hop on loopback under load.
const MOMENT: Duration = Duration::from_millis(300);

/// Unique in the process, and without any order that a reader could rely on.
pub(crate) fn unique() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT
        .fetch_add(1, Ordering::Relaxed)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A tool call id as Cerebras makes them: nine hexadecimal digits.
pub(crate) fn short_id() -> String {
    format!("{:09x}", unique() >> 28)
}

/// A rough count of tokens, so that usage grows with the conversation.
pub(crate) fn tokens(value: &Value) -> usize {
    value.to_string().len() / 4 + 1
}

/// A stream that fails: what was said before, and the error a moment later, so that what stands in
/// between passes the first part on before it learns of the second.
pub(crate) fn failing_stream(before: &[Vec<u8>], error: &[u8]) -> Answer {
    let stream = Answer::stream();
    let stream = before
        .iter()
        .fold(stream, |stream, event| stream.chunk(event));
    stream.pause(MOMENT).chunk(error).end()
}

/// Events as a stream: an event a chunk, or a byte a chunk.
pub(crate) fn stream(turn: &Turn, events: &[Vec<u8>]) -> Answer {
    let stream = Answer::stream();
    if turn.byte_by_byte {
        return stream.chunks_of(1, &events.concat()).end();
    }
    events
        .iter()
        .fold(stream, |stream, event| stream.chunk(event))
        .end()
}
