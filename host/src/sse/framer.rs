//! Turns reads of an upstream into blocks of whole frames, without copying a frame that lies in one read.

use bytes::{Bytes, BytesMut};

use super::BOM;
use super::scanner::Scanner;

/// How a stream is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-Sent Events.
    Sse,
    /// One JSON text a line.
    JsonLines,
}

impl Framing {
    /// By the name that the WIT uses.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sse" => Some(Self::Sse),
            "json-lines" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// A frame grew beyond the limit without ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the upstream's stream is longer than {limit} bytes (limits.frame)")]
pub struct FrameTooLong {
    /// In bytes.
    pub limit: usize,
}

/// Keeps the part of a frame that has not ended yet.
#[derive(Debug)]
pub struct Framer {
    framing: Framing,
    scanner: Scanner,
    partial: BytesMut,
    limit: usize,
    started: bool,
}

impl Framer {
    /// `limit` is the longest frame, in bytes.
    pub fn new(framing: Framing, limit: usize) -> Self {
        Self {
            framing,
            scanner: Scanner::new(),
            partial: BytesMut::new(),
            limit,
            started: false,
        }
    }

    /// The frames that are whole now: first one that began in an earlier read (joined, the only
    /// copy), then those that lie in this read (a slice of it).
    pub fn feed(&mut self, read: Bytes) -> Result<[Option<Bytes>; 2], FrameTooLong> {
        let Some(mut read) = self.without_bom(read) else {
            return Ok([None, None]);
        };
        let mut joined = None;
        if !self.partial.is_empty() {
            let Some(end) = self.end_in(&read) else {
                self.keep(&read)?;
                return Ok([None, None]);
            };
            self.partial.extend_from_slice(&read.split_to(end));
            joined = Some(self.partial.split().freeze());
        }
        let mut whole = 0;
        while let Some(end) = self.end_in(read.get(whole..).unwrap_or_default()) {
            whole += end;
        }
        let block = read.split_to(whole);
        self.keep(&read)?;
        Ok([joined, (!block.is_empty()).then_some(block)])
    }

    /// At a proper end of the stream: what stands after the last frame, as it came. A frame whose
    /// blank line is missing, or half of one: the reader judges. Only white space: none.
    pub fn rest(&mut self) -> Option<Bytes> {
        let rest = self.partial.split();
        (!rest.iter().all(u8::is_ascii_whitespace)).then(|| rest.freeze())
    }

    fn end_in(&mut self, bytes: &[u8]) -> Option<usize> {
        match self.framing {
            Framing::Sse => self.scanner.frame_end(bytes),
            Framing::JsonLines => memchr::memchr(b'\n', bytes).map(|at| at + 1),
        }
    }

    fn keep(&mut self, tail: &[u8]) -> Result<(), FrameTooLong> {
        if self.partial.len() + tail.len() > self.limit {
            return Err(FrameTooLong { limit: self.limit });
        }
        self.partial.extend_from_slice(tail);
        Ok(())
    }

    /// Takes a byte order mark off the start of the stream; none while it may still be one.
    fn without_bom(&mut self, mut read: Bytes) -> Option<Bytes> {
        if self.started {
            return Some(read);
        }
        if !self.partial.is_empty() {
            let mut joined = self.partial.split();
            joined.extend_from_slice(&read);
            read = joined.freeze();
        }
        if read.len() < BOM.len() && BOM.starts_with(&read) {
            self.partial.extend_from_slice(&read);
            return None;
        }
        self.started = true;
        if read.starts_with(BOM) {
            read = read.slice(BOM.len()..);
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(framing: Framing, pieces: &[&[u8]]) -> Vec<u8> {
        let mut framer = Framer::new(framing, 1 << 20);
        let mut out = Vec::new();
        for piece in pieces {
            for block in framer
                .feed(Bytes::copy_from_slice(piece))
                .unwrap()
                .into_iter()
                .flatten()
            {
                out.extend_from_slice(&block);
                out.push(0);
            }
        }
        if let Some(rest) = framer.rest() {
            out.extend_from_slice(&rest);
        }
        out
    }

    #[test]
    fn a_frame_that_lies_in_one_read_is_a_slice_of_it() {
        let read = Bytes::from_static(b"data: a\n\ndata: b\n\ndata: c");
        let mut framer = Framer::new(Framing::Sse, 100);
        let [joined, block] = framer.feed(read.clone()).unwrap();
        assert!(joined.is_none());
        let block = block.unwrap();
        assert_eq!(block.as_ptr(), read.as_ptr());
        assert_eq!(block.as_ref(), b"data: a\n\ndata: b\n\n");
        assert_eq!(framer.rest().unwrap().as_ref(), b"data: c");
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_however_it_is_split() {
        assert_eq!(
            run(Framing::Sse, &[b"\xef\xbb\xbfdata: a\n\n"]),
            b"data: a\n\n\0"
        );
        assert_eq!(
            run(Framing::Sse, &[b"\xef", b"\xbb", b"\xbfdata: a\n\n"]),
            b"data: a\n\n\0"
        );
        assert_eq!(
            run(Framing::Sse, &[b"\xef", b"data: a\n\n"]),
            b"\xefdata: a\n\n\0"
        );
    }

    #[test]
    fn a_frame_without_end_is_refused_at_the_limit() {
        let mut framer = Framer::new(Framing::Sse, 10);
        assert!(framer.feed(Bytes::from_static(b"data: 123456")).is_err());
    }

    #[test]
    fn json_lines_end_at_each_line() {
        assert_eq!(
            run(Framing::JsonLines, &[b"{}\n{\"a\":", b"1}\n{}"]),
            b"{}\n\0{\"a\":1}\n\0{}"
        );
    }

    proptest! {
        #[test]
        fn any_way_of_splitting_a_stream_gives_the_same_bytes(
            text in "(data: [a-z]{0,8}(\n|\r\n|\r)|:c(\n|\r\n|\r)|\n|\r\n|\r){0,30}",
            cuts in proptest::collection::vec(0usize..400, 0..20),
        ) {
            let bytes = text.as_bytes();
            let mut at: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let flat = |out: Vec<u8>| out.into_iter().filter(|byte| *byte != 0).collect::<Vec<_>>();
            let whole = flat(run(Framing::Sse, &[bytes]));
            let split = flat(run(Framing::Sse, &pieces));
            prop_assert_eq!(whole.trim_ascii_end(), split.trim_ascii_end());
        }

        #[test]
        fn arbitrary_bytes_never_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..10)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            run(Framing::Sse, &pieces);
            run(Framing::JsonLines, &pieces);
        }
    }
}
