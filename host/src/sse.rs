//! Server-Sent Events as bytes: where frames end, and what a few events say. No JSON but for the
//! usage that an observer reads; no HTTP; no guests.
//!
//! The grammar is that of the HTML standard's event streams: lines end in LF, CR or CRLF, a blank
//! line ends a frame, a byte order mark may come first.

mod framer;
mod observer;
mod scanner;

pub use framer::{FrameTooLong, Framer, Framing};
pub use observer::{Observer, Usage, data};
pub use scanner::frames;

/// The longest bytes order mark there is, at the start of a stream.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// One Anthropic event as a frame. `data` must be one line of JSON.
pub fn event(name: &str, data: &str) -> bytes::Bytes {
    bytes::Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// The keep-alive event of the Messages API.
pub const PING: &[u8] = b"event: ping\ndata: {\"type\":\"ping\"}\n\n";
