//! Whether a match stands alone: what may be beside a value for it to be that value and no part of
//! another word.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::form::compiled;

/// What must not stand beside a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Anything,
    /// Letters and digits: an id also stands alone in `user_ID_session_ID`.
    Letters,
    /// Letters, digits and `_`: `max` is not in `max_tokens`.
    Word,
    /// Letters and digits, and before it what a longer path ends with: `/src` is not in `./src` or `${R}/src`.
    Folder,
}

/// What ends in letters and is no part of the word behind it: an escape inside a string of JSON, a byte
/// of an address, a colour of a terminal.
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    let form =
        r"(?:\\+[nrtbfv]|%[0-9A-Fa-f]{2}|(?:\x1b|\\+(?:u001[bB]|x1[bB]|033|e))\[[0-9;]*[A-Za-z])$";
    compiled(form)
});

/// Ends what a path may begin with, beside letters and digits.
const OF_A_PATH: [char; 6] = ['.', '}', ')', '_', '-', '~'];

/// The longest escape that is looked for, in characters.
const LONGEST_ESCAPE: usize = 24;

impl Edge {
    /// The range of the text has nothing beside it that this edge forbids.
    pub(super) fn allows(self, text: &str, range: &Range<usize>) -> bool {
        let joins: fn(char) -> bool = match self {
            Self::Anything => return true,
            Self::Letters | Self::Folder => char::is_alphanumeric,
            Self::Word => |c| c.is_alphanumeric() || c == '_',
        };
        let (before, after) = (text.get(..range.start), text.get(range.end..));
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        if after.chars().next().is_some_and(joins) {
            return false;
        }
        if self == Self::Folder && before.ends_with(OF_A_PATH) {
            return false;
        }
        !before.chars().next_back().is_some_and(joins) || ends_in_escape(before)
    }
}

fn ends_in_escape(before: &str) -> bool {
    let start = before.char_indices().rev().take(LONGEST_ESCAPE).last();
    let tail = start.and_then(|(at, _)| before.get(at..));
    tail.is_some_and(|tail| ESCAPE.is_match(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(text: &str) -> bool {
        let start = text.find("zo").unwrap();
        Edge::Word.allows(text, &(start..start + 2))
    }

    #[test]
    fn a_name_stands_alone_between_what_is_no_word() {
        for text in [
            "zo",
            "~zo/x",
            "ssh://zo@h",
            r"by\nzo",
            "%2Fzo%2F",
            "\u{1b}[1;32mzo\u{1b}[0m",
        ] {
            assert!(alone(text), "{text}");
        }
        for text in ["zo_x", "_zo", "zoo", "9zo", "özo", "zoö", r"\zzo"] {
            assert!(!alone(text), "{text}");
        }
        assert!(Edge::Letters.allows("user_zo_x", &(5..7)));
    }
}
