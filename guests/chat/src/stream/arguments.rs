//! The arguments of one call as they grow: whether they are complete JSON, and what may be passed on.

use super::lenient;
use sdk::json::{RawValue, from_str};

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
    /// Where in `text` something stands that is no JSON: from there on nothing is passed on before the end.
    broken: Option<usize>,
    /// Where a comma stands that nothing but white space has followed yet.
    comma: Option<usize>,
}

/// What is to be written at the end of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    Nothing,
    /// This, beside what was passed on.
    Text(String),
    /// What was passed on cannot become an object any more.
    Unfit,
}

impl Arguments {
    /// What has come so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether an object has come whole.
    pub(crate) fn complete(&self) -> bool {
        self.complete
    }

    /// Whether an object has come whole, and nothing else will take its place.
    pub(crate) fn settled(&self) -> bool {
        self.complete && !self.may_be_replaced()
    }

    /// Whether everything was passed on.
    pub(crate) fn all_passed(&self) -> bool {
        self.passed == self.text.len()
    }

    /// Whether what was just added may go on as it came.
    pub(crate) fn flows(&self) -> bool {
        !self.odd() && self.comma.is_none() && !self.may_be_replaced()
    }

    /// An empty object that was not passed on: some servers begin with it and send the arguments then.
    pub(crate) fn may_be_replaced(&self) -> bool {
        self.complete && self.passed == 0 && packed(&self.text).eq(*b"{}")
    }

    /// The text is no JSON object so far: it is kept back until it can be judged as a whole.
    pub(crate) fn odd(&self) -> bool {
        let first = self.text.trim_start().chars().next();
        self.broken.is_some() || first.is_some_and(|first| first != '{')
    }

    /// Whether an empty object was passed on and `piece` begins another one, which comes too late.
    pub(crate) fn is_empty_before(&self, piece: &str) -> bool {
        piece.trim_start().starts_with('{')
            && packed(piece).nth(2).is_some()
            && packed(&self.text).eq(*b"{}")
    }

    /// Whether `piece` is everything once more. Some servers send the whole arguments at the end, perhaps in other spacing.
    /// A nested object may look the same where a value can begin.
    pub(crate) fn is_repeated_by(&self, piece: &str) -> bool {
        let known = self.text.trim_end();
        let begins_again =
            !known.is_empty() && piece.starts_with(known) && !known.ends_with([':', '[', ',']);
        begins_again || (self.complete && packed(known).eq(packed(piece)))
    }

    /// Adds a piece. Returns what is new of it, none if nothing is: after complete JSON nothing counts, unless it was an
    /// empty object that nobody has seen.
    pub(crate) fn add<'p>(&mut self, piece: &'p str) -> Option<&'p str> {
        if self.may_be_replaced() && piece.trim_start().starts_with('{') {
            *self = Self::default();
        }
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
        let end = if self.odd() {
            new.len()
        } else {
            self.follow(new)
        };
        let new = &new[..end];
        self.text.push_str(new);
        if self.broken.is_some() && new.trim_end().ends_with('}') {
            self.complete = self.depth_is_closed() && lenient::object(&self.text).is_some();
        }
        self.check();
        Some(new)
    }

    /// Brackets that close do not make it JSON: before the last one is passed on the whole is read.
    fn check(&mut self) {
        if self.complete && self.broken.is_none() && from_str::<&RawValue>(&self.text).is_err() {
            self.broken = Some(self.text.len() - 1);
        }
    }

    /// Whether as many brackets close as open, wherever they stand: enough to try and read broken text.
    fn depth_is_closed(&self) -> bool {
        let count = |bracket: char| self.text.matches(bracket).count();
        count('{') == count('}')
    }

    /// Scans new text; returns where the object ends, or its length.
    fn follow(&mut self, new: &str) -> usize {
        for (at, byte) in new.bytes().enumerate() {
            let place = self.text.len() + at;
            if self.in_string {
                match byte {
                    0..0x20 => return self.breaks(place, new),
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            if byte == b',' {
                self.comma = Some(place);
                continue;
            }
            if byte.is_ascii_whitespace() {
                continue;
            }
            let comma = self.comma.take();
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    if let Some(comma) = comma {
                        return self.breaks(comma, new);
                    }
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.complete = true;
                        return at + 1;
                    }
                }
                b':' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E' => {}
                _ if b"truefalsn".contains(&byte) => {}
                _ => return self.breaks(place, new),
            }
        }
        new.len()
    }

    /// Notes where the text stops being JSON.
    fn breaks(&mut self, place: usize, new: &str) -> usize {
        self.broken = Some(place);
        new.len()
    }

    /// Marks everything that may be passed on as passed on.
    pub(crate) fn pass(&mut self) {
        self.passed = self.comma.unwrap_or(self.text.len());
    }

    /// What was not passed on yet; nothing while the text is [`Arguments::odd`] or
    /// [may be replaced](Arguments::may_be_replaced).
    pub(crate) fn waiting(&self) -> &str {
        if self.odd() || self.may_be_replaced() {
            return "";
        }
        // A comma may be one too many: it waits for what follows.
        &self.text[self.passed..self.comma.unwrap_or(self.text.len())]
    }

    /// What is still to be written when nothing more comes. `cut`: the answer broke off at its limit, so half an
    /// object stays one.
    pub(crate) fn rest(&self, cut: bool) -> Rest {
        if self.may_be_replaced() {
            return Rest::Text(self.text.clone());
        }
        if (cut && !self.complete) || (self.complete && !self.odd()) || self.text.trim().is_empty()
        {
            return Rest::Nothing;
        }
        let passed = &self.text[..self.passed];
        match mend(&self.text) {
            Some(mended) => match mended.strip_prefix(passed) {
                Some("") => Rest::Nothing,
                Some(rest) => Rest::Text(rest.to_owned()),
                None => Rest::Unfit,
            },
            // Only what was not begun can still become an object.
            None if passed.is_empty() && self.odd() => Rest::Text("{}".to_owned()),
            None => Rest::Unfit,
        }
    }
}

/// The bytes of JSON text without the white space around its tokens.
fn packed(json: &str) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    json.bytes().filter(move |byte| {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            return true;
        }
        in_string = *byte == b'"';
        !byte.is_ascii_whitespace()
    })
}

/// The object that arguments mean: an object in a string is that object, `null` is nothing, and slips of the pen
/// are mended. None: they mean none.
pub fn mend(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if trimmed == "null" {
        return Some(String::new());
    }
    match from_str::<String>(trimmed) {
        Ok(inner) => lenient::object(&inner),
        Err(_) => lenient::object(text),
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
    fn a_repetition_may_be_spaced_in_another_way() {
        let arguments = fed(&[r#"{"a":"1 \" 2"}"#]);
        assert!(arguments.is_repeated_by(r#" { "a" : "1 \" 2" }"#));
        assert!(!arguments.is_repeated_by(r#"{"a":"1 \"2"}"#));
    }

    #[test]
    fn an_empty_object_gives_way_until_it_is_passed_on() {
        assert_eq!(fed(&["{}", r#"{"a":"#, "1}"]).text, r#"{"a":1}"#);
        let mut arguments = fed(&["{}"]);
        assert_eq!(arguments.waiting(), "");
        assert_eq!(arguments.rest(false), Rest::Text("{}".to_owned()));
        arguments.pass();
        assert_eq!(arguments.add(r#"{"a":1}"#), None);
    }

    #[test]
    fn a_nested_object_that_looks_like_a_repetition_is_kept() {
        let arguments = fed(&[r#"{"a":"#, r#"{"a":1}"#, "}"]);
        assert_eq!(arguments.text, r#"{"a":{"a":1}}"#);
        assert!(arguments.complete());
    }

    #[test]
    fn an_object_in_a_string_is_taken_out_of_it() {
        assert_eq!(mend(r#""{\"a\":1}""#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(mend("null").as_deref(), Some(""));
        assert_eq!(mend("[1]"), None);
    }

    #[test]
    fn what_is_no_json_is_kept_back_from_there_on() {
        let mut arguments = fed(&[r#"{"a": "#]);
        arguments.pass();
        arguments.add("True}");
        assert_eq!(arguments.waiting(), "");
        assert!(arguments.complete());
        assert_eq!(arguments.rest(false), Rest::Text("true}".to_owned()));
    }

    #[test]
    fn what_only_looks_like_an_object_does_not_pass_for_one() {
        let mut arguments = fed(&[r#"{"b":"#]);
        arguments.pass();
        assert_eq!(arguments.add("}"), Some("}"));
        assert!(arguments.complete() && !arguments.flows());
        assert_eq!(arguments.rest(false), Rest::Unfit);
        let whole = fed(&[r#"{"b":}"#]);
        assert_eq!(whole.waiting(), "");
        assert_eq!(whole.rest(false), Rest::Text("{}".to_owned()));
        let mut mended = fed(&[r#"{"n": 01"#]);
        mended.pass();
        mended.add("}");
        assert_eq!(mended.rest(false), Rest::Unfit);
    }

    #[test]
    fn a_brace_too_few_is_added_but_half_a_text_is_not_closed() {
        let passed = |text: &str| {
            let mut arguments = fed(&[text]);
            arguments.pass();
            arguments
        };
        assert_eq!(
            passed(r#"{"a":[1"#).rest(false),
            Rest::Text("]}".to_owned())
        );
        assert_eq!(passed(r#"{"a":"x"#).rest(false), Rest::Unfit);
        assert_eq!(passed(r#"{"a":"x"#).rest(true), Rest::Nothing);
        assert_eq!(fed(&["[1]"]).rest(false), Rest::Text("{}".to_owned()));
        assert_eq!(fed(&["null"]).rest(false), Rest::Nothing);
    }
}
