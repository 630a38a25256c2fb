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
    let mut walk = Walk {
        text,
        offset,
        at: 0,
        places,
        here: TOP,
        under: Under::default(),
        found: Vec::new(),
    };
    walk.value(0)?;
    walk.blank();
    (walk.at == text.len()).then_some(walk.found)
}

/// Deeper JSON is taken for text.
const DEEPEST: usize = 200;

/// Longer names tell nothing of what stands under them, in bytes. Each string has a copy.
const LONGEST_NAME: usize = 80;

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
                let (range, text) = self.string()?;
                self.keep(range, text, Role::Value);
                Some(())
            }
            _ => self.number_or_word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.byte(b'{')?;
        let (above, first) = (self.here, self.found.len());
        let outer = self.under.clone();
        let mut index = None;
        let mut more = self.byte(b'}').is_none();
        while more {
            self.blank();
            let (range, name) = self.string()?;
            self.step(above, || Step::Member(name.to_string()));
            let is_index = name == "index";
            self.under = Under {
                member: Some(name.clone()).filter(|name| name.len() <= LONGEST_NAME),
                parent: outer.member.clone(),
            };
            self.keep(range, name, Role::Name);
            self.byte(b':')?;
            self.blank();
            let start = self.at;
            self.value(depth + 1)?;
            if is_index {
                index = self.text.get(start..self.at);
            }
            more = self.byte(b',').is_some();
            if !more {
                self.byte(b'}')?;
            }
        }
        self.under = outer;
        self.here = above;
        // Blocks and calls of a stream are told apart by their index.
        if let (Some(index), Some(places)) = (index, &mut self.places) {
            let below = self.found.iter_mut().skip(first);
            for place in below.filter_map(|fragment| fragment.place.as_mut()) {
                *place = places.inside(*place, Step::Index(index.to_owned()));
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
            self.keep(start..self.at, Cow::Borrowed(word), Role::Number);
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
