//! The mock's answers as ready bytes, HTTP framing included: nothing is formatted per event.

use anyhow::Result;
use bytes::Bytes;

use super::knobs::Knobs;
use super::{chat, messages};

/// The texts of one wire format.
pub(crate) struct Format {
    /// The whole answer to a request that wants no stream.
    pub(crate) whole: String,
    /// What comes before the first content event of a stream.
    pub(crate) opening: String,
    /// One content event.
    pub(crate) event: String,
    /// What comes after the last content event.
    pub(crate) ending: String,
}

/// What is written for one target.
pub(crate) struct Script {
    pub(crate) knobs: Knobs,
    /// Head and body of the answer without a stream.
    pub(crate) whole: Bytes,
    /// Head and first chunk of the stream.
    pub(crate) opening: Bytes,
    /// A chunk with `per_write` content events.
    pub(crate) write: Bytes,
    /// How many of them.
    pub(crate) writes: usize,
    /// The content events that are left, if they do not fill a write.
    pub(crate) rest: Bytes,
    /// The last events and the end of the body.
    pub(crate) ending: Bytes,
}

impl Script {
    /// The script for a request to `target`, chosen by the end of its path; none if the mock has
    /// nothing there.
    pub(crate) fn of_target(target: &str) -> Result<Option<Self>> {
        let knobs = Knobs::of_target(target)?;
        let text: String = " token".chars().cycle().take(knobs.text).collect();
        let path = target.split('?').next().unwrap_or_default();
        let format = if path.ends_with("/chat/completions") {
            chat::format(&text, knobs.events)
        } else if path.ends_with("/messages") {
            messages::format(&text, knobs.events)
        } else {
            return Ok(None);
        };
        Ok(Some(Self::new(knobs, &format)))
    }

    fn new(knobs: Knobs, format: &Format) -> Self {
        let rest = knobs.events % knobs.per_write;
        let whole = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
            format.whole.len(),
            format.whole
        );
        let stream_head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        Self {
            knobs,
            whole: whole.into(),
            opening: format!("{stream_head}{}", chunk(&format.opening)).into(),
            write: chunk(&format.event.repeat(knobs.per_write)).into(),
            writes: knobs.events / knobs.per_write,
            rest: if rest == 0 {
                Bytes::new()
            } else {
                chunk(&format.event.repeat(rest)).into()
            },
            ending: format!("{}0\r\n\r\n", chunk(&format.ending)).into(),
        }
    }
}

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}
