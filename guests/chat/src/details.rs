//! `reasoning_details` of OpenRouter: reasoning in a form that the same model wants back verbatim. A stream
//! brings it in pieces; put together it travels in the envelope of a thinking block.

use crate::request::REASONING_DETAILS;
use sdk::json::{Escaped, Members, RawValue, Writer, separator};
use sdk::{Context, envelope};

/// The members of an entry that come in pieces.
const PIECEMEAL: [&str; 4] = ["text", "summary", "data", "signature"];

/// The entries that have come so far.
#[derive(Debug, Default)]
pub(crate) struct Details(Vec<Entry>);

/// Members and their JSON texts, in the order they came first.
#[derive(Debug)]
struct Entry(Vec<(String, String)>);

impl Details {
    /// Adds what one delta, or a whole answer, holds.
    pub(crate) fn add(&mut self, raw: &RawValue) {
        let entries: Vec<Members<'_>> = sdk::json::from_str(raw.get()).unwrap_or_default();
        for entry in &entries {
            match self.0.last_mut().filter(|last| last.goes_on(entry)) {
                Some(last) => last.add(entry),
                None => {
                    let mut new = Entry(Vec::new());
                    new.add(entry);
                    self.0.push(new);
                }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything in an envelope; nothing is left.
    pub(crate) fn seal(&mut self, context: &Context) -> String {
        let mut payload = String::new();
        let mut list = Writer::list(&mut payload);
        for entry in self.0.drain(..) {
            let mut object = Writer::object(list.item());
            for (name, value) in &entry.0 {
                object.raw(Escaped::plain(name).get(), value);
            }
            object.end();
        }
        list.end();
        envelope::seal(context, REASONING_DETAILS, &payload)
    }
}

impl Entry {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether `more` is a piece of this entry: of the same type and index, and of no other id.
    fn goes_on(&self, more: &Members<'_>) -> bool {
        let same = |name: &str| self.get(name) == more.get(name).map(RawValue::get);
        let id = more.get("id").map_or("null", RawValue::get);
        same("type")
            && same("index")
            && (id == "null" || self.get("id").is_none_or(|own| own == id))
    }

    fn add(&mut self, more: &Members<'_>) {
        for (name, value) in more.iter() {
            let Some((_, known)) = self.0.iter_mut().find(|(known, _)| known == name) else {
                self.0.push((name.to_owned(), value.get().to_owned()));
                continue;
            };
            if value.get() == "null" {
                continue;
            }
            let piece =
                Escaped::of(value).filter(|_| PIECEMEAL.contains(&name) && known.starts_with('"'));
            match piece {
                Some(piece) => {
                    let mut joined = Escaped::verbatim(&known[1..known.len() - 1]);
                    joined.join(separator::NONE, piece);
                    *known = format!("\"{}\"", joined.get());
                }
                None => value.get().clone_into(known),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(pieces: &[&str]) -> String {
        let context = sdk::test_context("m", true);
        let mut details = Details::default();
        for piece in pieces {
            details.add(sdk::json::from_str(piece).unwrap());
        }
        let sealed = details.seal(&context);
        envelope::open(&context, REASONING_DETAILS, &sealed).unwrap()
    }

    #[test]
    fn pieces_of_one_entry_become_one() {
        let pieces = [
            r#"[{"type":"reasoning.text","text":"a","signature":null,"index":0,"format":"x"}]"#,
            r#"[{"type":"reasoning.text","text":"b","index":0}]"#,
            r#"[{"type":"reasoning.text","signature":"s","index":0}]"#,
            r#"[{"type":"reasoning.encrypted","data":"d","id":"1","index":1}]"#,
            r#"[{"type":"reasoning.encrypted","data":"e","id":"2","index":1}]"#,
        ];
        let expected = concat!(
            r#"[{"type":"reasoning.text","text":"ab","signature":"s","index":0,"format":"x"},"#,
            r#"{"type":"reasoning.encrypted","data":"d","id":"1","index":1},"#,
            r#"{"type":"reasoning.encrypted","data":"e","id":"2","index":1}]"#
        );
        assert_eq!(sealed(&pieces), expected);
    }
}
