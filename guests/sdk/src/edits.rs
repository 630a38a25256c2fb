//! Edits of a body that leave the rest of its bytes alone.

use crate::json::offset_in;
use crate::{Edit, Output};
use std::borrow::Cow;

/// What was made of a text as an output for the bytes that it was read from: edits count bytes, and where those
/// were no UTF-8 the text has others.
#[expect(
    clippy::ptr_arg,
    reason = "that the text is owned says that the bytes were others"
)]
pub fn for_bytes(out: Output, text: &Cow<'_, str>) -> Output {
    match text {
        Cow::Owned(text) if out != Output::Keep => {
            Output::Replace(apply(&out, text.as_bytes()).unwrap_or_default())
        }
        _ => out,
    }
}

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

    /// Inserts text before the last byte of `part`, a slice of the text: the bracket that closes it.
    pub fn insert_before_end(&mut self, part: &str, text: &str) {
        if let Some(start) = offset_in(self.text, part) {
            let end = start + part.trim_end().len() - 1;
            self.replace_range(end, end, text);
        }
    }

    /// Inserts text before `part`, a slice of the text.
    pub fn insert_before(&mut self, part: &str, text: &str) {
        if let Some(start) = offset_in(self.text, part) {
            self.replace_range(start, start, text);
        }
    }

    /// Inserts text behind `part`, a slice of the text.
    pub fn insert_behind(&mut self, part: &str, text: &str) {
        if let Some(start) = offset_in(self.text, part) {
            let end = start + part.len();
            self.replace_range(end, end, text);
        }
    }

    /// Removes some of the members of an object or items of a list, with the commas between. `items` are
    /// all of them in order, each the whole of a member (`"name": value`) or item, a slice of the text.
    pub fn remove_items(&mut self, items: &[(&str, bool)]) {
        let Some(ranges) = items
            .iter()
            .map(|(item, gone)| offset_in(self.text, item).map(|at| (at, at + item.len(), *gone)))
            .collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let mut first = 0;
        while first < ranges.len() {
            let run = ranges[first..].iter().take_while(|range| range.2).count();
            if run > 0 {
                let last = first + run - 1;
                let (start, end) = match (ranges.get(last + 1), first.checked_sub(1)) {
                    (Some(next), _) => (ranges[first].0, next.0),
                    (None, Some(before)) => (ranges[before].1, ranges[last].1),
                    (None, None) => (ranges[first].0, ranges[last].1),
                };
                self.replace_range(start, end, "");
            }
            first += run + 1;
        }
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

    fn removed(text: &str, gone: &[&str]) -> String {
        let items: Vec<(&str, bool)> = text
            .trim_matches(['{', '}'])
            .split(',')
            .map(|item| (item.trim(), gone.contains(&item.trim())))
            .collect();
        let mut edits = Edits::of(text);
        edits.remove_items(&items);
        String::from_utf8(apply(&edits.output(), text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn removed_members_take_their_commas_with_them() {
        let text = r#"{"a":1, "b":2 ,"c":3}"#;
        assert_eq!(removed(text, &[r#""a":1"#]), r#"{"b":2 ,"c":3}"#);
        assert_eq!(removed(text, &[r#""b":2"#]), r#"{"a":1, "c":3}"#);
        assert_eq!(removed(text, &[r#""b":2"#, r#""c":3"#]), r#"{"a":1}"#);
        assert_eq!(removed(text, &[r#""a":1"#, r#""c":3"#]), r#"{"b":2}"#);
        assert_eq!(removed(text, &[r#""a":1"#, r#""b":2"#, r#""c":3"#]), "{}");
    }

    #[test]
    fn nothing_to_edit_is_keep() {
        assert_eq!(Edits::of("x").output(), Output::Keep);
    }
}
