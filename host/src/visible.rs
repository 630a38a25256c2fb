//! Text of others made harmless to show: what a terminal would act on, or would show as a line of its own,
//! becomes visible. Knows nothing of who shows it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A terminal acts on it, or shows what follows it elsewhere than where it stands.
pub(crate) fn acts(c: char) -> bool {
    c.is_control() || breaks_lines(c) || turns_direction(c)
}

/// Line and paragraph separators of Unicode.
fn breaks_lines(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Marks, embeddings, overrides and isolates of the Unicode bidirectional algorithm.
fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Such characters as Rust writes them: `\n`, `\u{1b}`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) {
            // `escape_default` and not `escape_debug`, which leaves some of them as they are.
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same in the text of a JSON value, which stays one of the same meaning.
pub(crate) fn escaped_json(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) {
            // All of them are in the first plane: one unit of UTF-16.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A word of a line of `name=value`: in quotes unless it can be nothing but one word.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !c.is_whitespace() && !acts(c) && !matches!(c, '"' | '=' | '\\');
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(quoted(text))
}

/// In quotes, so that it ends where it ends.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if acts(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// No longer than so many bytes, and then with the number of those that are left out.
pub(crate) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let kept = &text[..text.floor_char_boundary(most)];
    let left_out = text.len() - kept.len();
    Cow::Owned(format!("{kept}... ({left_out} bytes more)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_shown_instead() {
        assert_eq!(
            escaped("a\n\u{1b}[2J\u{9b}\u{202e}\u{7f}"),
            "a\\n\\u{1b}[2J\\u{9b}\\u{202e}\\u{7f}"
        );
        assert_eq!(escaped("jürgen schmidt"), "jürgen schmidt");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = serde_json::to_string("a\u{9b}\u{2028}b\u{7f}").unwrap();
        let shown = escaped_json(&text);
        assert!(!shown.contains(acts), "{shown}");
        let read: String = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, "a\u{9b}\u{2028}b\u{7f}");
    }

    #[test]
    fn a_word_cannot_pass_for_two() {
        assert_eq!(word("gpt-oss:120b"), "gpt-oss:120b");
        assert_eq!(word("m status=500"), "\"m status=500\"");
        assert_eq!(word("m\n2026 INFO"), "\"m\\n2026 INFO\"");
        assert_eq!(word("a\"b\\"), "\"a\\\"b\\\\\"");
        assert_eq!(word(""), "\"\"");
    }

    #[test]
    fn what_is_left_out_is_told() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("aäb", 2), "a... (3 bytes more)");
    }
}
