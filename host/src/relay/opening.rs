//! What the first events of a stream amount to. A provider that dies behind `message_start` has said no more
//! than one that dies before it: while another one is left to ask, such events are held back.

use bytes::Bytes;
use serde::Deserialize;

use crate::error::ApiError;
use crate::reading::first_event_error;
use crate::sse::{data, frames};
use crate::upstream::joined;

/// What is looked at; an opening that is longer says something.
const LONGEST: usize = 16 << 10;

/// What came so far.
#[derive(Debug)]
pub(super) enum Opening {
    /// Nothing, or events that tell nothing of the answer, or a part of one.
    Empty,
    /// Something of the answer.
    Said,
    /// An error behind events that tell nothing.
    Failed(ApiError),
}

impl Opening {
    /// Of all pieces since the beginning.
    pub(super) fn of<'p>(pieces: impl Iterator<Item = &'p Bytes> + Clone) -> Self {
        if pieces.clone().map(Bytes::len).sum::<usize>() > LONGEST {
            return Self::Said;
        }
        let bytes = joined(pieces.cloned().collect());
        let told = frames(&bytes).map(|frame| (frame, kind(frame)));
        for (frame, kind) in told {
            match kind {
                Kind::Empty => {}
                Kind::Error => {
                    return match first_event_error(&[bytes.slice_ref(frame)]) {
                        Some(error) => Self::Failed(error),
                        None => Self::Said,
                    };
                }
                Kind::Other => return Self::Said,
            }
        }
        Self::Empty
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Empty,
    Error,
    Other,
}

fn kind(frame: &[u8]) -> Kind {
    #[derive(Deserialize)]
    struct Event<'e> {
        #[serde(borrow, rename = "type")]
        kind: std::borrow::Cow<'e, str>,
    }
    let Some(data) = data(frame) else {
        // A comment, or an event without data, which readers skip.
        return Kind::Empty;
    };
    match serde_json::from_slice::<Event<'_>>(data.trim_ascii()) {
        Ok(event) => match &*event.kind {
            "message_start" | "ping" => Kind::Empty,
            "error" => Kind::Error,
            _ => Kind::Other,
        },
        // The rest of it is yet to come.
        Err(error) if error.is_eof() => Kind::Empty,
        Err(_) => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n";
    const PING: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    const BLOCK: &str =
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0}\n\n";

    fn opening(pieces: &[&str]) -> Opening {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| Bytes::copy_from_slice(piece.as_bytes()))
            .collect();
        Opening::of(pieces.iter())
    }

    #[test]
    fn a_start_pings_comments_and_parts_of_events_say_nothing() {
        for pieces in [
            &[][..],
            &[START],
            &[": hi\n\n", START, PING],
            &[START, "event: content_block_start\nda"],
            &[START, "data: {\"type\":\"content_blo"],
            &[
                "event: mess",
                "age_start\ndata: {\"type\":\"message_start\"}\n\n",
            ],
        ] {
            assert!(matches!(opening(pieces), Opening::Empty), "{pieces:?}");
        }
    }

    #[test]
    fn whatever_else_comes_says_something() {
        let long = format!(": {}\n\n", "x".repeat(LONGEST));
        for pieces in [
            &[START, BLOCK][..],
            &[START, "data: what is this\n\n"],
            &["data: {\"type\":7}\n\n"],
            &[long.as_str()],
        ] {
            assert!(matches!(opening(pieces), Opening::Said), "{pieces:?}");
        }
    }

    #[test]
    fn an_error_behind_the_start_is_found() {
        let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n";
        let Opening::Failed(error) = opening(&[START, PING, error]) else {
            panic!("an error");
        };
        assert_eq!((error.status, error.message.as_str()), (529, "busy"));
    }
}
