//! Takes settings out of the tree and collects every problem on the way, so that one run tells
//! all of them. Knows types and places, no setting by name.
//!
//! A method that returns `None` has told why, unless its doc says otherwise; the caller goes on
//! with the next setting.

use std::collections::HashMap;

use super::Env;
use super::interpolate::{Flaw, interpolate};
use super::nearest::nearest;
use super::problem::Problem;
use super::text::{Member, Node, Value, Written, whole_number};

/// The longest time that a setting takes, in milliseconds: a day. Longer is a slip, and sums of such times cannot
/// overflow.
pub(super) const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// A value and the path that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Place<'t> {
    pub(crate) node: &'t Node,
    pub(crate) path: String,
}

impl<'t> Place<'t> {
    pub(crate) fn root(node: &'t Node) -> Self {
        Self {
            node,
            path: String::new(),
        }
    }

    pub(crate) fn member(&self, member: &'t Member) -> Self {
        let name = match member.written {
            Some(Written::Name(name) | Written::Path(name)) => name,
            None => &member.name,
        };
        let path = match (self.path.as_str(), member.written) {
            ("", _) | (_, Some(Written::Path(_))) => name.to_owned(),
            (path, _) => format!("{path}.{name}"),
        };
        Self {
            node: &member.node,
            path,
        }
    }

    pub(crate) fn item(&self, index: usize, node: &'t Node) -> Self {
        Self {
            node,
            path: format!("{}[{index}]", self.path),
        }
    }
}

/// The members of an object whose names are all known.
pub(crate) struct Fields<'t> {
    known: HashMap<&'t str, Place<'t>>,
    /// The names that those with unknown ones were probably meant to have.
    meant: Vec<String>,
}

impl<'t> Fields<'t> {
    /// None without a word when the member is not there.
    pub(crate) fn get(&self, name: &str) -> Option<&Place<'t>> {
        self.known.get(name)
    }

    /// The member is not there, and no other one was meant to be it: what is misspelt is told once.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        !self.known.contains_key(name) && !self.meant.iter().any(|meant| meant == name)
    }
}

/// Collects problems and warnings while values are taken.
pub(crate) struct Reader<'e> {
    /// None: `${` has no meaning.
    env: Option<Env<'e>>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

impl<'e> Reader<'e> {
    pub(crate) fn new(env: Env<'e>) -> Self {
        Self {
            env: Some(env),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Takes strings as they are written, without variables.
    pub(crate) fn literal() -> Self {
        Self {
            env: None,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn problem(
        &mut self,
        at: &Place<'_>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problems.push(said(at, what, remedy));
    }

    pub(crate) fn warning(
        &mut self,
        at: &Place<'_>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.warnings.push(said(at, what, remedy));
    }

    /// Says that a value is of the wrong type. `expected` such as "a string".
    pub(crate) fn expected(&mut self, at: &Place<'_>, expected: &str) {
        let found = at.node.value.kind();
        self.problem(
            at,
            format!("found {found}"),
            format!("it must be {expected}"),
        );
    }

    /// Says which of `known` was probably meant.
    pub(crate) fn unknown(&mut self, at: &Place<'_>, what: &str, word: &str, known: &[&str]) {
        let remedy = match nearest(word, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => "there is none".to_owned(),
            None => format!("known: {}", known.join(", ")),
        };
        self.problem(at, format!("{what} `{word}` is not known"), remedy);
    }

    /// The members of an object that knows its names.
    pub(crate) fn fields<'t>(&mut self, at: &Place<'t>, known: &[&str]) -> Option<Fields<'t>> {
        let mut fields = Fields {
            known: HashMap::new(),
            meant: Vec::new(),
        };
        for (name, place) in self.entries(at)? {
            if known.contains(&name) {
                fields.known.insert(name, place);
            } else {
                let meant = nearest(name, known.iter().copied());
                fields.meant.extend(meant.map(str::to_owned));
                self.unknown(&place, "the setting", name, known);
            }
        }
        Some(fields)
    }

    /// The members of an object with names of the user's choice, each once.
    pub(crate) fn entries<'t>(&mut self, at: &Place<'t>) -> Option<Vec<(&'t str, Place<'t>)>> {
        let Value::Object(members) = &at.node.value else {
            self.expected(at, "an object, { ... }");
            return None;
        };
        let mut seen: HashMap<&str, u32> = HashMap::new();
        let mut entries = Vec::with_capacity(members.len());
        for member in members {
            let place = at.member(member);
            if let Some(first) = seen.insert(&member.name, member.line) {
                self.problem(
                    &place,
                    format!("it stands here a second time, after line {first}"),
                    "keep one of the two",
                );
            } else {
                entries.push((member.name.as_str(), place));
            }
        }
        Some(entries)
    }

    /// The items of a list.
    pub(crate) fn items<'t>(&mut self, at: &Place<'t>) -> Option<Vec<Place<'t>>> {
        let Value::List(nodes) = &at.node.value else {
            self.expected(at, "a list, [ ... ]");
            return None;
        };
        Some(
            nodes
                .iter()
                .enumerate()
                .map(|(i, node)| at.item(i, node))
                .collect(),
        )
    }

    /// A string with its variables replaced.
    pub(crate) fn string(&mut self, at: &Place<'_>) -> Option<String> {
        match self.raw_string(at)? {
            Ok(text) => Some(text),
            Err(Flaw::Unset(name)) => {
                let remedy = format!(
                    "export it, put `{name}=...` into ~/.config/transom/env, or write `${{{name}:-default}}`"
                );
                self.problem(at, format!("the variable {name} is not set"), remedy);
                None
            }
            Err(Flaw::Malformed) => {
                self.malformed(at);
                None
            }
        }
    }

    /// A string that is not empty.
    pub(crate) fn text(&mut self, at: &Place<'_>) -> Option<String> {
        let text = self.string(at)?;
        if text.trim().is_empty() {
            self.problem(at, "it is empty", "give it a value or delete the line");
            return None;
        }
        Some(text)
    }

    /// A string in which a variable may be unset: `Ok(Err(name))` then.
    pub(crate) fn string_or_unset(&mut self, at: &Place<'_>) -> Option<Result<String, String>> {
        match self.raw_string(at)? {
            Ok(text) => Some(Ok(text)),
            Err(Flaw::Unset(name)) => Some(Err(name)),
            Err(Flaw::Malformed) => {
                self.malformed(at);
                None
            }
        }
    }

    fn raw_string(&mut self, at: &Place<'_>) -> Option<Result<String, Flaw>> {
        let Value::String(text) = &at.node.value else {
            self.expected(at, "a string, \"...\"");
            return None;
        };
        Some(match self.env {
            Some(env) => interpolate(text, env),
            None => Ok(text.clone()),
        })
    }

    fn malformed(&mut self, at: &Place<'_>) {
        self.problem(
            at,
            "`${` begins a variable, and none follows",
            "write `${NAME}`, or `$$` for a dollar sign",
        );
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, at: &Place<'_>, choices: &[(&str, T)]) -> Option<T> {
        let word = self.string(at)?;
        let chosen = choices.iter().find(|(name, _)| *name == word);
        if chosen.is_none() {
            let known: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.unknown(at, "the value", &word, &known);
        }
        chosen.map(|(_, value)| *value)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, at: &Place<'_>) -> Option<bool> {
        let Value::Bool(flag) = at.node.value else {
            self.expected(at, "true or false");
            return None;
        };
        Some(flag)
    }

    /// A whole number within bounds, both included. `unit` such as "milliseconds".
    pub(crate) fn number(&mut self, at: &Place<'_>, unit: &str, bounds: (u64, u64)) -> Option<u64> {
        let expected = format!("a whole number of {unit}");
        let Value::Number(text) = &at.node.value else {
            self.expected(at, &expected);
            return None;
        };
        let Some(number) = whole_number(text) else {
            self.problem(
                at,
                format!("found {text}"),
                format!("it must be {expected}"),
            );
            return None;
        };
        self.within(at, number, unit, bounds)
    }

    /// A number that is not negative, such as a price.
    pub(crate) fn decimal(&mut self, at: &Place<'_>, unit: &str) -> Option<f64> {
        let expected = format!("a number of {unit}");
        let Value::Number(text) = &at.node.value else {
            self.expected(at, &expected);
            return None;
        };
        let number = text.trim_start_matches('+').parse::<f64>().ok();
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        if number.is_none() {
            self.problem(
                at,
                format!("found {text}"),
                format!("it must be {expected}"),
            );
        }
        number
    }

    /// Says so if a number is out of bounds.
    pub(crate) fn within(
        &mut self,
        at: &Place<'_>,
        number: u64,
        unit: &str,
        (least, most): (u64, u64),
    ) -> Option<u64> {
        if (least..=most).contains(&number) {
            return Some(number);
        }
        self.problem(
            at,
            format!("{number} is out of bounds"),
            format!("it must be {least} to {most} {unit}"),
        );
        None
    }

    /// Any value as JSON, with the variables of its strings replaced.
    pub(crate) fn json(&mut self, at: &Place<'_>) -> Option<serde_json::Value> {
        match &at.node.value {
            Value::Null => Some(serde_json::Value::Null),
            Value::Bool(value) => Some((*value).into()),
            Value::String(_) => self.string(at).map(Into::into),
            Value::Number(text) => {
                let number = whole_number(text)
                    .map(Into::into)
                    .or_else(|| text.trim_start_matches('+').parse().ok());
                if number.is_none() {
                    self.problem(
                        at,
                        format!("found {text}"),
                        "it must be a number that JSON has",
                    );
                }
                number.map(serde_json::Value::Number)
            }
            // An item that cannot be read is left out: its problem ends the reading anyway.
            Value::List(_) => {
                let items = self.items(at)?;
                Some(items.iter().filter_map(|item| self.json(item)).collect())
            }
            Value::Object(_) => {
                let entries = self.entries(at)?;
                let members = entries
                    .iter()
                    .filter_map(|(name, place)| Some(((*name).to_owned(), self.json(place)?)));
                Some(serde_json::Value::Object(members.collect()))
            }
        }
    }
}

fn said(at: &Place<'_>, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem {
        line: at.node.line,
        path: at.path.clone(),
        message: what.into(),
        remedy: Some(remedy.into()),
    }
}
