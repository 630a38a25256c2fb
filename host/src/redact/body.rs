//! A body as the texts in it: the strings of JSON with their escapes decoded, and what is no JSON as it
//! is. What is not changed keeps its bytes. Knows nothing of what is looked for.

mod place;
mod walk;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use place::{Place, Places};
use walk::{begun, strings};

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

/// The names that a value stands under, also inside a list. Very long ones are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Under<'a> {
    /// Its own.
    pub(super) member: Option<Cow<'a, str>>,
    /// That of the object that holds it.
    pub(super) parent: Option<Cow<'a, str>>,
}

/// One text.
pub(super) struct Fragment<'a> {
    /// In the body; of a string without its quotes.
    pub(super) range: Range<usize>,
    pub(super) text: Cow<'a, str>,
    pub(super) role: Role,
    pub(super) under: Under<'a>,
    changed: bool,
    /// Where the string stands in its event: those of one place may be pieces of one text.
    place: Option<Place>,
}

impl<'a> Fragments<'a> {
    /// One JSON value, else line by line: events, lines of JSON, or text.
    pub(super) fn of(body: &'a str) -> Self {
        let is_json = body.trim_start().starts_with(['{', '[']);
        let cut = || is_json.then(|| begun(body, 0, None)).flatten();
        if let Some(all) = strings(body, 0, None).or_else(cut) {
            return Self { body, all };
        }
        let is_stream = body.lines().any(|line| line.starts_with("data:"));
        let mut places = Places::default();
        let mut all: Vec<Fragment<'a>> = Vec::new();
        let mut start = 0;
        for line in body.split_inclusive('\n') {
            let data = line.strip_prefix("data:").unwrap_or(line);
            let before = start + line.len() - data.len();
            let is_json = data.trim().starts_with(['{', '[']);
            // The last event of an answer that was cut off.
            let is_last = start + line.len() == body.len();
            let read = if is_last { begun } else { strings };
            let json = is_json.then(|| read(data, before, Some(&mut places)));
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
                    under: Under::default(),
                    changed: false,
                    place: None,
                }),
            }
            start += line.len();
        }
        Self { body, all }
    }

    /// A text that is an object or a list of JSON itself, also one that ends early.
    pub(super) fn nested(text: &'a str) -> Option<Self> {
        let is_json = text.trim_start().starts_with(['{', '[']);
        let all = is_json.then(|| begun(text, 0, None)).flatten()?;
        Some(Self { body: text, all })
    }

    pub(super) fn all(&self) -> &[Fragment<'a>] {
        &self.all
    }

    pub(super) fn set(&mut self, at: usize, text: String) {
        if let Some(fragment) = self.all.get_mut(at)
            && fragment.text != text
        {
            fragment.text = Cow::Owned(text);
            fragment.changed = true;
        }
    }

    pub(super) fn is_changed(&self) -> bool {
        self.all.iter().any(|fragment| fragment.changed)
    }

    /// For each place of an event that has a string in more than one: the fragments there.
    pub(super) fn channels(&self) -> Vec<Vec<usize>> {
        let mut places: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for (at, fragment) in self.all.iter().enumerate() {
            if let Some(place) = fragment.place {
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
            out.push_str(&fragment.written(&fragment.text));
            done = fragment.range.end;
        }
        out.push_str(&self.body[done..]);
        out
    }
}

impl Fragment<'_> {
    /// Another text as it is written in the body in the place of this one.
    pub(super) fn written<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let quoted = || serde_json::Value::from(text).to_string();
        match self.role {
            Role::Name | Role::Value => {
                let quoted = quoted();
                Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
            }
            Role::Number if text.parse::<serde_json::Number>().is_err() => Cow::Owned(quoted()),
            Role::Number | Role::Event | Role::Text => Cow::Borrowed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts<'f>(fragments: &'f Fragments<'_>) -> Vec<&'f str> {
        let all = fragments.all.iter();
        all.map(|fragment| fragment.text.as_ref()).collect()
    }

    #[test]
    fn strings_are_decoded_and_only_what_is_set_is_written_anew() {
        let body = r#"{ "a\/b": "x\/y", "n": 1.50, "l": ["q\"", {"c": true}] }"#;
        let mut fragments = Fragments::of(body);
        assert_eq!(texts(&fragments), ["a/b", "x/y", "n", "l", "q\"", "c"]);
        fragments.set(4, "\"Q\"".to_owned());
        assert_eq!(
            fragments.joined(),
            r#"{ "a\/b": "x\/y", "n": 1.50, "l": ["\"Q\"", {"c": true}] }"#
        );
    }

    #[test]
    fn a_value_knows_its_name_and_that_of_its_object_also_inside_a_list() {
        let body = r#"{"tools": [{"name": "a", "list": ["b"]}], "n": "c"}"#;
        let fragments = Fragments::of(body);
        let under = |text: &str| {
            let all = fragments.all.iter();
            let mut found = all.filter(|one| one.text == text);
            let under = found.next().unwrap().under.clone();
            (under.member.unwrap().into_owned(), under.parent)
        };
        assert_eq!(under("a"), ("name".to_owned(), Some("tools".into())));
        assert_eq!(under("b"), ("list".to_owned(), Some("tools".into())));
        assert_eq!(under("c"), ("n".to_owned(), None));
    }

    #[test]
    fn pieces_of_one_text_are_found_by_their_place_and_index() {
        let event = |index: u8, text: &str| {
            format!("event: e\ndata: {{\"index\":{index},\"delta\":{{\"text\":\"{text}\"}}}}\n\n")
        };
        let body = [event(0, "a"), event(1, "x"), event(0, "b")].concat();
        let fragments = Fragments::of(&body);
        let texts = texts(&fragments);
        let channels: Vec<Vec<&str>> = fragments
            .channels()
            .iter()
            .map(|channel| channel.iter().map(|at| texts[*at]).collect())
            .collect();
        assert_eq!(channels, [["a", "b"]]);
    }

    #[test]
    fn what_is_no_json_is_text() {
        let body = "data: {\"a\": \"half\nplain\n";
        assert_eq!(texts(&Fragments::of(body)).concat(), body);
    }

    #[test]
    fn a_name_of_any_length_above_many_strings_takes_no_room() {
        let strings = vec!["x0"; 20_000];
        let name = "\u{e9}".repeat(50_000);
        let body = serde_json::json!({ name: strings }).to_string();
        for body in [body.clone(), format!("data: {body}\n\n")] {
            let fragments = Fragments::of(&body);
            assert!(fragments.all.len() > 20_000);
            let last = fragments.all.iter().rfind(|one| one.role == Role::Value);
            assert_eq!(last.unwrap().under.member, None);
        }
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
            let found: Vec<_> = fragments.all.iter().map(|one| one.text.to_string()).collect();
            prop_assert_eq!(found, texts);
        }
    }
}
