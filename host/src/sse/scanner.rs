//! Finds the ends of frames in bytes that come in pieces.

/// Where in a frame the bytes seen so far end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner {
    /// The current line has no bytes yet.
    line_empty: bool,
    /// The current frame has no line with bytes yet.
    frame_empty: bool,
    /// The last byte was CR: an LF now belongs to it.
    after_cr: bool,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self {
            line_empty: true,
            frame_empty: true,
            after_cr: false,
        }
    }

    /// Nothing of a next frame was seen.
    pub(super) fn at_boundary(self) -> bool {
        self.line_empty && self.frame_empty
    }

    /// The end of the first frame that ends in `bytes`; the rest was not looked at. None: all of
    /// `bytes` was, and no frame ended.
    pub(super) fn frame_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(skipped) = memchr::memchr2(b'\n', b'\r', bytes.get(at..)?) {
            if skipped > 0 {
                self.line_empty = false;
                self.after_cr = false;
            }
            at += skipped;
            let byte = *bytes.get(at)?;
            at += 1;
            if byte == b'\n' && self.after_cr {
                self.after_cr = false;
                continue;
            }
            self.after_cr = byte == b'\r';
            if self.end_line() {
                if byte == b'\r' && bytes.get(at) == Some(&b'\n') {
                    self.after_cr = false;
                    at += 1;
                }
                return Some(at);
            }
        }
        if at < bytes.len() {
            self.line_empty = false;
            self.after_cr = false;
        }
        None
    }

    /// True when the line that ended was blank and closed a frame.
    fn end_line(&mut self) -> bool {
        let closes = self.line_empty && !self.frame_empty;
        if closes {
            self.frame_empty = true;
        } else if !self.line_empty {
            self.frame_empty = false;
        }
        self.line_empty = true;
        closes
    }
}

/// The frames of a block of whole frames. Bytes after the last frame end are the last item.
pub fn frames(mut block: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if block.is_empty() {
            return None;
        }
        let end = Scanner::new().frame_end(block).unwrap_or(block.len());
        let (frame, rest) = block.split_at(end);
        block = rest;
        Some(frame)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        frames(text.as_bytes())
            .map(|frame| std::str::from_utf8(frame).unwrap())
            .collect()
    }

    #[test]
    fn all_three_line_endings_end_a_frame() {
        assert_eq!(
            split("data: a\n\ndata: b\n\n"),
            ["data: a\n\n", "data: b\n\n"]
        );
        assert_eq!(
            split("data: a\r\n\r\ndata: b\r\n\r\n"),
            ["data: a\r\n\r\n", "data: b\r\n\r\n"]
        );
        assert_eq!(
            split("data: a\r\rdata: b\r\r"),
            ["data: a\r\r", "data: b\r\r"]
        );
    }

    #[test]
    fn blank_lines_before_a_frame_belong_to_it() {
        assert_eq!(
            split("\n\ndata: a\n\n\ndata: b\n\n"),
            ["\n\ndata: a\n\n", "\ndata: b\n\n"]
        );
    }

    #[test]
    fn an_lf_that_comes_after_its_cr_in_the_next_read_starts_no_frame() {
        let mut scanner = Scanner::new();
        assert_eq!(scanner.frame_end(b"data: a\r\n\r"), Some(10));
        assert!(scanner.at_boundary());
        assert_eq!(scanner.frame_end(b"\n"), None);
        assert!(scanner.at_boundary());
        assert_eq!(scanner.frame_end(b"data: b\n\n"), Some(9));
    }
}
