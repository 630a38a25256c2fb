//! What is found where nothing should be any more, as far as it may be told.

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;

use super::body::{Fragments, Under};
use super::{Kind, Redactor, pieces, whole};

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
    /// nothing, also where the rule would find it again.
    pub fn left_in(&mut self, body: &Bytes) -> Vec<Left> {
        let before = std::mem::take(&mut self.counts);
        let own = std::mem::take(&mut self.own);
        let text = String::from_utf8_lossy(body);
        let mut fragments = Fragments::of(&text);
        let mut left = Vec::new();
        for unit in pieces::units(&fragments) {
            let Some(under) = pieces::first(&fragments, &unit).map(|first| first.under.clone())
            else {
                continue;
            };
            let text = whole(&fragments, &unit);
            for rule in &own {
                let found = rule.matches(&text, &mut self.names);
                let found = found.into_iter().map(|(range, _)| range);
                left.extend(
                    found
                        .filter(|range| !self.is_put(&text, range))
                        .map(|range| Left::of(Kind::Own, &text[range], &under)),
                );
            }
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

    fn is_put(&self, text: &str, range: &Range<usize>) -> bool {
        let mut put = self.put.iter().flat_map(|put| text.match_indices(put));
        put.any(|(at, put)| at <= range.start && range.end <= at + put.len())
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
