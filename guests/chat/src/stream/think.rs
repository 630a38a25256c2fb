//! `<think>` in the text of an answer. A tag may be split over any number of deltas; what may be the
//! beginning of one is kept back, and so is half a character.

use sdk::json::Escaped;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// The parser.
#[derive(Debug)]
pub(crate) struct Think {
    inside: bool,
    /// An opening tag counts here: at the beginning or after white space.
    may_open: bool,
    /// A closing tag counts here although nothing was opened: at the beginning of the answer or of a line.
    may_close: bool,
    /// A tag has come: from then on only what was opened is closed.
    tagged: bool,
    /// White space directly behind a closing tag is not text.
    trim: bool,
    held: String,
    /// The escape of the first half of a character whose second half is in the next delta.
    half: String,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Between the tags.
    Thinking(String),
    /// Outside.
    Text(String),
}

impl Think {
    /// `inside`: the answer begins with thinking, the opening tag was part of the prompt.
    pub(crate) fn new(inside: bool) -> Self {
        Self {
            inside,
            may_open: true,
            may_close: true,
            tagged: false,
            trim: false,
            held: String::new(),
            half: String::new(),
        }
    }

    /// Takes text that may end in the middle of a character.
    pub(crate) fn feed_escaped(&mut self, text: &Escaped<'_>) -> Vec<Piece> {
        let mut whole = std::mem::take(&mut self.half);
        whole.push_str(text.get());
        self.half = whole.split_off(whole_until(&whole));
        self.feed(&Escaped::verbatim(&whole).unescape())
    }

    /// Takes text and gives the pieces that are certain.
    pub(crate) fn feed(&mut self, text: &str) -> Vec<Piece> {
        let mut buffer = std::mem::take(&mut self.held);
        buffer.push_str(text);
        let mut rest = buffer.as_str();
        let mut pieces = Vec::new();
        while let Some((at, tag)) = self.tag(rest) {
            self.emit(&rest[..at], &mut pieces);
            rest = &rest[at + tag.len()..];
            self.inside = tag == OPEN;
            self.trim = true;
            self.tagged = true;
        }
        let keep = kept_back(rest);
        self.emit(&rest[..rest.len() - keep], &mut pieces);
        rest[rest.len() - keep..].clone_into(&mut self.held);
        pieces
    }

    /// Gives what was kept back.
    pub(crate) fn flush(&mut self) -> Vec<Piece> {
        let mut held = std::mem::take(&mut self.held);
        let half = std::mem::take(&mut self.half);
        held.push_str(&Escaped::verbatim(&half).unescape());
        let mut pieces = Vec::new();
        self.emit(&held, &mut pieces);
        pieces
    }

    /// The next tag that counts. A closing tag counts also without an opening one, which was part of the prompt then; within
    /// a line, and a second time, it is somebody's text.
    fn tag(&self, text: &str) -> Option<(usize, &'static str)> {
        if self.inside {
            return text.find(CLOSE).map(|at| (at, CLOSE));
        }
        let mut closes = text.match_indices(CLOSE).map(|(at, _)| at);
        let close = closes.find(|at| match text[..*at].chars().next_back() {
            Some(before) => before == '\n',
            None => self.may_close,
        });
        let close = close.filter(|_| !self.tagged).map(|at| (at, CLOSE));
        let mut opens = text.match_indices(OPEN).map(|(at, _)| at);
        let open = opens.find(|at| match text[..*at].chars().next_back() {
            Some(before) => before.is_whitespace(),
            None => self.may_open,
        });
        let open = open.map(|at| (at, OPEN));
        [open, close].into_iter().flatten().min()
    }

    fn emit(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        let text = if self.trim { text.trim_start() } else { text };
        let Some(last) = text.chars().next_back() else {
            return;
        };
        self.trim = false;
        self.may_open = last.is_whitespace();
        self.may_close = last == '\n';
        pieces.push(if self.inside {
            Piece::Thinking(text.to_owned())
        } else {
            Piece::Text(text.to_owned())
        });
    }
}

/// Where the half of a character begins that escaped text ends with: the first escape of two.
fn whole_until(escaped: &str) -> usize {
    let at = escaped.len().saturating_sub(r"\ud83d".len());
    let hex = escaped.get(at..).and_then(|tail| tail.strip_prefix(r"\u"));
    let unit = hex.and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let before = escaped.as_bytes().get(..at).unwrap_or_default();
    let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    let first = unit.is_some_and(|unit| (0xD800..0xDC00).contains(&unit));
    if first && slashes.count().is_multiple_of(2) {
        at
    } else {
        escaped.len()
    }
}

/// How many bytes at the end may be the beginning of a tag.
fn kept_back(text: &str) -> usize {
    let from = text.len().saturating_sub(CLOSE.len() - 1);
    let tail = text.as_bytes();
    (from..text.len())
        .find(|at| {
            let end = &tail[*at..];
            OPEN.as_bytes().starts_with(end) || CLOSE.as_bytes().starts_with(end)
        })
        .map_or(0, |at| text.len() - at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thinking and text of an answer that comes in these deltas.
    fn read(inside: bool, deltas: &[&str]) -> (String, String) {
        let mut think = Think::new(inside);
        let mut pieces: Vec<Piece> = deltas.iter().flat_map(|delta| think.feed(delta)).collect();
        pieces.extend(think.flush());
        let (mut thinking, mut text) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Thinking(piece) => thinking.push_str(&piece),
                Piece::Text(piece) => text.push_str(&piece),
            }
        }
        (thinking, text)
    }

    fn said(thinking: &str, text: &str) -> (String, String) {
        (thinking.to_owned(), text.to_owned())
    }

    #[test]
    fn tags_may_be_split_anywhere() {
        let whole = "<think>a < b</think>\n\nc <b> é";
        for cut in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            let (before, after) = whole.split_at(cut);
            assert_eq!(read(false, &[before, after]), said("a < b", "c <b> é"));
        }
        let single: Vec<String> = whole.chars().map(String::from).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        assert_eq!(read(false, &single), said("a < b", "c <b> é"));
    }

    #[test]
    fn a_tag_in_the_middle_of_a_word_is_text() {
        assert_eq!(read(false, &["use`<think>`"]), said("", "use`<think>`"));
    }

    #[test]
    fn thinking_may_have_begun_in_the_prompt() {
        assert_eq!(read(true, &["a</think>b"]), said("a", "b"));
        assert_eq!(read(false, &["</think>b"]), said("", "b"));
    }

    #[test]
    fn a_closing_tag_that_closes_nothing_is_text() {
        assert_eq!(read(false, &["a", "</think>b"]), said("", "a</think>b"));
        assert_eq!(read(false, &["a\n", "</think>\nb"]), said("", "a\nb"));
        assert_eq!(
            read(false, &["<think>a</think>b\n</think>"]),
            said("a", "b\n</think>")
        );
    }

    #[test]
    fn a_character_may_be_split_between_its_halves() {
        let said = |deltas: &[&str]| {
            let mut think = Think::new(false);
            let feed = |delta: &&str| think.feed_escaped(&Escaped::verbatim(delta));
            let mut pieces: Vec<Piece> = deltas.iter().flat_map(feed).collect();
            pieces.extend(think.flush());
            let texts = pieces.into_iter().map(|piece| match piece {
                Piece::Text(text) | Piece::Thinking(text) => text,
            });
            texts.collect::<String>()
        };
        assert_eq!(said(&[r"a \ud83d", r"\ude00 b"]), "a 😀 b");
        assert_eq!(said(&[r"a \uD83D", r"x"]), "a \u{FFFD}x");
        assert_eq!(said(&[r"a \ud83d"]), "a \u{FFFD}");
        assert_eq!(said(&[r"a \\ud83d", "b"]), r"a \ud83db");
    }

    #[test]
    fn an_unfinished_tag_at_the_end_is_text() {
        assert_eq!(read(false, &["a </thi"]), said("", "a </thi"));
    }
}
