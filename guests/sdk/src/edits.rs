//! Edits of a body that leave the rest of its bytes alone.

use crate::json::offset_in;
use crate::{Edit, Output};

/// Edits of one text, gathered in any order.
#[derive(Debug)]
pub struct Edits<'a> {
    text: &'a str,
    edits: Vec<Edit>,
}

impl<'a> Edits<'a> {
    /// Edits of `text`, the bytes that the guest was given.
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            edits: Vec::new(),
        }
    }

    /// Replaces `part`, which must be a slice of the text; another string is ignored.
    pub fn replace(&mut self, part: &str, replacement: impl Into<Vec<u8>>) {
        if let Some(start) = offset_in(self.text, part) {
            self.replace_range(start, start + part.len(), replacement);
        }
    }

    /// Replaces the bytes `start..end`.
    pub fn replace_range(&mut self, start: usize, end: usize, replacement: impl Into<Vec<u8>>) {
        // A body is at most 32 MB, so offsets fit.
        let (start, end) = (start as u32, end as u32);
        self.edits.push(Edit {
            start,
            end,
            replacement: replacement.into(),
        });
    }

    /// Removes a member or a list item: `part` is the whole of it (`"name": value`), a slice of the
    /// text. One of the commas around it goes too. Of neighbours that are all removed, remove the
    /// whole range at once.
    pub fn remove(&mut self, part: &str) {
        let Some(start) = offset_in(self.text, part) else {
            return;
        };
        let end = start + part.len();
        let bytes = self.text.as_bytes();
        let space = |byte: &u8| byte.is_ascii_whitespace();
        let after = end + bytes[end..].iter().take_while(|b| space(b)).count();
        if bytes.get(after) == Some(&b',') {
            self.replace_range(start, after + 1, "");
            return;
        }
        let before = start - bytes[..start].iter().rev().take_while(|b| space(b)).count();
        let before = match before.checked_sub(1) {
            Some(at) if bytes[at] == b',' => at,
            _ => start,
        };
        self.replace_range(before, end, "");
    }

    /// The edits in order. `keep` if there are none.
    pub fn output(mut self) -> Output {
        if self.edits.is_empty() {
            return Output::Keep;
        }
        self.edits.sort_by_key(|edit| (edit.start, edit.end));
        Output::Edit(self.edits)
    }
}

/// The bytes that `output` makes of `input`. Illegal edits give nothing.
pub fn apply(output: &Output, input: &[u8]) -> Option<Vec<u8>> {
    let edits = match output {
        Output::Keep => return Some(input.to_vec()),
        Output::Drop => return Some(Vec::new()),
        Output::Replace(bytes) => return Some(bytes.clone()),
        Output::Edit(edits) => edits,
    };
    let mut out = Vec::with_capacity(input.len());
    let mut from = 0;
    for edit in edits {
        let (start, end) = (edit.start as usize, edit.end as usize);
        if end < start {
            return None;
        }
        out.extend_from_slice(input.get(from..start)?);
        out.extend_from_slice(&edit.replacement);
        from = end;
    }
    out.extend_from_slice(input.get(from..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(text: &str, part: &str) -> String {
        let at = text.find(part).unwrap();
        let mut edits = Edits::of(text);
        edits.remove(&text[at..at + part.len()]);
        String::from_utf8(apply(&edits.output(), text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_removed_member_takes_one_comma_with_it() {
        let text = r#"{"a":1, "b":2 ,"c":3}"#;
        assert_eq!(removed(text, r#""a":1"#), r#"{ "b":2 ,"c":3}"#);
        assert_eq!(removed(text, r#""b":2"#), r#"{"a":1, "c":3}"#);
        assert_eq!(removed(text, r#""c":3"#), r#"{"a":1, "b":2 }"#);
        assert_eq!(removed(r#"{"a":1}"#, r#""a":1"#), "{}");
    }

    #[test]
    fn nothing_to_edit_is_keep() {
        assert_eq!(Edits::of("x").output(), Output::Keep);
    }
}
