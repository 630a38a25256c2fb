//! Where two JSON values differ: field by field, by path, so that one changed field is told as that.

use std::fmt;

use serde_json::Value;

/// One field that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where, such as `/messages/0/content`; empty: the whole.
    pub path: String,
    /// What it was; none: it is new.
    pub old: Option<String>,
    /// What it is; none: it is gone.
    pub new: Option<String>,
}

/// A value longer than this is cut when it is shown, in characters.
const SHOWN: usize = 80;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, "{path}: {old} -> {new}"),
            (Some(old), None) => write!(f, "{path}: {old} is gone"),
            (None, Some(new)) => write!(f, "{path}: {new} is new"),
            (None, None) => write!(f, "{path}"),
        }
    }
}

/// Every field that differs, in the order of the old value.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(old), Some(new), &mut found);
    found
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Change>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let below = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(&below, old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for at in 0..old.len().max(new.len()) {
                compare(&format!("{path}/{at}"), old.get(at), new.get(at), found);
            }
        }
        (old, new) => found.push(Change {
            path: path.to_owned(),
            old: old.map(shown),
            new: new.map(shown),
        }),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let cut: String = text.chars().take(SHOWN).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn told(old: &Value, new: &Value) -> Vec<String> {
        changes(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_changed_field_is_told_as_exactly_that() {
        let old = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "n": 1});
        let mut new = old.clone();
        new["messages"][0]["content"] = json!("ho");
        assert_eq!(told(&old, &new), ["/messages/0/content: \"hi\" -> \"ho\""]);
    }

    #[test]
    fn fields_that_came_or_went_are_told() {
        let (old, new) = (json!({"a": 1, "l": [1, 2]}), json!({"b/c": 2, "l": [1]}));
        assert_eq!(
            told(&old, &new),
            ["/a: 1 is gone", "/l/1: 2 is gone", "/b~1c: 2 is new"]
        );
        assert_eq!(told(&json!(1), &json!("x")), ["/: 1 -> \"x\""]);
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself_and_any_other_number_does(a in 0..100_i64, b in 0..100_i64) {
            let of = |n: i64| json!({"list": [{"n": n}]});
            prop_assert_eq!(changes(&of(a), &of(b)).is_empty(), a == b);
        }
    }
}
