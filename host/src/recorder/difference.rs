//! Where two JSON values differ: field by field, by path, so that one changed field is told as that.

use std::fmt;
use std::ops::Range;

use serde_json::Value;
use similar::{Algorithm, DiffTag, capture_diff_slices};

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

/// Every field that differs, in the order of the old value. Items of lists are aligned first: one
/// that came or went is told as that, and not as a change of all that follow.
pub(crate) fn changes(old: &Value, new: &Value) -> Vec<Change> {
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
            for pair in unlike(&texts(old), &texts(new)) {
                let at = pair.old.or(pair.new).unwrap_or_default();
                let (old, new) = (
                    pair.old.and_then(|at| old.get(at)),
                    pair.new.and_then(|at| new.get(at)),
                );
                compare(&format!("{path}/{at}"), old, new, found);
            }
        }
        (old, new) => found.push(Change {
            path: path.to_owned(),
            old: old.map(|value| shown(value, new)),
            new: new.map(|value| shown(value, old)),
        }),
    }
}

/// Places of two lists that belong together and are not the same; none: there is no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unlike {
    /// Where in the old list.
    pub(crate) old: Option<usize>,
    /// Where in the new list.
    pub(crate) new: Option<usize>,
}

/// More items than this are not aligned where they differ: that takes as much time as the square of them.
const ALIGNED: usize = 2_000;

/// What two lists have not in common, in order: changed items in pairs, then what is left over. Of very
/// long ones what stands in the same place belongs together.
pub(crate) fn unlike(old: &[String], new: &[String]) -> Vec<Unlike> {
    let common = old.iter().zip(new).take_while(|(one, two)| one == two);
    let start = common.count();
    let (rest, others) = (&old[start..], &new[start..]);
    let common = rest.iter().rev().zip(others.iter().rev());
    let end = common.take_while(|(one, two)| one == two).count();
    let (middle, others) = (&rest[..rest.len() - end], &others[..others.len() - end]);
    let place = |at: Option<usize>| at.map(|at| start + at);
    let pairs = if middle.len() + others.len() > ALIGNED {
        in_place(middle, others)
    } else {
        aligned(middle, others)
    };
    let pairs = pairs.into_iter().map(|pair| Unlike {
        old: place(pair.old),
        new: place(pair.new),
    });
    pairs.collect()
}

fn in_place(old: &[String], new: &[String]) -> Vec<Unlike> {
    let pairs = (0..old.len().max(new.len())).map(|at| Unlike {
        old: (at < old.len()).then_some(at),
        new: (at < new.len()).then_some(at),
    });
    let same = |pair: &Unlike| pair.old.map(|at| &old[at]) == pair.new.map(|at| &new[at]);
    pairs.filter(|pair| !same(pair)).collect()
}

fn aligned(old: &[String], new: &[String]) -> Vec<Unlike> {
    let mut pairs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if op.tag() == DiffTag::Equal {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        for at in 0..old.len().max(new.len()) {
            let of = |range: &Range<usize>| (at < range.len()).then(|| range.start + at);
            pairs.push(Unlike {
                old: of(&old),
                new: of(&new),
            });
        }
    }
    pairs
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// A value beside the other one: a long one is cut so that what differs is seen.
fn shown(value: &Value, other: Option<&Value>) -> String {
    let text = value.to_string();
    let other = other.map(ToString::to_string).unwrap_or_default();
    let length = text.chars().count();
    let common = text.chars().zip(other.chars());
    let common = common.take_while(|(one, two)| one == two).count();
    // Some of what is the same stays, so that the place can be found.
    let lead = SHOWN / 4;
    let start = if common > lead && length.max(other.chars().count()) > SHOWN {
        common - lead
    } else {
        0
    };
    let cut: String = text.chars().skip(start).take(SHOWN).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if length > start + SHOWN { "…" } else { "" };
    format!("{before}{cut}{after}")
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

    #[test]
    fn an_item_that_came_is_told_as_one_and_not_as_a_change_of_all_that_follow() {
        let old = json!(["a", {"n": 1}, "c"]);
        assert_eq!(
            told(&old, &json!(["new", "a", {"n": 1}, "c"])),
            ["/0: \"new\" is new"]
        );
        assert_eq!(told(&old, &json!(["a", {"n": 2}, "c"])), ["/1/n: 1 -> 2"]);
        assert_eq!(told(&old, &json!(["a", "c"])), [r#"/1: {"n":1} is gone"#]);
    }

    #[test]
    fn of_very_long_lists_what_stands_in_the_same_place_belongs_together() {
        let list = |from: usize, to: usize| -> Vec<Value> { (from..to).map(Value::from).collect() };
        let (mut old, mut new) = (list(0, 20_000), list(20_000, 40_000));
        (old[3], new[3]) = (json!("same"), json!("same"));
        new.push(json!("end"));
        let told = changes(&json!(old), &json!(new));
        assert_eq!(told.len(), 20_000);
        assert_eq!(told[0].to_string(), "/0: 0 -> 20000");
        assert_eq!(told[19_999].to_string(), "/20000: \"end\" is new");
        // A long way of what is the same is no work.
        let (old, mut new) = (list(0, 20_000), list(0, 20_000));
        new.insert(7, json!("new"));
        assert_eq!(
            changes(&json!(old), &json!(new))[0].to_string(),
            "/7: \"new\" is new"
        );
    }

    #[test]
    fn of_long_texts_the_part_that_differs_is_shown() {
        let text = |end: &str| json!(format!("{}{end}", "x".repeat(500)));
        let told = told(&text("one"), &text("two"));
        assert_eq!(told.len(), 1);
        assert!(
            told[0].contains("xone\"") && told[0].contains("xtwo\""),
            "{told:?}"
        );
        assert!(told[0].len() < 4 * SHOWN, "{told:?}");
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself_and_any_other_number_does(a in 0..100_i64, b in 0..100_i64) {
            let of = |n: i64| json!({"list": [{"n": n}]});
            prop_assert_eq!(changes(&of(a), &of(b)).is_empty(), a == b);
        }
    }
}
