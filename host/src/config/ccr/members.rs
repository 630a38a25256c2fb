//! Objects of a ccr file, read as ccr reads them: what is null or an empty text is not set, which is how its
//! interface writes that, and what nobody knows is left out. A name that resembles a known one is a slip.

use super::super::nearest::nearest;
use super::super::reader::{Place, Reader};
use super::super::text::{Node, Value};

/// The members of an object that are known and set.
pub(super) struct Members<'t> {
    known: Vec<(&'t str, Place<'t>)>,
    /// The names that misspelt ones were probably meant to have.
    meant: Vec<&'static str>,
}

impl<'t> Members<'t> {
    /// Reads them. None: it is no object, which is told.
    pub(super) fn read(
        at: &Place<'t>,
        names: &[&'static str],
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        let mut members = Self {
            known: Vec::new(),
            meant: Vec::new(),
        };
        for (name, place) in reader.entries(at)? {
            if names.contains(&name) {
                if is_set(place.node) {
                    members.known.push((name, place));
                }
            } else if let Some(meant) = nearest(name, names.iter().copied()) {
                members
                    .meant
                    .extend(names.iter().find(|known| **known == meant));
                reader.unknown(&place, "ccr's setting", name, names);
            } else if !is_comment(name) {
                reader.warning(
                    &place,
                    "not carried over: neither ccr nor transom has such a setting",
                    "take it out, if nothing else reads it",
                );
            }
        }
        Some(members)
    }

    /// None without a word when it is not set.
    pub(super) fn get(&self, name: &str) -> Option<&Place<'t>> {
        let found = self.known.iter().find(|(known, _)| *known == name);
        found.map(|(_, place)| place)
    }

    /// It is not set, and no other member was meant to be it.
    pub(super) fn lacks(&self, name: &str) -> bool {
        self.get(name).is_none() && !self.meant.contains(&name)
    }
}

pub(super) fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    }
}

/// JSON has no comments, so people write members such as `_note`.
fn is_comment(name: &str) -> bool {
    name.starts_with(['_', '/', '#'])
}

/// A number that is written as text, as ccr's interface can write one.
pub(super) fn number(node: &Node) -> Node {
    let value = match &node.value {
        Value::String(text) if text.trim().parse::<u64>().is_ok() => {
            Value::Number(text.trim().to_owned())
        }
        other => other.clone(),
    };
    Node {
        line: node.line,
        value,
    }
}
