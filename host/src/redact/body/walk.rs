//! The strings and whole numbers of a JSON value, with where they stand in its text.

use std::borrow::Cow;
use std::ops::Range;

use super::place::{Place, Places, Step, TOP};
use super::{Fragment, Role, Under};

/// The strings of a text that is one JSON value; names of members are strings too. `offset` is where
/// the text begins in the body. Of a stream, `places` tells where each stands in its event.
pub(super) fn strings<'a>(
    text: &'a str,
    offset: usize,
    places: Option<&mut Places>,
) -> Option<Vec<Fragment<'a>>> {
    let (found, is_whole) = walked(text, offset, places)?;
    is_whole.then_some(found)
}

/// The same of a value that may end early, as an answer that was cut off does.
pub(super) fn begun<'a>(
    text: &'a str,
    offset: usize,
    places: Option<&mut Places>,
) -> Option<Vec<Fragment<'a>>> {
    walked(text, offset, places).map(|(found, _)| found)
}

/// What was found up to the end of the text, and whether the value ends there. None if something else stands in it.
fn walked<'a>(
    text: &'a str,
    offset: usize,
    places: Option<&mut Places>,
) -> Option<(Vec<Fragment<'a>>, bool)> {
    let mut walk = Walk {
        text,
        offset,
        at: 0,
        places,
        here: TOP,
        under: Under::default(),
        found: Vec::new(),
    };
    let is_whole = walk.value(0).is_some();
    walk.blank();
    (walk.at == text.len()).then_some((walk.found, is_whole))
}

/// Deeper JSON is taken for text.
const DEEPEST: usize = 200;

/// Longer names tell nothing of what stands under them, in bytes. Each string has a copy.
const LONGEST_NAME: usize = 80;

/// What tells texts of a stream apart: blocks and calls by their index, items of the Responses API by theirs.
const TOLD: [&str; 6] = [
    "index",
    "output_index",
    "content_index",
    "summary_index",
    "item_id",
    "type",
];

/// An item's id may be another one in every event: it counts where no index stands.
const ITEM: (usize, usize) = (4, 1);

/// Only that of the event itself tells texts apart.
const TYPE: usize = 5;

/// What an object says of those.
#[derive(Default)]
struct Told<'a>([Option<&'a str>; TOLD.len()]);

impl<'a> Told<'a> {
    fn number_of(name: &str, depth: usize) -> Option<usize> {
        let number = TOLD.iter().position(|told| *told == name)?;
        (number != TYPE || depth == 0).then_some(number)
    }

    fn keep(&mut self, number: Option<usize>, value: Option<&'a str>) {
        if let Some(told) = number.and_then(|number| self.0.get_mut(number)) {
            *told = value;
        }
    }

    fn below(&self, mut place: Place, places: &mut Places) -> Place {
        let (item, index) = ITEM;
        let has_index = self.0[index].is_some();
        for (number, value) in self.0.iter().enumerate() {
            if let Some(value) = value.filter(|_| number != item || !has_index) {
                place = places.inside(place, Step::Told(number, value.to_owned()));
            }
        }
        place
    }
}

/// A word of JSON, or a number that is no id; the beginning of one where the text ends.
fn is_fixed(word: &str, is_cut: bool) -> bool {
    let words = ["true", "false", "null"];
    let number = |word: &str| word.parse::<f64>().is_ok() && !word.starts_with(char::is_alphabetic);
    words.contains(&word)
        || number(word)
        || (is_cut
            && (words.iter().any(|whole| whole.starts_with(word)) || number(&format!("{word}0"))))
}

struct Walk<'a, 'p> {
    text: &'a str,
    offset: usize,
    at: usize,
    places: Option<&'p mut Places>,
    here: Place,
    under: Under<'a>,
    found: Vec<Fragment<'a>>,
}

impl<'a> Walk<'a, '_> {
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
                let (range, text, is_whole) = self.string()?;
                self.keep(range, text, Role::Value);
                is_whole.then_some(())
            }
            _ => self.number_or_word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let (above, first) = (self.here, self.found.len());
        let outer = self.under.clone();
        let mut told = Told::default();
        let whole = self.members(depth, &outer, &mut told);
        if whole.is_some() {
            self.under = outer;
        }
        self.here = above;
        if let Some(places) = &mut self.places {
            let below = self.found.iter_mut().skip(first);
            for place in below.filter_map(|fragment| fragment.place.as_mut()) {
                *place = told.below(*place, places);
            }
        }
        whole
    }

    fn members(&mut self, depth: usize, outer: &Under<'a>, told: &mut Told<'a>) -> Option<()> {
        self.byte(b'{')?;
        let above = self.here;
        let mut more = self.byte(b'}').is_none();
        while more {
            self.blank();
            let (range, name, is_whole) = self.string()?;
            self.step(above, || Step::Member(name.to_string()));
            let number = Told::number_of(&name, depth);
            self.under = Under {
                member: Some(name.clone()).filter(|name| name.len() <= LONGEST_NAME),
                parent: outer.member.clone(),
            };
            self.keep(range, name, Role::Name);
            is_whole.then_some(())?;
            self.byte(b':')?;
            self.blank();
            let start = self.at;
            self.value(depth + 1)?;
            let value = self.text.get(start..self.at);
            told.keep(number, value.filter(|value| value.len() <= LONGEST_NAME));
            more = self.byte(b',').is_some();
            if !more {
                self.byte(b'}')?;
            }
        }
        Some(())
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.byte(b'[')?;
        let above = self.here;
        let mut number = 0_usize;
        let mut more = self.byte(b']').is_none();
        while more {
            self.step(above, || Step::Nth(number));
            self.value(depth + 1)?;
            number += 1;
            more = self.byte(b',').is_some();
            if !more {
                self.byte(b']')?;
            }
        }
        self.here = above;
        Some(())
    }

    fn step(&mut self, above: Place, step: impl FnOnce() -> Step) {
        if let Some(places) = &mut self.places {
            self.here = places.inside(above, step());
        }
    }

    /// Where it stands without its quotes, what it says, and whether it ends.
    fn string(&mut self) -> Option<(Range<usize>, Cow<'a, str>, bool)> {
        self.byte(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.rest();
            let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                return self.cut_string(start, escaped);
            };
            self.at += stop;
            if rest.get(stop) == Some(&b'"') {
                break;
            }
            escaped = true;
            // The escaped character may be of several bytes in what is no proper JSON.
            let Some(next) = self.text.get(self.at + 1..)?.chars().next() else {
                return self.cut_string(start, escaped);
            };
            self.at += 1 + next.len_utf8();
        }
        let range = start..self.at;
        self.at += 1;
        let raw = self.text.get(range.clone())?;
        let text = if escaped {
            let quoted = self.text.get(start - 1..self.at)?;
            let Ok(text) = serde_json::from_str(quoted) else {
                self.at = start;
                return None;
            };
            Cow::Owned(text)
        } else {
            Cow::Borrowed(raw)
        };
        Some((range, text, true))
    }

    /// The same of one that the text ends in, but for what is left of an escape.
    fn cut_string(
        &mut self,
        start: usize,
        escaped: bool,
    ) -> Option<(Range<usize>, Cow<'a, str>, bool)> {
        self.at = self.text.len();
        let mut raw = self.text.get(start..)?;
        if !escaped {
            return Some((start..self.at, Cow::Borrowed(raw), false));
        }
        // An escape may be the second half of a character.
        for _ in 0..3 {
            if let Ok(text) = serde_json::from_str(&format!("\"{raw}\"")) {
                return Some((start..start + raw.len(), Cow::Owned(text), false));
            }
            raw = raw.get(..raw.rfind('\\').unwrap_or_default())?;
        }
        self.at = start;
        None
    }

    fn number_or_word(&mut self) -> Option<()> {
        let start = self.at;
        let word = self.plain()?;
        let is_cut = self.at == self.text.len();
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            self.keep(start..self.at, Cow::Borrowed(word), Role::Number);
        } else if !is_fixed(word, is_cut) {
            // A text in brackets, such as `[alice]`, is no list.
            self.at = start;
            return None;
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

    fn keep(&mut self, range: Range<usize>, text: Cow<'a, str>, role: Role) {
        let under = match role {
            Role::Value | Role::Number => self.under.clone(),
            Role::Name | Role::Event | Role::Text => Under::default(),
        };
        let in_stream = self.places.is_some();
        self.found.push(Fragment {
            range: range.start + self.offset..range.end + self.offset,
            text,
            role,
            under,
            changed: false,
            place: (in_stream && role == Role::Value).then_some(self.here),
        });
    }
}
