//! Which fields of one document are nowhere in another one.

use serde_json::Value;

use super::haystack::Haystack;

/// A field, or a whole part, that was not found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Missing {
    /// Such as `messages[0].content`.
    pub(super) path: String,
    pub(super) value: Value,
}

/// Names that say what a part is, not what it holds. Formats have words of their own for them.
const STRUCTURE: [&str; 2] = ["type", "role"];

/// The fields of `document` that are not in `haystack`, nor in `other` in the same place. Where all
/// fields of a part are missing it is told as one.
pub(super) fn missing(document: &Value, other: &Value, haystack: &Haystack) -> Vec<Missing> {
    let mut found = Vec::new();
    let Value::Object(members) = document else {
        return found;
    };
    let held = members
        .iter()
        .filter(|(name, value)| !is_structure(name, value));
    for (name, value) in held {
        let seeker = Seeker { haystack };
        seeker.seek(name, name, value, other.get(name), &mut found);
    }
    found
}

struct Seeker<'a> {
    haystack: &'a Haystack,
}

impl Seeker<'_> {
    /// Adds what is missing of a value. True: all of it is.
    fn seek(
        &self,
        path: &str,
        name: &str,
        value: &Value,
        here: Option<&Value>,
        found: &mut Vec<Missing>,
    ) -> bool {
        if here == Some(value) || self.haystack.has(name, value) {
            return false;
        }
        let mut below = Vec::new();
        let all = match value {
            Value::Object(members) if !members.is_empty() => {
                let only_structure = members
                    .iter()
                    .all(|(name, value)| is_structure(name, value));
                let mut all = true;
                for (name, value) in members {
                    if only_structure || !is_structure(name, value) {
                        let path = format!("{path}.{name}");
                        let here = here.and_then(|here| here.get(name));
                        all &= self.seek(&path, name, value, here, &mut below);
                    }
                }
                all
            }
            Value::Array(items) if !items.is_empty() => {
                let mut all = true;
                for (at, item) in items.iter().enumerate() {
                    let here = here.and_then(|here| here.get(at));
                    all &= self.seek(&format!("{path}[{at}]"), name, item, here, &mut below);
                }
                all
            }
            _ => true,
        };
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
}

fn is_structure(name: &str, value: &Value) -> bool {
    STRUCTURE.contains(&name) && value.is_string()
}
