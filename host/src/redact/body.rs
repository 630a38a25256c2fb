//! A body as the texts in it: the strings of JSON with their escapes decoded, and what is no JSON as it
//! is. What is not changed keeps its bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// The texts of a body, in order.
pub(super) struct Fragments<'a> {
    body: &'a str,
    all: Vec<Fragment<'a>>,
}

/// What a text is in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The name of a member.
    Name,
    /// A line of a stream that names the event.
    Event,
    /// A string.
    Value,
    /// A whole number.
    Number,
    /// No JSON.
    Text,
}

struct Fragment<'a> {
    /// In the body; of a string without its quotes.
    range: Range<usize>,
    text: Cow<'a, str>,
    role: Role,
    /// The name that a value stands under, also inside a list.
    member: Option<Cow<'a, str>>,
    changed: bool,
    /// Where the string stands in its event: those of one place may be pieces of one text.
    place: Option<String>,
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
        let is_stream = body.lines().any(|line| line.starts_with("data:"));
        let mut all: Vec<Fragment<'a>> = Vec::new();
        let mut start = 0;
        for line in body.split_inclusive('\n') {
            let data = line.strip_prefix("data:").unwrap_or(line);
            let before = start + line.len() - data.len();
            let ours = data.trim();
            let json = ours.starts_with(['{', '[']).then(|| strings(data, before));
            let names = is_stream && (line.starts_with("event:") || line.starts_with("retry:"));
            let range = start..start + line.len();
            match (json.flatten(), all.last_mut()) {
                (Some(strings), _) => all.extend(strings),
                // What spans lines is found, too.
                (None, Some(last))
                    if !names && last.role == Role::Text && last.range.end == start =>
                {
                    last.range.end = range.end;
                    last.text = Cow::Borrowed(&body[last.range.clone()]);
                }
                (None, _) => all.push(Fragment {
                    text: Cow::Borrowed(line),
                    range,
                    role: if names { Role::Event } else { Role::Text },
                    member: None,
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

    pub(super) fn role(&self, at: usize) -> Role {
        self.all
            .get(at)
            .map_or(Role::Text, |fragment| fragment.role)
    }

    /// The name that a value stands under.
    pub(super) fn member(&self, at: usize) -> Option<&str> {
        self.all.get(at)?.member.as_deref()
    }

    pub(super) fn set(&mut self, at: usize, text: String) {
        if let Some(fragment) = self.all.get_mut(at) {
            fragment.text = Cow::Owned(text);
            fragment.changed = true;
        }
    }

    /// Every text, decoded, and what came in pieces as one.
    pub(super) fn decoded(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let pieces = self.channels().into_iter().map(|channel| {
            let pieces = channel.into_iter().map(|at| self.get(at));
            Cow::Owned(pieces.collect::<String>())
        });
        let texts = self.all.iter();
        texts
            .map(|fragment| Cow::Borrowed(fragment.text.as_ref()))
            .chain(pieces.collect::<Vec<_>>())
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
            if matches!(fragment.role, Role::Name | Role::Value) {
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

/// Replaces a part of the joined pieces if it spans more than one, or `within` one too. Said last to first.
pub(super) fn replace_across(
    pieces: &mut [String],
    range: Range<usize>,
    with: &str,
    within: bool,
) -> bool {
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
    if touched.is_empty() || (touched.len() < 2 && !within) {
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
        member: None,
        found: Vec::new(),
    };
    walk.value(0)?;
    walk.blank();
    (walk.at == text.len()).then_some(walk.found)
}

/// Deeper JSON is taken for text.
const DEEPEST: usize = 200;

struct Walk<'a> {
    text: &'a str,
    offset: usize,
    at: usize,
    path: String,
    member: Option<Cow<'a, str>>,
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
                self.keep(range, text, Role::Value, place);
                Some(())
            }
            _ => self.number_or_word(),
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
            self.keep(range, name.clone(), Role::Name, None);
            self.byte(b':')?;
            self.blank();
            let start = self.at;
            let outer = self.member.replace(name);
            self.value(depth + 1)?;
            self.member = outer;
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

    fn number_or_word(&mut self) -> Option<()> {
        let start = self.at;
        let word = self.plain()?;
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            self.keep(start..self.at, Cow::Borrowed(word), Role::Number, None);
        }
        Some(())
    }

    /// A number or a word.
    fn plain(&mut self) -> Option<&'a str> {
        let start = self.at;
        let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        self.at += self.rest().iter().take_while(plain).count();
        self.text
            .get(start..self.at)
            .filter(|word| !word.is_empty())
    }

    fn keep(&mut self, range: Range<usize>, text: Cow<'a, str>, role: Role, place: Option<String>) {
        let member = match role {
            Role::Value | Role::Number => self.member.clone(),
            Role::Name | Role::Event | Role::Text => None,
        };
        self.found.push(Fragment {
            range: range.start + self.offset..range.end + self.offset,
            text,
            role,
            member,
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
        assert_eq!(fragments.member(4), Some("l"));
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
        assert!(replace_across(&mut pieces, 4..15, "X", false));
        assert_eq!(pieces, ["say X", "", "", "!"]);
        assert!(!replace_across(&mut pieces, 0..3, "Y", false));
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
            let found: Vec<_> = fragments.decoded().collect();
            prop_assert_eq!(found, texts);
        }
    }
}
