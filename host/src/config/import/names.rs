//! The variables that take the places of keys: one for each key, and none that means another key already.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::super::Secret;
use super::super::interpolate::interpolate;
use super::super::text::{Node, Value};
use super::{LiteralKeys, screaming};

/// What clients present goes by this name, and nothing else does.
const INBOUND: &str = "TRANSOM_API_KEY";

/// Chooses names, and collects the keys.
pub(super) struct Names<'e> {
    keys: LiteralKeys,
    /// What a variable is set to where the configuration is read.
    set: &'e dyn Fn(&str) -> Option<String>,
    /// Variables that the file itself names.
    named: BTreeSet<String>,
    /// The name of the clients' key is taken.
    inbound: bool,
    pub(super) found: Vec<(String, Secret)>,
}

impl<'e> Names<'e> {
    pub(super) fn new(
        keys: LiteralKeys,
        set: &'e dyn Fn(&str) -> Option<String>,
        root: &Node,
    ) -> Self {
        let mut named = BTreeSet::new();
        search(root, &mut named);
        Self {
            keys,
            set,
            named,
            inbound: false,
            found: Vec::new(),
        }
    }

    /// Puts the variable of the clients' key in its place, if the file has it. From then on the name is taken.
    pub(super) fn inbound(&mut self, text: Option<&mut String>) {
        if let Some(text) = text {
            self.take(text, INBOUND);
        }
        self.inbound = true;
    }

    /// Puts a variable, by this name if it is free, in the place of a text that is a key.
    pub(super) fn take(&mut self, text: &mut String, name: &str) {
        if let Some(instead) = self.instead_of(text, name) {
            *text = instead;
        }
    }

    /// The same for a key in the options of a provider, whose own variable is `usual`.
    pub(super) fn hidden(&mut self, usual: &str, called: &str, key: &str) -> Option<String> {
        let prefix = usual.strip_suffix("API_KEY").unwrap_or(usual);
        self.instead_of(key, &format!("{prefix}{}", screaming(called)))
    }

    /// None: it stays as it is.
    fn instead_of(&mut self, key: &str, name: &str) -> Option<String> {
        let key = &without_variables(key)?;
        if key.is_empty() {
            return None;
        }
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        let name = names.find(|one| self.is_free(one, key))?;
        let instead = format!("${{{name}}}");
        if !self.found.iter().any(|(known, _)| *known == name) {
            self.found.push((name, Secret::new(key)));
        }
        (self.keys == LiteralKeys::Move).then_some(instead)
    }

    /// The name means nothing yet, or this key.
    fn is_free(&self, name: &str, key: &str) -> bool {
        if name == INBOUND && self.inbound {
            return false;
        }
        let mut found = self.found.iter();
        if let Some((_, known)) = found.find(|(known, _)| known == name) {
            return known.expose() == key;
        }
        match (self.set)(name).filter(|value| !value.is_empty()) {
            Some(value) => value == key,
            None => !self.named.contains(name),
        }
    }
}

/// What a text says that has no variable in it: a dollar sign alone makes none. None: it has one.
fn without_variables(text: &str) -> Option<String> {
    let asked = Cell::new(false);
    let nothing = |_: &str| {
        asked.set(true);
        None
    };
    let said = interpolate(text, &nothing).ok()?;
    (!asked.get()).then_some(said)
}

/// Every `$NAME` and `${NAME…}` of a tree.
fn search(node: &Node, named: &mut BTreeSet<String>) {
    match &node.value {
        Value::String(text) => {
            for rest in text.split('$').skip(1) {
                let rest = rest.strip_prefix('{').unwrap_or(rest);
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                let name = &rest[..end.unwrap_or(rest.len())];
                if !name.is_empty() {
                    named.insert(name.to_owned());
                }
            }
        }
        Value::List(items) => {
            for item in items {
                search(item, named);
            }
        }
        Value::Object(members) => {
            for member in members {
                search(&member.node, named);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
