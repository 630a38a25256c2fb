//! The fields of a document that hold something: texts, numbers, flags, empty lists and objects.

use serde_json::{Map, Value};

/// Names that say what a part is, not what it holds. Formats have words of their own for them.
const STRUCTURE: [&str; 2] = ["type", "role"];

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// Such as `messages[0].content`.
    pub(super) path: String,
    /// Of the member that it is, or that the list is which it is in.
    pub(super) name: String,
    pub(super) value: Value,
}

/// All of a document, in its order.
pub(super) fn leaves(document: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    if let Value::Object(members) = document {
        for (name, value) in members {
            if !is_structure(name, value) {
                take(name, name, value, &mut found);
            }
        }
    }
    found
}

/// Those of JSON that is the text of a field; it is all they have for a path.
pub(super) fn leaves_in(owner: &Leaf, inner: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    take(&owner.path, &owner.name, inner, &mut found);
    found
}

fn take(path: &str, name: &str, value: &Value, found: &mut Vec<Leaf>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in held(members) {
                take(&format!("{path}.{name}"), name, value, found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                take(&format!("{path}[{at}]"), name, item, found);
            }
        }
        value => found.push(Leaf {
            path: path.to_owned(),
            name: name.to_owned(),
            value: value.clone(),
        }),
    }
}

/// The members of a part that hold something; where all say what it is, that is what it holds.
pub(super) fn held(members: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let only_structure = members
        .iter()
        .all(|(name, value)| is_structure(name, value));
    members
        .iter()
        .filter(move |(name, value)| only_structure || !is_structure(name, value))
}

pub(super) fn is_structure(name: &str, value: &Value) -> bool {
    STRUCTURE.contains(&name) && value.is_string()
}
