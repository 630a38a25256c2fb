//! Changes of a client's bytes: pieces are replaced, all others stay as they came.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;

use crate::config::Change;
use crate::head::range_in;

/// A piece of a body and what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: Vec<u8>,
}

/// The body with the edits made. They must not overlap.
pub(super) fn apply(body: &Bytes, mut edits: Vec<Edit>) -> Bytes {
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|edit| edit.range.start);
    let more: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut out = BytesMut::with_capacity(body.len() + more);
    let mut done = 0;
    for edit in &edits {
        out.extend_from_slice(&body[done..edit.range.start]);
        out.extend_from_slice(&edit.with);
        done = edit.range.end;
    }
    out.extend_from_slice(&body[done..]);
    out.freeze()
}

/// Sets fields of the request. Each path at most once.
pub(super) fn set(body: &[u8], changes: &[&Change]) -> Vec<Edit> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Vec::new();
    };
    let Some(members) = Object::read(text) else {
        return Vec::new();
    };
    let mut fresh = false;
    let each = changes.iter().filter_map(|change| {
        let (first, rest) = change.path.split_first()?;
        let value = change.value.to_string();
        let inner = rest.first();
        let whole = match inner {
            Some(inner) => format!("{{{}:{value}}}", quoted(inner)),
            None => value.clone(),
        };
        let Some(raw) = members.members.get(first.as_str()) else {
            let edit = members.insert(body, first, &whole, fresh);
            fresh = true;
            return Some(edit);
        };
        let at = |with: String, part: &str| Edit {
            range: range_in(body, part),
            with: with.into_bytes(),
        };
        Some(match (inner, Object::read(raw.get())) {
            (Some(inner), Some(object)) => match object.members.get(inner.as_str()) {
                Some(old) => at(value, old.get()),
                None => object.insert(body, inner, &value, false),
            },
            _ => at(whole, raw.get()),
        })
    });
    each.collect()
}

/// A JSON object where it stands.
struct Object<'t> {
    text: &'t str,
    members: BTreeMap<Cow<'t, str>, &'t RawValue>,
}

impl<'t> Object<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let members = serde_json::from_str(text).ok()?;
        Some(Self { text, members })
    }

    /// A member at the beginning. `fresh`: one was put there already.
    fn insert(&self, body: &[u8], name: &str, value: &str, fresh: bool) -> Edit {
        let brace = self.text.find('{').unwrap_or_default();
        let start = range_in(body, &self.text[brace + 1..]).start;
        let name = quoted(name);
        // Those that are put at the same place stand one after the other, in this order.
        let with = match (self.members.is_empty(), fresh) {
            (true, false) => format!("{name}:{value}"),
            (true, true) => format!(",{name}:{value}"),
            (false, _) => format!("{name}:{value},"),
        };
        Edit {
            range: start..start,
            with: with.into_bytes(),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(body: &str, changes: &[(&str, serde_json::Value)]) -> String {
        let changes: Vec<Change> = changes
            .iter()
            .map(|(path, value)| Change {
                path: path.split('.').map(str::to_owned).collect(),
                value: value.clone(),
            })
            .collect();
        let body = Bytes::from(body.to_owned());
        let edits = set(&body, &changes.iter().collect::<Vec<_>>());
        String::from_utf8(apply(&body, edits).to_vec()).unwrap()
    }

    #[test]
    fn a_field_is_replaced_where_it_stands_or_added_in_front() {
        let changes = [
            ("max_tokens", 7.into()),
            ("temperature", 0.5.into()),
            ("top_k", 3.into()),
        ];
        assert_eq!(
            after(r#"{ "max_tokens" : 100, "a":[1, 2]}"#, &changes),
            r#"{"temperature":0.5,"top_k":3, "max_tokens" : 7, "a":[1, 2]}"#
        );
        assert_eq!(
            after("{}", &changes[1..]),
            r#"{"temperature":0.5,"top_k":3}"#
        );
    }

    #[test]
    fn a_member_of_a_member_is_set_whether_it_is_there_or_not() {
        let changes = [("output_config.effort", "low".into())];
        for (before, expected) in [
            (r#"{"m":1}"#, r#"{"output_config":{"effort":"low"},"m":1}"#),
            (
                r#"{"output_config":{}}"#,
                r#"{"output_config":{"effort":"low"}}"#,
            ),
            (
                r#"{"output_config":{"format":1, "effort":"max"}}"#,
                r#"{"output_config":{"format":1, "effort":"low"}}"#,
            ),
            (
                r#"{"output_config":null}"#,
                r#"{"output_config":{"effort":"low"}}"#,
            ),
        ] {
            assert_eq!(after(before, &changes), expected);
        }
    }
}
