//! The arguments of one call as they grow: whether they are complete JSON, and what may be passed on.

/// Follows JSON text piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    text: String,
    depth: u32,
    in_string: bool,
    escaped: bool,
    complete: bool,
    /// How much of `text` was passed on.
    passed: usize,
}

impl Arguments {
    /// Whether an object has come whole.
    pub(crate) fn complete(&self) -> bool {
        self.complete
    }

    /// Whether everything was passed on.
    pub(crate) fn all_passed(&self) -> bool {
        self.passed == self.text.len()
    }

    /// The text is not an object so far: it is kept back until it can be judged as a whole.
    pub(crate) fn odd(&self) -> bool {
        let first = self.text.trim_start().chars().next();
        first.is_some_and(|first| first != '{')
    }

    /// Whether `piece` is everything once more. Some servers send the whole arguments at the end.
    /// A nested object may look the same where a value can begin.
    pub(crate) fn is_repeated_by(&self, piece: &str) -> bool {
        let known = self.text.trim_end();
        !known.is_empty() && piece.starts_with(known) && !known.ends_with([':', '[', ','])
    }

    /// Adds a piece. Returns what is new of it, none if nothing is: after complete JSON nothing counts.
    pub(crate) fn add<'p>(&mut self, piece: &'p str) -> Option<&'p str> {
        if self.complete {
            return None;
        }
        let new = if self.is_repeated_by(piece) {
            &piece[self.text.trim_end().len()..]
        } else {
            piece
        };
        if new.is_empty() {
            return None;
        }
        let end = self.follow(new);
        let new = &new[..end];
        self.text.push_str(new);
        Some(new)
    }

    /// Scans new text; returns where the object ends, or its length.
    fn follow(&mut self, new: &str) -> usize {
        for (at, byte) in new.bytes().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.complete = true;
                        return at + 1;
                    }
                }
                _ => {}
            }
        }
        new.len()
    }

    /// Marks everything as passed on.
    pub(crate) fn pass(&mut self) {
        self.passed = self.text.len();
    }

    /// What was not passed on yet; nothing while the text is [`Arguments::odd`].
    pub(crate) fn waiting(&self) -> &str {
        if self.odd() {
            return "";
        }
        &self.text[self.passed..]
    }

    /// What to make of odd text at the end: an object in a string is that object, `null` is nothing,
    /// anything else goes on as it is, so that the client can tell the model.
    pub(crate) fn mended(&self) -> String {
        mend(&self.text)
    }
}

/// See [`Arguments::mended`].
pub(crate) fn mend(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed == "null" {
        return String::new();
    }
    match sdk::json::from_str::<String>(trimmed) {
        Ok(inner) if inner.trim_start().starts_with('{') => inner,
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(pieces: &[&str]) -> Arguments {
        let mut arguments = Arguments::default();
        for piece in pieces {
            arguments.add(piece);
        }
        arguments
    }

    #[test]
    fn braces_in_strings_do_not_count() {
        assert!(!fed(&[r#"{"a":"}"#]).complete());
        assert!(fed(&[r#"{"a":"\"}"#, r#""}"#]).complete());
    }

    #[test]
    fn a_whole_repetition_adds_only_what_is_new() {
        assert_eq!(fed(&[r#"{"a":1"#, r#"{"a":1}"#]).text, r#"{"a":1}"#);
        assert_eq!(fed(&[r#"{"a":1}"#, r#"{"a":1}"#]).text, r#"{"a":1}"#);
    }

    #[test]
    fn a_nested_object_that_looks_like_a_repetition_is_kept() {
        let arguments = fed(&[r#"{"a":"#, r#"{"a":1}"#, "}"]);
        assert_eq!(arguments.text, r#"{"a":{"a":1}}"#);
        assert!(arguments.complete());
    }

    #[test]
    fn an_object_in_a_string_is_taken_out_of_it() {
        assert_eq!(mend(r#""{\"a\":1}""#), r#"{"a":1}"#);
        assert_eq!(mend("null"), "");
        assert_eq!(mend("[1]"), "[1]");
    }
}
