//! HTTP/1.1 as it is on the wire: heads and bodies read from a socket, without any interpretation
//! beyond framing. Shared by the scripted upstream and the raw client.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The first line and the headers of a message, names in lower case, in the order they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of this name (lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every header of this name, for those that must not occur twice.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// How the body behind this head is framed.
    pub(crate) fn framing(&self, without: Framing) -> Framing {
        if self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            return Framing::Chunked;
        }
        match self.header("content-length").map(str::parse) {
            Some(Ok(length)) => Framing::Length(length),
            _ => without,
        }
    }
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// A socket's bytes, with those that were read too early kept.
#[derive(Debug)]
pub(crate) struct Wire<R> {
    reader: R,
    buffer: Vec<u8>,
}

/// A piece of a body, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Data(Vec<u8>),
    /// The end that the framing promises was seen.
    End,
}

/// Where a reader stands inside a body.
#[derive(Debug)]
pub(crate) struct BodyState {
    framing: Framing,
    /// Of the whole body, or of the current chunk.
    left: usize,
    in_chunk: bool,
    done: bool,
}

impl BodyState {
    pub(crate) fn new(framing: Framing) -> Self {
        let left = match framing {
            Framing::Length(length) => length,
            Framing::Chunked | Framing::UntilClose => 0,
        };
        Self {
            framing,
            left,
            in_chunk: false,
            done: false,
        }
    }
}

impl<R: AsyncRead + Unpin> Wire<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn reader(&self) -> &R {
        &self.reader
    }

    /// Reads more bytes; false at the end of the stream.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(16 << 10);
        let count = self.reader.read_buf(&mut self.buffer).await?;
        Ok(count > 0)
    }

    /// The next head; none if the connection ended in between messages.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let bytes: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return parse_head(&bytes[..end]).map(Some);
            }
            if !self.fill().await? {
                let between = self.buffer.is_empty();
                return if between {
                    Ok(None)
                } else {
                    Err(cut("inside a head"))
                };
            }
        }
    }

    /// The next piece of a body: as much as has come.
    pub(crate) async fn piece(&mut self, body: &mut BodyState) -> io::Result<Piece> {
        loop {
            if body.done {
                return Ok(Piece::End);
            }
            if let Some(piece) = self.ready(body)? {
                return Ok(piece);
            }
            if !self.fill().await? {
                if body.framing == Framing::UntilClose {
                    body.done = true;
                    continue;
                }
                return Err(cut("inside a body"));
            }
        }
    }

    /// A whole body.
    pub(crate) async fn body(&mut self, framing: Framing) -> io::Result<Vec<u8>> {
        let mut state = BodyState::new(framing);
        let mut whole = Vec::new();
        while let Piece::Data(data) = self.piece(&mut state).await? {
            whole.extend_from_slice(&data);
        }
        Ok(whole)
    }

    /// What can be told without reading.
    fn ready(&mut self, body: &mut BodyState) -> io::Result<Option<Piece>> {
        match body.framing {
            Framing::UntilClose => Ok(self.take(usize::MAX)),
            Framing::Length(_) => {
                if body.left == 0 {
                    body.done = true;
                    return Ok(Some(Piece::End));
                }
                Ok(self.take_of(&mut body.left))
            }
            Framing::Chunked => self.ready_chunk(body),
        }
    }

    fn ready_chunk(&mut self, body: &mut BodyState) -> io::Result<Option<Piece>> {
        loop {
            if body.left > 0 {
                return Ok(self.take_of(&mut body.left));
            }
            if body.in_chunk {
                if self.buffer.len() < 2 {
                    return Ok(None);
                }
                if self.buffer[..2] != *b"\r\n" {
                    return Err(cut("by a chunk longer than it said"));
                }
                self.buffer.drain(..2);
                body.in_chunk = false;
            }
            let Some(end) = find(&self.buffer, b"\r\n") else {
                return Ok(None);
            };
            let size = chunk_size(&self.buffer[..end])?;
            if size > 0 {
                self.buffer.drain(..end + 2);
                (body.left, body.in_chunk) = (size, true);
                continue;
            }
            // No trailers: nothing tested sends any.
            if self.buffer.len() < end + 4 {
                return Ok(None);
            }
            self.buffer.drain(..end + 4);
            body.done = true;
            return Ok(Some(Piece::End));
        }
    }

    fn take_of(&mut self, left: &mut usize) -> Option<Piece> {
        let piece = self.take(*left)?;
        if let Piece::Data(data) = &piece {
            *left -= data.len();
        }
        Some(piece)
    }

    fn take(&mut self, most: usize) -> Option<Piece> {
        if self.buffer.is_empty() {
            return None;
        }
        let count = most.min(self.buffer.len());
        Some(Piece::Data(self.buffer.drain(..count).collect()))
    }
}

/// Where `needle` begins.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn parse_head(bytes: &[u8]) -> io::Result<Head> {
    let text = std::str::from_utf8(bytes).map_err(|_| cut("by a head that is not text"))?;
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|header| header.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Head { line, headers })
}

fn chunk_size(line: &[u8]) -> io::Result<usize> {
    let text = String::from_utf8_lossy(line);
    let digits = text.split(';').next().unwrap_or_default().trim();
    usize::from_str_radix(digits, 16).map_err(|_| cut("by a chunk without a size"))
}

fn cut(place: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("the connection ended {place}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn chunks_are_joined_and_their_end_is_seen() {
        let bytes: &[u8] = b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\nrest";
        let mut wire = Wire::new(bytes);
        let head = wire.head().await.unwrap().unwrap();
        assert_eq!(head.framing(Framing::Length(0)), Framing::Chunked);
        assert_eq!(wire.body(Framing::Chunked).await.unwrap(), b"abcd");
        assert_eq!(wire.buffer, b"rest");
    }

    #[tokio::test]
    async fn a_body_without_its_last_chunk_is_a_cut() {
        let bytes: &[u8] = b"3\r\nabc\r\n";
        let mut wire = Wire::new(bytes);
        let error = wire.body(Framing::Chunked).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
