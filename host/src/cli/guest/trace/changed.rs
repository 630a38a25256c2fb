//! What became of the client's body, member by member.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

/// What happened to one member of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Member {
    /// Its name.
    pub(super) name: String,
    /// What happened to it.
    pub(super) change: Change,
    /// Bytes before, as JSON without blanks.
    pub(super) before: usize,
    /// Bytes after.
    pub(super) after: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Change {
    Same,
    Changed,
    Dropped,
    Added,
}

/// The members of both bodies, in the order of [`Change`]. None if one of them is no JSON object.
pub(super) fn members(before: &Bytes, after: &Bytes) -> Option<Vec<Member>> {
    let object = |bytes: &Bytes| match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    };
    let (before, after) = (object(before)?, object(after)?);
    let size = |value: Option<&Value>| value.map_or(0, |value| value.to_string().len());
    let names = before.keys();
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let mut members: Vec<Member> = names
        .chain(added)
        .map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            let change = match (old, new) {
                (Some(old), Some(new)) if old == new => Change::Same,
                (Some(_), Some(_)) => Change::Changed,
                (Some(_), None) => Change::Dropped,
                (None, _) => Change::Added,
            };
            Member {
                name: name.clone(),
                change,
                before: size(old),
                after: size(new),
            }
        })
        .collect();
    members.sort_by_key(|member| member.change);
    Some(members)
}

/// The same in a line for each kind of change.
pub(super) fn told(before: &Bytes, after: &Bytes) -> String {
    let Some(members) = members(before, after) else {
        return "      not both bodies are JSON objects\n".to_owned();
    };
    let mut text = String::new();
    for (change, word) in [
        (Change::Same, "same"),
        (Change::Changed, "changed"),
        (Change::Dropped, "not under that name"),
        (Change::Added, "new"),
    ] {
        let of_it = members.iter().filter(|member| member.change == change);
        let named: Vec<String> = of_it.map(Member::to_string).collect();
        if !named.is_empty() {
            let line = format!("      {word}: {}\n", named.join(", "));
            text.push_str(&line);
        }
    }
    text
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            change,
            before,
            after,
        } = self;
        match change {
            Change::Changed => write!(f, "{name} ({before} -> {after})"),
            Change::Added => write!(f, "{name} ({after})"),
            Change::Same | Change::Dropped => write!(f, "{name} ({before})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_of_both_bodies_is_told_with_its_sizes() {
        let before = Bytes::from_static(br#"{"model":"a","gone":[1, 2],"n":1}"#);
        let after = Bytes::from_static(br#"{"n":1,"model":"bcd","new":null}"#);
        let told: Vec<_> = members(&before, &after)
            .unwrap()
            .into_iter()
            .map(|one| (one.name, one.change, one.before, one.after))
            .collect();
        let of = |name: &str, change, before, after| (name.to_owned(), change, before, after);
        assert_eq!(
            told,
            [
                of("n", Change::Same, 1, 1),
                of("model", Change::Changed, 3, 5),
                of("gone", Change::Dropped, 5, 0),
                of("new", Change::Added, 0, 4),
            ]
        );
        assert_eq!(members(&before, &Bytes::from_static(b"[]")), None);
    }
}
