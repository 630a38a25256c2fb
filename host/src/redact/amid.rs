//! Members of JSON amid a text: after headers, in a fence, in lines with numbers, cut off at either end, with
//! its quotes escaped or of Python's kind. Knows nothing of what is looked for.

use std::borrow::Cow;
use std::ops::Range;

use super::body::Under;

/// The value of a member, or of a list under one.
pub(super) struct Member<'a> {
    /// In the text, without quotes.
    pub(super) range: Range<usize>,
    pub(super) text: Cow<'a, str>,
    pub(super) under: Under<'a>,
    pub(super) is_number: bool,
    /// The text stands there with escapes of JSON.
    pub(super) is_decoded: bool,
}

impl Member<'_> {
    /// Another text as it is written in the place of this one.
    pub(super) fn written(&self, text: &str) -> String {
        if !self.is_decoded {
            return text.to_owned();
        }
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    }
}

/// All of them, in order. Takes time by the length of the text alone.
pub(super) fn members(text: &str) -> Vec<Member<'_>> {
    let mut scan = Scan {
        text,
        at: 0,
        open: Vec::new(),
        name: None,
        found: Vec::new(),
    };
    if text.contains(['"', '\'']) {
        while let Some(byte) = scan.byte() {
            scan.step(byte);
        }
    }
    scan.found
}

/// Longer names tell nothing of what stands under them, in bytes.
const LONGEST_NAME: usize = 80;

/// What is deeper has no name of an object.
const DEEPEST: usize = 200;

/// Quotes with more backslashes before them are none.
const MOST_BACKSLASHES: usize = 15;

struct Open<'a> {
    name: Option<Cow<'a, str>>,
    is_list: bool,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Open<'a>>,
    /// Its value comes next.
    name: Option<Cow<'a, str>>,
    found: Vec<Member<'a>>,
}

impl<'a> Scan<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'"' | b'\'' => return self.quoted(byte),
            b'{' | b'[' => {
                let name = self.name.take().or_else(|| self.list());
                if self.open.len() < DEEPEST {
                    let is_list = byte == b'[';
                    self.open.push(Open { name, is_list });
                }
            }
            b'}' | b']' => {
                let closes = |open: &Open<'_>| open.is_list == (byte == b']');
                self.open.pop_if(|open| closes(open));
                self.name = None;
            }
            b'0'..=b'9' if self.name.is_some() => return self.number(),
            b'\\' | b' ' | b'\t' | b'\r' => {}
            b'\n' => return self.line(),
            _ => self.name = None,
        }
        self.at += 1;
    }

    /// The name that strings of a list stand under.
    fn list(&self) -> Option<Cow<'a, str>> {
        let open = self.open.last().filter(|open| open.is_list)?;
        open.name.clone()
    }

    /// A name, a value, or a quote that means nothing.
    fn quoted(&mut self, quote: u8) {
        let start = self.at + 1;
        let (end, after) = self.string(quote);
        if let Some(value) = after.and_then(|after| self.colon(after)) {
            let name = Some(&self.text[start..end]).filter(|name| name.len() <= LONGEST_NAME);
            self.name = name.map(Cow::Borrowed);
            self.at = value;
        } else if let Some(name) = self.name.take().or_else(|| self.list()) {
            self.keep(name, start..end, quote);
            self.at = after.unwrap_or(end);
        } else {
            self.at = start;
        }
    }

    /// Where the string that begins here ends, and what is behind its quote. It ends with the line or the text, too.
    fn string(&self, quote: u8) -> (usize, Option<usize>) {
        let bytes = self.text.as_bytes();
        let escapes = |at: usize| {
            let before = bytes[..at].iter().rev();
            before
                .take_while(|byte| **byte == b'\\')
                .take(MOST_BACKSLASHES + 1)
                .count()
        };
        let level = escapes(self.at);
        let mut at = self.at + 1;
        while let Some(next) = memchr::memchr2(quote, b'\n', &bytes[at..]) {
            at += next;
            let own = escapes(at);
            let closes = if level == 0 {
                own % 2 == 0
            } else {
                own == level
            };
            if bytes[at] == b'\n' || level > MOST_BACKSLASHES {
                return (at, None);
            }
            if closes {
                return ((at - level).max(self.at + 1), Some(at + 1));
            }
            at += 1;
        }
        (bytes.len(), None)
    }

    /// Where what follows the colon begins, if one follows the string.
    fn colon(&self, mut at: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        (bytes.get(at) == Some(&b':')).then_some(at + 1)
    }

    fn keep(&mut self, name: Cow<'a, str>, range: Range<usize>, quote: u8) {
        let raw = &self.text[range.clone()];
        let plain = self.text[..range.start - 1].ends_with('\\');
        let decoded = (quote == b'"' && !plain && raw.contains('\\'))
            .then(|| serde_json::from_str(&format!("\"{raw}\"")).ok())
            .flatten();
        let is_decoded = decoded.is_some();
        let text = decoded.map_or(Cow::Borrowed(raw), Cow::Owned);
        self.push(name, range, text, false, is_decoded);
    }

    fn push(
        &mut self,
        name: Cow<'a, str>,
        range: Range<usize>,
        text: Cow<'a, str>,
        is_number: bool,
        is_decoded: bool,
    ) {
        let mut objects = self.open.iter().rev().filter(|open| !open.is_list);
        let under = Under {
            member: Some(name),
            parent: objects.next().and_then(|open| open.name.clone()),
        };
        self.found.push(Member {
            range,
            text,
            under,
            is_number,
            is_decoded,
        });
    }

    fn number(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let joined = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-_".contains(byte);
        let range = self.at..self.at + digits;
        self.at = range.end;
        if let Some(name) = self
            .name
            .take()
            .filter(|_| !rest.get(digits).is_some_and(joined))
        {
            let text = Cow::Borrowed(&self.text[range.clone()]);
            self.push(name, range, text, true, false);
        }
    }

    /// A line begins: what numbers it is no value.
    fn line(&mut self) {
        self.at += 1;
        let rest = &self.text[self.at..];
        let digits = rest.trim_start_matches([' ', '\t']);
        let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = after.len() < digits.len();
        if is_number && let Some(line) = after.strip_prefix(['\u{2192}', '|', '\t']) {
            self.at = self.text.len() - line.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> Vec<(String, String)> {
        let name = |under: &Under<'_>| {
            let names = [&under.parent, &under.member];
            let names: Vec<&str> = names.into_iter().flatten().map(|name| &**name).collect();
            names.join(".")
        };
        let all = members(text).into_iter();
        all.map(|one| (name(&one.under), one.text.into_owned()))
            .collect()
    }

    fn one(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn members_are_found_amid_a_text() {
        for text in [
            r#"HTTP/1.1 200 OK

{"account": {"id": "x1"}}"#,
            "```json\n{\"account\": {\"id\": \"x1\"}}\n```",
            "     2\u{2192}  \"account\": {\n     3\u{2192}    \"id\":\n     4\u{2192}  \"x1\"",
            "     2\t  \"account\": {\n     3\t    \"id\": \"x1\"}",
            "{\"a\":true}\n{\"account\":{\"id\":\"x1\"}}",
            r#"he said "no", 5" wide, and {"account": [{"id": "x1"}]}"#,
            r#"log: {\"account\": {\"id\": \"x1\"}}"#,
            "don't {'account': {'id': 'x1'}}",
            r#"{"account": {"id": "x1"#,
        ] {
            assert_eq!(told(text), one("account.id", "x1"), "{text}");
        }
    }

    #[test]
    fn numbers_lists_and_escapes_are_values() {
        assert_eq!(told(r#"so {"id": 123, "n": 1.5}"#), one("id", "123"));
        assert_eq!(told(r#"so {"id": ["a"], "b": null}"#), one("id", "a"));
        assert_eq!(told(r#"so {"id": "a\/b"}"#), one("id", "a/b"));
        assert_eq!(told(r#"so "a", 'b': nothing"#), []);
        assert_eq!(told("key: \"x\" and it's 'y'"), []);
    }

    proptest! {
        #[test]
        fn every_text_has_its_members_where_they_are(text in "[a:,\"'\\\\{}\\[\\]1 \né→]{0,60}") {
            for member in members(&text) {
                prop_assert!(text.get(member.range.clone()).is_some());
                prop_assert!(member.is_decoded || text[member.range] == *member.text);
            }
        }
    }
}
