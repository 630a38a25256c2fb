//! What is in a document, to look for single values of another one in it.

use std::collections::HashSet;

use serde_json::Value;

/// Numbers up to this one are in every document: they are looked for together with their name.
const COMMON: f64 = 1.0;

/// The values of a document.
pub(super) struct Haystack {
    /// Lists and objects, as text with sorted members.
    parts: HashSet<String>,
    /// Numbers, flags and nulls.
    plain: HashSet<String>,
    /// The same with their names.
    named: HashSet<(String, String)>,
    texts: Vec<String>,
    /// Texts may be cut anywhere: events bring them in pieces.
    loose: bool,
}

impl Haystack {
    /// Of whole documents.
    pub(super) fn of<'v>(documents: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut haystack = Self {
            parts: HashSet::new(),
            plain: HashSet::new(),
            named: HashSet::new(),
            texts: Vec::new(),
            loose: false,
        };
        for document in documents {
            haystack.take("", document);
        }
        haystack
    }

    /// Of the events of a stream: texts of the same name are also taken together.
    pub(super) fn loose(events: &[Value]) -> Self {
        let mut haystack = Self::of(events);
        let mut joined: Vec<(String, String)> = Vec::new();
        for event in events {
            join("", event, &mut joined);
        }
        haystack.loose = true;
        for (_, text) in joined {
            haystack.text(text);
        }
        haystack
    }

    fn take(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                self.parts.insert(sorted(value));
                for (name, value) in members {
                    self.take(name, value);
                }
            }
            Value::Array(items) => {
                self.parts.insert(sorted(value));
                for item in items {
                    self.take(name, item);
                }
            }
            Value::String(text) => self.text(text.clone()),
            plain => {
                self.plain.insert(plain.to_string());
                self.named.insert((name.to_owned(), plain.to_string()));
            }
        }
        if matches!(value, Value::String(text) if text.is_empty()) {
            self.named.insert((name.to_owned(), String::new()));
        }
    }

    /// Arguments of tools are JSON in a text.
    fn text(&mut self, text: String) {
        if text.trim_start().starts_with(['{', '['])
            && let Ok(inner) = serde_json::from_str::<Value>(&text)
        {
            self.take("", &inner);
        }
        self.texts.push(text);
    }

    /// A value of this name is somewhere in the document.
    pub(super) fn has(&self, name: &str, value: &Value) -> bool {
        match value {
            Value::Object(members) if members.is_empty() => self.parts.contains("{}"),
            Value::Array(items) if items.is_empty() => self.parts.contains("[]"),
            Value::Object(_) | Value::Array(_) => self.parts.contains(&sorted(value)),
            Value::String(text) if text.is_empty() => {
                self.named.contains(&(name.to_owned(), String::new()))
            }
            Value::String(text) => self.has_text(name, text),
            Value::Number(number)
                if number.as_f64().is_some_and(|number| number.abs() > COMMON) =>
            {
                self.plain.contains(&value.to_string())
            }
            plain => self.named.contains(&(name.to_owned(), plain.to_string())),
        }
    }

    /// The text itself, the JSON that it is, or each of its lines: formats join what others keep apart.
    fn has_text(&self, name: &str, text: &str) -> bool {
        let is_there = |text: &str| self.texts.iter().any(|hay| self.is_in(text, hay));
        if is_there(text) {
            return true;
        }
        if text.trim_start().starts_with(['{', '['])
            && let Ok(inner) = serde_json::from_str::<Value>(text)
        {
            return self.has_all(name, &inner);
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        text.contains('\n') && lines.all(is_there)
    }

    /// A part, or everything that is in it.
    fn has_all(&self, name: &str, value: &Value) -> bool {
        self.has(name, value)
            || match value {
                Value::Object(members) => members
                    .iter()
                    .all(|(name, value)| self.has_all(name, value)),
                Value::Array(items) => items.iter().all(|item| self.has_all(name, item)),
                _ => false,
            }
    }

    /// As a whole, or as words of its own: not as a part of a longer word.
    fn is_in(&self, text: &str, hay: &str) -> bool {
        let word = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
        hay.match_indices(text).any(|(at, _)| {
            let before = hay.get(..at).and_then(|before| before.chars().next_back());
            let after = hay
                .get(at + text.len()..)
                .and_then(|after| after.chars().next());
            let (first, last) = (text.chars().next(), text.chars().next_back());
            let inside = word(before) && word(first) || word(after) && word(last);
            self.loose || !inside
        })
    }
}

fn join(name: &str, value: &Value, joined: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                join(name, value, joined);
            }
        }
        Value::Array(items) => {
            for item in items {
                join(name, item, joined);
            }
        }
        Value::String(text) => match joined.iter_mut().find(|(known, _)| known == name) {
            Some((_, all)) => all.push_str(text),
            None => joined.push((name.to_owned(), text.clone())),
        },
        _ => {}
    }
}

/// As text that is the same for the same value.
fn sorted(value: &Value) -> String {
    crate::testing::compare::sorted(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_found_as_words_and_small_numbers_by_name() {
        let document = json!({"a": "Be brief.\n\nhi there", "n": 1, "m": 300, "s": true});
        let haystack = Haystack::of([&document]);
        let has = |name: &str, value: Value| haystack.has(name, &value);
        assert!(has("x", json!("hi")) && has("x", json!("Be brief.")));
        assert!(!has("x", json!("her")), "a part of a word is another word");
        assert!(has("n", json!(1)) && !has("x", json!(1)));
        assert!(has("x", json!(300)) && !has("x", json!(301)));
        assert!(has("s", json!(true)) && !has("t", json!(true)));
        assert!(has("x", json!("hi there\nBe brief.")) && !has("x", json!("hi there\nBe long.")));
        assert!(has("x", json!("{ \"n\": 1 }")), "JSON in a text");
    }

    #[test]
    fn pieces_of_a_text_are_found_in_the_whole_and_the_whole_in_pieces() {
        let events = [json!({"text": "Good"}), json!({"text": "bye"})];
        assert!(Haystack::loose(&events).has("content", &json!("Goodbye")));
        assert!(Haystack::loose(&[json!({"text": "Goodbye"})]).has("content", &json!("odb")));
    }
}
