//! Server-Sent Events, read from whole frames. The host has cut the frames; nothing is kept between
//! two pushes, and text is borrowed unless an event has several `data` lines.

use std::borrow::Cow;

/// The text of a push. Bytes that are not UTF-8 become U+FFFD, as the standard says.
pub fn text(frames: &[u8]) -> Cow<'_, str> {
    // Checks words of bytes where the lossy way looks at each.
    match std::str::from_utf8(frames) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(frames),
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The whole frame with its blank line.
    pub raw: &'a str,
    /// The `event` field. Empty: none.
    pub event: &'a str,
    /// The `data` fields, joined by line ends. None: there was none, as in a comment.
    pub data: Option<Cow<'a, str>>,
}

impl Frame<'_> {
    /// Whether it has its blank line. Only the last frame of an answer may lack it: the upstream then
    /// ended inside it.
    pub fn is_whole(&self) -> bool {
        let lines = self.raw.trim_end_matches(['\r', '\n']);
        lines.is_empty() || self.raw[lines.len()..].replace("\r\n", "\n").len() > 1
    }
}

/// The frames of `text`. Line ends are LF, CR or CRLF; a last frame may lack its blank line. A byte order mark is none of
/// a stream's text at its very beginning alone, where the host takes it off.
pub fn frames(text: &str) -> Frames<'_> {
    Frames { rest: text }
}

/// Iterator of [`frames`].
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let whole = self.rest;
        if whole.is_empty() {
            return None;
        }
        let mut event = "";
        let mut data: Option<Cow<'a, str>> = None;
        while !self.rest.is_empty() {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            match field(line) {
                ("data", value) => match &mut data {
                    None => data = Some(Cow::Borrowed(value)),
                    Some(data) => {
                        let data = data.to_mut();
                        data.push('\n');
                        data.push_str(value);
                    }
                },
                ("event", value) => event = value,
                _ => {}
            }
        }
        Some(Frame {
            raw: &whole[..whole.len() - self.rest.len()],
            event,
            data,
        })
    }
}

impl<'a> Frames<'a> {
    /// Takes the next line, without its end.
    fn line(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) else {
            return std::mem::take(&mut self.rest);
        };
        let crlf = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 1 + usize::from(crlf)..];
        line
    }
}

/// Name and value of a line: one space after the colon is not part of the value.
fn field(line: &str) -> (&str, &str) {
    match line.split_once(':') {
        Some((name, value)) => (name, value.strip_prefix(' ').unwrap_or(value)),
        None => (line, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        frames(text)
            .filter_map(|frame| Some((frame.event.to_owned(), frame.data?.into_owned())))
            .collect()
    }

    #[test]
    fn line_ends_spaces_comments_and_several_data_lines_are_read() {
        let text =
            ": hello\n\nevent: a\r\ndata: 1\r\n\r\ndata:2\r\rdata: x\ndata: y\n\nid: 7\ndata\n\n";
        let expected = [("a", "1"), ("", "2"), ("", "x\ny"), ("", "")];
        assert_eq!(
            read(text),
            expected.map(|(event, data)| (event.to_owned(), data.to_owned()))
        );
    }

    #[test]
    fn a_frame_is_whole_with_its_blank_line() {
        let whole = |text: &str| {
            frames(text)
                .map(|frame| frame.is_whole())
                .collect::<Vec<_>>()
        };
        assert_eq!(whole("data: 1\r\n\r\ndata: 2\n\ndata: 3\r\r"), [true; 3]);
        assert_eq!(whole("data: 1\n\ndata: 2\r\n"), [true, false]);
    }

    #[test]
    fn a_last_frame_without_its_blank_line_counts() {
        assert_eq!(read("data: a\n\ndata: b").len(), 2);
    }

    proptest! {
        #[test]
        fn raw_frames_put_together_are_the_input(text in "[a-c:\n\r dt]{0,80}") {
            let joined: String = frames(&text).map(|frame| frame.raw).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn any_grouping_of_frames_gives_the_same_events(
            parts in proptest::collection::vec(("[a-z]{0,4}", "[a-z{}]{1,12}", 0..3_usize), 0..12),
            at in any::<prop::sample::Index>(),
        ) {
            let ends = ["\n", "\r", "\r\n"];
            let frames: Vec<String> = parts
                .iter()
                .map(|(event, data, end)| {
                    let end = ends[*end];
                    format!("event:{event}{end}data: {data}{end}{end}")
                })
                .collect();
            let whole = read(&frames.concat());
            let cut = at.index(frames.len() + 1);
            let mut parted = read(&frames[..cut].concat());
            parted.extend(read(&frames[cut..].concat()));
            prop_assert_eq!(whole, parted);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&text(&bytes));
        }
    }
}
