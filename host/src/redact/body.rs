//! A body as the texts in it: the strings of JSON with their escapes decoded, and what is no JSON as it
//! is. What is not changed keeps its bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::rule::Reach;
use super::wire;

/// The texts of a body, in order.
pub(super) struct Fragments<'a> {
    body: &'a str,
    all: Vec<Fragment<'a>>,
}

struct Fragment<'a> {
    /// In the body; of a string without its quotes.
    range: Range<usize>,
    text: Cow<'a, str>,
    form: Form,
    changed: bool,
    /// Where the string stands in its event: those of one place may be pieces of one text.
    place: Option<String>,
}

/// What a text is where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A string of JSON.
    Value,
    /// The name of a member of JSON.
    Name,
    /// Digits of JSON.
    Number,
    /// The name of an event, with its line.
    Event,
    Text,
}

impl<'a> Fragments<'a> {
    /// One JSON value, else line by line: events, lines of JSON, or text.
    pub(super) fn of(body: &'a str) -> Self {
        if let Some(strings) = strings(body, 0) {
            let all = strings.into_iter().map(|string| Fragment {
                place: None,
                ..string
            });
            return Self {
                body,
                all: all.collect(),
            };
        }
        let mut all = Vec::new();
        let mut start = 0;
        for line in body.split_inclusive('\n') {
            let data = line.strip_prefix("data:").unwrap_or(line);
            let before = start + line.len() - data.len();
            let ours = data.trim();
            let json = ours.starts_with(['{', '[']).then(|| strings(data, before));
            match json.flatten() {
                Some(strings) => all.extend(strings),
                None => all.push(Fragment {
                    range: start..start + line.len(),
                    text: Cow::Borrowed(line),
                    form: if line.starts_with("event:") {
                        Form::Event
                    } else {
                        Form::Text
                    },
                    changed: false,
                    place: None,
                }),
            }
            start += line.len();
        }
        Self { body, all }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, at: usize) -> &str {
        self.all.get(at).map_or("", |fragment| &fragment.text)
    }

    pub(super) fn set(&mut self, at: usize, text: String) {
        if let Some(fragment) = self.all.get_mut(at) {
            fragment.text = Cow::Owned(text);
            fragment.changed = true;
        }
    }

    /// How far names of people may be taken out of it.
    pub(super) fn reach(&self, at: usize) -> Reach {
        let Some(fragment) = self.all.get(at) else {
            return Reach::Nothing;
        };
        match fragment.form {
            Form::Event | Form::Number => Reach::Nothing,
            Form::Name | Form::Value if wire::is_word(&fragment.text) => Reach::Nothing,
            Form::Name if wire::is_identifier(&fragment.text) => Reach::Whole,
            Form::Name | Form::Value | Form::Text => Reach::Parts,
        }
    }

    /// Every text, decoded.
    pub(super) fn decoded(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|fragment| fragment.text.as_ref())
    }

    /// For each place of an event that has a string in more than one: the fragments there.
    pub(super) fn channels(&self) -> Vec<Vec<usize>> {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, fragment) in self.all.iter().enumerate() {
            if let Some(place) = &fragment.place {
                places.entry(place).or_default().push(at);
            }
        }
        places.into_values().filter(|all| all.len() > 1).collect()
    }

    /// The body with what was set.
    pub(super) fn joined(&self) -> String {
        let mut out = String::with_capacity(self.body.len());
        let mut done = 0;
        for fragment in self.all.iter().filter(|fragment| fragment.changed) {
            out.push_str(&self.body[done..fragment.range.start]);
            if matches!(fragment.form, Form::Value | Form::Name) {
                let quoted = serde_json::Value::from(fragment.text.as_ref()).to_string();
                out.push_str(&quoted[1..quoted.len() - 1]);
            } else {
                out.push_str(&fragment.text);
            }
            done = fragment.range.end;
        }
        out.push_str(&self.body[done..]);
        out
    }
}

/// Replaces a part of the joined pieces if it spans more than one. Said last to first.
pub(super) fn replace_across(pieces: &mut [String], range: Range<usize>, with: &str) -> bool {
    let mut start = 0;
    let mut touched = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let own = start..start + piece.len();
        if own.start < range.end && range.start < own.end {
            let from = range.start.max(own.start) - start;
            let to = range.end.min(own.end) - start;
            touched.push((at, from..to));
        }
        start = own.end;
    }
    if touched.len() < 2 {
        return false;
    }
    for (nth, (at, part)) in touched.into_iter().enumerate() {
        if let Some(piece) = pieces.get_mut(at) {
            piece.replace_range(part, if nth == 0 { with } else { "" });
        }
    }
    true
}

/// The strings of a text that is one JSON value; names of members are strings too. `offset` is where
/// the text begins in the body.
fn strings(text: &str, offset: usize) -> Option<Vec<Fragment<'_>>> {
    let mut walk = Walk {
        text,
        offset,
        at: 0,
        path: String::new(),
        found: Vec::new(),
    };
    walk.value(0)?;
    walk.blank();
    (walk.at == text.len()).then_some(walk.found)
}

/// Shorter numbers are amounts.
const SHORTEST_ID: usize = 6;

/// Deeper JSON is taken for text.
const DEEPEST: usize = 200;

struct Walk<'a> {
    text: &'a str,
    offset: usize,
    at: usize,
    path: String,
    found: Vec<Fragment<'a>>,
}

impl<'a> Walk<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn blank(&mut self) {
        let blank = |byte: &&u8| byte.is_ascii_whitespace();
        self.at += self.rest().iter().take_while(blank).count();
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        self.blank();
        (self.rest().first() == Some(&wanted)).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        self.blank();
        match self.rest().first()? {
            _ if depth > DEEPEST => None,
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => {
                let (range, text) = self.string()?;
                let place = Some(self.path.clone());
                self.keep(range, text, Form::Value, place);
                Some(())
            }
            _ => self.plain(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.byte(b'{')?;
        let (length, first) = (self.path.len(), self.found.len());
        let mut index = None;
        let mut more = self.byte(b'}').is_none();
        while more {
            self.blank();
            let (range, name) = self.string()?;
            self.path.push('/');
            self.path.push_str(&name);
            let is_index = name == "index";
            self.keep(range, name, Form::Name, None);
            self.byte(b':')?;
            self.blank();
            let start = self.at;
            self.value(depth + 1)?;
            if is_index {
                index = self.text.get(start..self.at);
            }
            self.path.truncate(length);
            more = self.byte(b',').is_some();
            if !more {
                self.byte(b'}')?;
            }
        }
        // Blocks and calls of a stream are told apart by their index.
        if let Some(index) = index {
            let below = self.found.iter_mut().skip(first);
            for place in below.filter_map(|fragment| fragment.place.as_mut()) {
                place.push('#');
                place.push_str(index);
            }
        }
        Some(())
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.byte(b'[')?;
        let length = self.path.len();
        let mut number = 0_usize;
        let mut more = self.byte(b']').is_none();
        while more {
            self.path.push('/');
            self.path.push_str(&number.to_string());
            self.value(depth + 1)?;
            self.path.truncate(length);
            number += 1;
            more = self.byte(b',').is_some();
            if !more {
                self.byte(b']')?;
            }
        }
        Some(())
    }

    /// Where it stands without its quotes, and what it says.
    fn string(&mut self) -> Option<(Range<usize>, Cow<'a, str>)> {
        self.byte(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.rest();
            let stop = memchr::memchr2(b'"', b'\\', rest)?;
            self.at += stop;
            if rest.get(stop) == Some(&b'"') {
                break;
            }
            escaped = true;
            // The escaped character may be of several bytes in what is no proper JSON.
            self.at += 1 + self.text.get(self.at + 1..)?.chars().next()?.len_utf8();
        }
        let range = start..self.at;
        self.at += 1;
        let raw = self.text.get(range.clone())?;
        let text = if escaped {
            let quoted = self.text.get(start - 1..self.at)?;
            Cow::Owned(serde_json::from_str(quoted).ok()?)
        } else {
            Cow::Borrowed(raw)
        };
        Some((range, text))
    }

    /// A number or a word. A number that could be an id is kept.
    fn plain(&mut self) -> Option<()> {
        let start = self.at;
        let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        self.at += self.rest().iter().take_while(plain).count();
        let word = self.text.get(start..self.at)?;
        if word.len() >= SHORTEST_ID && word.bytes().all(|byte| byte.is_ascii_digit()) {
            self.keep(start..self.at, Cow::Borrowed(word), Form::Number, None);
        }
        (!word.is_empty()).then_some(())
    }

    fn keep(&mut self, range: Range<usize>, text: Cow<'a, str>, form: Form, place: Option<String>) {
        self.found.push(Fragment {
            range: range.start + self.offset..range.end + self.offset,
            text,
            form,
            changed: false,
            place,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strings_are_decoded_and_only_what_is_set_is_written_anew() {
        let body = r#"{ "a\/b": "x\/y", "n": 1.50, "l": ["q\"", {"c": true}] }"#;
        let mut fragments = Fragments::of(body);
        let texts: Vec<_> = fragments.decoded().collect();
        assert_eq!(texts, ["a/b", "x/y", "n", "l", "q\"", "c"]);
        fragments.set(4, "\"Q\"".to_owned());
        assert_eq!(
            fragments.joined(),
            r#"{ "a\/b": "x\/y", "n": 1.50, "l": ["\"Q\"", {"c": true}] }"#
        );
    }

    #[test]
    fn pieces_of_one_text_are_found_by_their_place_and_index() {
        let event = |index: u8, text: &str| {
            format!("event: e\ndata: {{\"index\":{index},\"delta\":{{\"text\":\"{text}\"}}}}\n\n")
        };
        let body = [event(0, "a"), event(1, "x"), event(0, "b")].concat();
        let fragments = Fragments::of(&body);
        let channels: Vec<Vec<&str>> = fragments
            .channels()
            .iter()
            .map(|channel| channel.iter().map(|at| fragments.get(*at)).collect())
            .collect();
        assert_eq!(channels, [["a", "b"]]);
    }

    #[test]
    fn what_is_no_json_is_text() {
        let body = "data: {\"a\": \"half\nplain\n";
        assert_eq!(Fragments::of(body).decoded().collect::<String>(), body);
    }

    #[test]
    fn a_part_that_spans_pieces_stands_in_the_first_of_them() {
        let mut pieces = ["say /ho", "me", "/al", "ice!"].map(str::to_owned);
        assert!(replace_across(&mut pieces, 4..15, "X"));
        assert_eq!(pieces, ["say X", "", "", "!"]);
        assert!(!replace_across(&mut pieces, 0..3, "Y"));
    }

    proptest! {
        #[test]
        fn what_is_not_set_stays_as_it_came(body in "[ -~\n]{0,80}") {
            prop_assert_eq!(Fragments::of(&body).joined(), body);
        }

        #[test]
        fn every_string_of_a_value_is_found(texts in proptest::collection::vec(".{0,10}", 0..5)) {
            let body = serde_json::to_string(&texts).unwrap();
            let fragments = Fragments::of(&body);
            let found: Vec<&str> = fragments.decoded().collect();
            prop_assert_eq!(found, texts);
        }
    }
}
