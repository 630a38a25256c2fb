//! Texts that were joined or taken apart: each stretch of a text is one of the other side's at most.

use serde_json::Value;

use super::{Fate, Side};

/// How much of a text must be found for it to be changed, and not gone: one half.
const PARTLY: usize = 2;

/// A text, and which of its bytes were found on the other side.
struct Text {
    /// Of the leaf on its side.
    at: usize,
    path: String,
    whole: String,
    found: Vec<bool>,
    /// The path that most of it is in, and how many bytes.
    most: Option<(String, usize)>,
}

/// Finds texts of one side in those of the other, the longest first, then their lines.
pub(super) fn match_texts(client: &mut Side, upstream: &mut Side) {
    let (mut ours, mut theirs) = (texts(client), texts(upstream));
    let whole = |text: &str| vec![text.trim().to_owned()];
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect();
    find(&mut ours, &mut theirs, &whole);
    find(&mut theirs, &mut ours, &whole);
    find(&mut ours, &mut theirs, &lines);
    find(&mut theirs, &mut ours, &lines);
    for (side, texts) in [(client, ours), (upstream, theirs)] {
        for text in texts {
            side.set(text.at, text.fate());
        }
    }
}

fn texts(side: &Side) -> Vec<Text> {
    let mut all: Vec<Text> = side
        .open()
        .filter_map(|(at, leaf)| match &leaf.value {
            Value::String(text) if !text.trim().is_empty() => Some(Text {
                at,
                path: leaf.path.clone(),
                whole: text.clone(),
                found: vec![false; text.len()],
                most: None,
            }),
            _ => None,
        })
        .collect();
    all.sort_by_key(|text| std::cmp::Reverse(text.whole.len()));
    all
}

/// Marks the pieces of `these` that are in `those`, on both sides.
fn find(these: &mut [Text], those: &mut [Text], pieces: &dyn Fn(&str) -> Vec<String>) {
    for this in these {
        let mut from = 0;
        for piece in pieces(&this.whole) {
            let Some(at) = this.whole.get(from..).and_then(|rest| rest.find(&piece)) else {
                continue;
            };
            let here = from + at;
            from = here + piece.len();
            if piece.is_empty() || !this.is_free(here, piece.len()) {
                continue;
            }
            for that in those.iter_mut() {
                if let Some(there) = that.place_of(&piece) {
                    this.mark(here, piece.len(), &that.path);
                    that.mark(there, piece.len(), &this.path);
                    break;
                }
            }
        }
    }
}

impl Text {
    /// As words of its own, not as a part of a longer word, where nothing else was found yet.
    fn place_of(&self, piece: &str) -> Option<usize> {
        let word = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
        let (first, last) = (piece.chars().next(), piece.chars().next_back());
        let mut places = self.whole.match_indices(piece).map(|(at, _)| at);
        places.find(|at| {
            let before = self.whole.get(..*at);
            let before = before.and_then(|before| before.chars().next_back());
            let after = self.whole.get(at + piece.len()..);
            let after = after.and_then(|after| after.chars().next());
            let inside = word(before) && word(first) || word(after) && word(last);
            !inside && self.is_free(*at, piece.len())
        })
    }

    fn is_free(&self, at: usize, length: usize) -> bool {
        let bytes = self.found.get(at..at + length);
        bytes.is_some_and(|bytes| !bytes.contains(&true))
    }

    fn mark(&mut self, at: usize, length: usize, path: &str) {
        if let Some(bytes) = self.found.get_mut(at..at + length) {
            bytes.fill(true);
        }
        if self.most.as_ref().is_none_or(|(_, most)| *most < length) {
            self.most = Some((path.to_owned(), length));
        }
    }

    fn fate(self) -> Fate {
        let is_left = |(at, char): (usize, char)| {
            char.is_alphanumeric() && self.found.get(at) == Some(&false)
        };
        if !self.whole.char_indices().any(is_left) {
            return Fate::There;
        }
        let found = self.found.iter().filter(|found| **found).count();
        match self.most {
            Some((path, _)) if found * PARTLY >= self.whole.len() => Fate::Partly(path),
            _ => Fate::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Pairs;
    use super::*;

    fn fate(client: Value, upstream: Value) -> Option<Fate> {
        Pairs::of(&client, &upstream).sent("a").cloned()
    }

    #[test]
    fn texts_are_found_joined_and_taken_apart_but_not_inside_words() {
        let joined = json!({"x": "Rules.\n\nBe brief.\nhi there"});
        assert_eq!(
            fate(json!({"a": "Be brief."}), joined.clone()),
            Some(Fate::There)
        );
        assert_eq!(fate(json!({"a": "her"}), joined), Some(Fate::Gone));
        let apart = json!({"x": ["Be brief.", "hi there"]});
        assert_eq!(
            fate(json!({"a": "hi there\nBe brief."}), apart),
            Some(Fate::There)
        );
        let data = json!({"x": "data:image/png;base64,AAAA"});
        assert_eq!(
            fate(json!({"a": "AAAA", "b": "image/png"}), data),
            Some(Fate::There)
        );
    }

    #[test]
    fn a_stretch_of_a_text_is_found_once() {
        let client = json!({"system": "Be brief.", "a": "brief"});
        assert_eq!(
            fate(client, json!({"x": "Rules.\n\nBe brief."})),
            Some(Fate::Gone)
        );
    }

    #[test]
    fn a_text_with_another_line_is_changed_and_not_gone() {
        let client = json!({"a": "first line\nsecond line\nthird"});
        let upstream = json!({"x": "first line\nsecond line\nother"});
        assert_eq!(fate(client, upstream), Some(Fate::Partly("x".to_owned())));
    }
}
