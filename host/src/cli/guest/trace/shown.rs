//! Bodies for a terminal: cut to a sane length, and without what a terminal would act on.

/// How much of a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// Its beginning and its end.
    Sane,
    /// All of it.
    Whole,
}

/// Characters of a body, and of one step's output.
const BODY: usize = 600;
const STEP: usize = 240;

/// A whole body, indented.
pub(super) fn body(bytes: &[u8], length: Length) -> String {
    indented(&cut(bytes, length, BODY))
}

/// A part of a stream, indented.
pub(super) fn part(bytes: &[u8], length: Length) -> String {
    indented(&cut(bytes, length, STEP))
}

/// `1 byte`, `48,842 bytes`.
pub(super) fn size(bytes: usize) -> String {
    let digits = bytes.to_string();
    let mut told = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    let unit = if bytes == 1 { "byte" } else { "bytes" };
    format!("{told} {unit}")
}

fn cut(bytes: &[u8], length: Length, most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let characters = text.chars().count();
    if length == Length::Whole || characters <= most {
        text.into_owned()
    } else {
        let (head, tail) = (most * 2 / 3, most / 3);
        let left_out = characters - head - tail;
        let begin: String = text.chars().take(head).collect();
        let end: String = text.chars().skip(characters - tail).collect();
        format!("{begin} … {left_out} characters … {end}")
    }
}

fn indented(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        lines.push_str("      ");
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bodies_show_beginning_and_end_unless_all_is_wanted() {
        let long = format!("{}{}", "a".repeat(1000), "z".repeat(1000));
        let shown = body(long.as_bytes(), Length::Sane);
        assert!(shown.starts_with("      aaa") && shown.trim_end().ends_with("zzz"));
        assert!(shown.contains(" … 1400 characters … "), "{shown}");
        assert_eq!(body(long.as_bytes(), Length::Whole).trim(), long);
    }

    #[test]
    fn a_body_is_indented_line_by_line_without_empty_ones() {
        assert_eq!(part(b"a\r\n\nc", Length::Whole), "      a\n      c\n");
    }

    #[test]
    fn sizes_are_told_in_groups_of_three() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_048_576), "1,048,576 bytes");
    }
}
