//! What is found where nothing should be any more, as far as it may be told.

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;

use super::body::{Fragments, Role, Under};
use super::names::is_placeholder;
use super::rule::Rule;
use super::{Kind, Redactor, pieces, utf8, whole};

/// One find. Knows no more than the beginning of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What it is.
    pub kind: Kind,
    /// The first characters of it.
    pub begin: String,
    /// The names that it stands under, such as `headers.Authorization`; empty for none.
    pub member: String,
}

/// So much of what is found may be told, in characters.
pub(super) const SHOWN: usize = 3;

/// Placeholders of more characters before or behind a match are not known for ones.
const LONGEST: usize = 128;

impl Left {
    pub(super) fn of(kind: Kind, value: &str, under: &Under<'_>) -> Self {
        let names = [&under.parent, &under.member];
        let names: Vec<&str> = names.into_iter().flatten().map(|name| &**name).collect();
        Self {
            kind,
            begin: value.chars().take(SHOWN).collect(),
            member: names.join("."),
        }
    }
}

impl Redactor {
    /// What is still in a text that was made of redacted ones. What a rule of one's own put in counts for
    /// nothing, nor does a placeholder, also where the rule would find it again.
    pub fn left_in(&mut self, body: &Bytes) -> Vec<Left> {
        let before = std::mem::take(&mut self.counts);
        let own = std::mem::take(&mut self.own);
        let text = utf8::text(body);
        let mut fragments = Fragments::of(&text);
        let mut left = Vec::new();
        for unit in pieces::units(&fragments) {
            let Some(under) = pieces::first(&fragments, &unit).map(|first| first.under.clone())
            else {
                continue;
            };
            let text = whole(&fragments, &unit);
            let role = pieces::first(&fragments, &unit).map(|first| first.role);
            self.own_left(&own, &text, role, &under, &mut left);
            self.found = None;
            self.take_out(&mut fragments, &unit);
            left.extend(
                self.found
                    .take()
                    .map(|(kind, begin)| Left::of(kind, &begin, &under)),
            );
        }
        self.own = own;
        self.counts = before;
        left
    }

    /// The same of `case.json5` as JSON: its `options` are a transformer's.
    pub fn left_in_case(&mut self, case: &Bytes) -> Vec<Left> {
        const OPTIONS: &str = "options";
        let Ok(Value::Object(mut case)) = serde_json::from_slice(case) else {
            return self.left_in(case);
        };
        let options = case.remove_entry(OPTIONS);
        let mut left = self.left_in(&Bytes::from(Value::Object(case).to_string()));
        if let Some((name, options)) = options {
            let options = Value::Object([(name, options)].into_iter().collect());
            self.of_options = true;
            left.extend(self.left_in(&Bytes::from(options.to_string())));
            self.of_options = false;
        }
        left
    }

    /// What rules of one's own find, as they are applied: in a string that is JSON member by member.
    fn own_left(
        &mut self,
        own: &[Rule],
        text: &str,
        role: Option<Role>,
        under: &Under<'_>,
        left: &mut Vec<Left>,
    ) {
        if own.is_empty() {
            return;
        }
        if let (Some(Role::Value), Some(nested)) = (role, Fragments::nested(text)) {
            for one in nested.all() {
                self.own_left(own, &one.text, Some(one.role), &one.under, left);
            }
            return;
        }
        for rule in own {
            let found = rule.matches(text, &mut self.names).into_iter();
            let found = found.filter(|(range, _)| !self.is_named(text, range));
            let found = found.filter(|(range, _)| !self.is_put(text, range));
            left.extend(found.map(|(range, _)| Left::of(Kind::Own, &text[range], under)));
        }
    }

    /// It is part of a placeholder of ours: of a word, an address, a path or what stands in brackets.
    fn is_named(&self, text: &str, range: &Range<usize>) -> bool {
        let (before, after) = (&text[..range.start], &text[range.end..]);
        ["-", "-.@", "-[]", "-/"].into_iter().any(|signs| {
            let within = |c: &char| c.is_ascii_alphanumeric() || signs.contains(*c);
            let begin = before.chars().rev().take(LONGEST).take_while(within);
            let end = after.chars().take(LONGEST).take_while(within);
            let value = &text[range.start - begin.count()..range.end + end.count()];
            is_placeholder(value) || self.names.gave(value)
        })
    }

    /// It is part of something that was put in. Only what is near is looked at.
    fn is_put(&self, text: &str, range: &Range<usize>) -> bool {
        self.put.iter().any(|put| {
            let from = text.floor_char_boundary(range.end.saturating_sub(put.len()));
            let to = text.ceil_char_boundary(text.len().min(range.start + put.len()));
            let near = text.get(from..to).unwrap_or_default();
            let mut places = near.match_indices(put.as_str()).map(|(at, _)| from + at);
            places.any(|at| at <= range.start && range.end <= at + put.len())
        })
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            begin,
            member,
        } = self;
        write!(f, "{} that begins with `{begin}`", kind.one())?;
        if !member.is_empty() {
            write!(f, " (under `{member}`)")?;
        }
        Ok(())
    }
}
