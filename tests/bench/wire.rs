//! Just enough HTTP/1.1 for the mock and the load generator: where a head ends and how its body
//! is framed. It knows neither sockets nor the formats inside the bodies.

use anyhow::{Context as _, Result, bail, ensure};
use memchr::memmem;

/// A head longer than this is refused, so that a broken peer cannot fill the memory.
const MAX_HEAD: usize = 64 << 10;

/// What the first bytes of a message say.
pub(crate) struct Head {
    /// Bytes up to and including the empty line.
    pub(crate) len: usize,
    /// How the body is framed.
    pub(crate) framing: Framing,
}

/// How a body is framed.
pub(crate) enum Framing {
    /// `content-length`, or no body at all (0).
    Length(usize),
    /// `transfer-encoding: chunked`.
    Chunked,
}

/// The head at the start of `buffer`, or none if more bytes are needed.
pub(crate) fn head(buffer: &[u8]) -> Result<Option<Head>> {
    let Some(end) = memmem::find(buffer, b"\r\n\r\n") else {
        ensure!(
            buffer.len() < MAX_HEAD,
            "the peer sent a head of more than {MAX_HEAD} bytes"
        );
        return Ok(None);
    };
    let mut framing = Framing::Length(0);
    for line in buffer[..end].split(|byte| *byte == b'\n').skip(1) {
        if let Some(value) = value_of(line, b"content-length") {
            framing = Framing::Length(
                value
                    .parse()
                    .context("the peer sent a content-length that is no number")?,
            );
        } else if value_of(line, b"transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            framing = Framing::Chunked;
        }
    }
    Ok(Some(Head {
        len: end + 4,
        framing,
    }))
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let (found, value) = (line.get(..name.len())?, line.get(name.len()..)?);
    if !found.eq_ignore_ascii_case(name) || value.first() != Some(&b':') {
        return None;
    }
    std::str::from_utf8(&value[1..]).ok().map(str::trim)
}

/// Takes a body out of its framing.
pub(crate) struct Decoder {
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// This many bytes of body are left (no chunks).
    Plain(usize),
    /// In a chunk's size line; the size so far.
    Size(usize),
    /// In a chunk's data; bytes left.
    Data(usize),
    /// In the CRLF behind a chunk; bytes left.
    Gap(u8),
    /// In the CRLF behind the last chunk; bytes left. Trailers are not understood.
    End(u8),
}

impl Decoder {
    pub(crate) fn new(framing: &Framing) -> Self {
        let state = match framing {
            Framing::Length(length) => State::Plain(*length),
            Framing::Chunked => State::Size(0),
        };
        Self { state }
    }

    /// Gives the body bytes in `input` to `sink`. Answers how much of `input` belongs to this
    /// message if it ends here, else none: all of it was used and more is needed.
    pub(crate) fn feed(
        &mut self,
        input: &[u8],
        sink: &mut impl FnMut(&[u8]),
    ) -> Result<Option<usize>> {
        let mut at = 0;
        loop {
            if matches!(self.state, State::Plain(0) | State::End(0)) {
                return Ok(Some(at));
            }
            if at == input.len() {
                return Ok(None);
            }
            at += self.step(&input[at..], sink)?;
        }
    }

    /// Uses up at least one byte of `input`, which is not empty.
    fn step(&mut self, input: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<usize> {
        match self.state {
            State::Plain(left) => {
                let taken = left.min(input.len());
                sink(&input[..taken]);
                self.state = State::Plain(left - taken);
                return Ok(taken);
            }
            State::Data(left) => {
                let taken = left.min(input.len());
                sink(&input[..taken]);
                self.state = if taken == left {
                    State::Gap(2)
                } else {
                    State::Data(left - taken)
                };
                return Ok(taken);
            }
            State::Size(size) => self.state = size_byte(size, input[0])?,
            State::Gap(1) => self.state = State::Size(0),
            State::Gap(left) => self.state = State::Gap(left - 1),
            State::End(left) => self.state = State::End(left - 1),
        }
        Ok(1)
    }
}

fn size_byte(size: usize, byte: u8) -> Result<State> {
    Ok(match byte {
        b'\r' => State::Size(size),
        b'\n' if size == 0 => State::End(2),
        b'\n' => State::Data(size),
        _ => match char::from(byte).to_digit(16) {
            Some(digit) if size < (1 << 40) => State::Size(size * 16 + digit as usize),
            _ => bail!("the peer sent a chunk size that is no number"),
        },
    })
}
