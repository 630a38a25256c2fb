//! Which fields of a document are missing elsewhere, told as few parts.

use serde_json::Value;

use super::leaf::{held, is_structure};

/// A field, or a whole part, that was not found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Missing {
    /// Such as `messages[0].content`.
    pub(super) path: String,
    pub(super) value: Value,
}

/// The fields of `document` that `is_there`, by path, name and value, does not find. Where all fields of a
/// part are missing it is told as one.
pub(super) fn missing(
    document: &Value,
    is_there: &dyn Fn(&str, &str, &Value) -> bool,
) -> Vec<Missing> {
    let mut found = Vec::new();
    let Value::Object(members) = document else {
        return found;
    };
    let members = members
        .iter()
        .filter(|(name, value)| !is_structure(name, value));
    for (name, value) in members {
        seek(name, name, value, is_there, &mut found);
    }
    found
}

/// The same of the parts that one is made of. None: it is a single field.
pub(super) fn parts(of: &Missing) -> Option<Vec<Missing>> {
    let part = |path: String, value: &Value| Missing {
        path,
        value: value.clone(),
    };
    match &of.value {
        Value::Object(members) if !members.is_empty() => Some(
            held(members)
                .map(|(name, value)| part(format!("{}.{name}", of.path), value))
                .collect(),
        ),
        Value::Array(items) if !items.is_empty() => Some(
            items
                .iter()
                .enumerate()
                .map(|(at, value)| part(format!("{}[{at}]", of.path), value))
                .collect(),
        ),
        _ => None,
    }
}

/// Adds what is missing of a value. True: all of it is.
fn seek(
    path: &str,
    name: &str,
    value: &Value,
    is_there: &dyn Fn(&str, &str, &Value) -> bool,
    found: &mut Vec<Missing>,
) -> bool {
    if is_there(path, name, value) {
        return false;
    }
    let mut below = Vec::new();
    let mut all = true;
    match value {
        Value::Object(members) => {
            for (name, value) in held(members) {
                all &= seek(&format!("{path}.{name}"), name, value, is_there, &mut below);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                all &= seek(&format!("{path}[{at}]"), name, item, is_there, &mut below);
            }
        }
        _ => {}
    }
    if all {
        found.push(Missing {
            path: path.to_owned(),
            value: value.clone(),
        });
    } else {
        found.append(&mut below);
    }
    all
}
