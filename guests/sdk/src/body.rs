//! A JSON object that is read in part and changed in place: what is not touched keeps its bytes.

use crate::edits::Edits;
use crate::json::{Error, Escaped, Members, RawValue, from_str, to_string};
use serde::{Deserialize, Serialize};

/// A JSON object and the changes to make. Members are named by path: `model`, or `message.usage` for
/// one of an object inside. Reading gives what came; changes are seen by [`Body::output`] only.
///
/// ```
/// use sdk::body::Body;
///
/// let text = r#"{"model": "m", "top_k": 5, "thinking": {"type": "enabled"}, "new": [1,  2]}"#;
/// let mut body = Body::parse(text)?;
/// assert_eq!(body.read::<u32>("top_k"), Some(5));
/// body.remove("top_k");
/// body.set("thinking.type", "disabled");
/// body.set("temperature", 0.2);
/// assert_eq!(
///     body.to_text(),
///     r#"{"model": "m", "thinking": {"type": "disabled"}, "new": [1,  2],"temperature":0.2}"#
/// );
/// # Ok::<(), sdk::json::Error>(())
/// ```
#[derive(Debug)]
pub struct Body<'a> {
    object: Object<'a>,
    changes: Vec<Change>,
}

/// A member gets this JSON text, or goes.
#[derive(Debug)]
struct Change {
    path: String,
    value: Option<String>,
}

#[derive(Debug)]
struct Object<'a> {
    text: &'a str,
    members: Members<'a>,
}

impl<'a> Object<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let members = from_str(text)?;
        Ok(Self { text, members })
    }

    fn inside(&self, name: &str) -> Option<Object<'a>> {
        Object::parse(self.members.get(name)?.get()).ok()
    }
}

impl<'a> Body<'a> {
    /// Reads an object. Errors: it is no JSON object.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        Ok(Self {
            object: Object::parse(text)?,
            changes: Vec::new(),
        })
    }

    /// The value that came at `path`, unparsed.
    pub fn get(&self, path: &str) -> Option<&'a RawValue> {
        let Some((first, rest)) = path.split_once('.') else {
            return self.object.members.get(path);
        };
        let mut object = self.object.inside(first)?;
        let mut rest = rest;
        while let Some((name, deeper)) = rest.split_once('.') {
            object = object.inside(name)?;
            rest = deeper;
        }
        object.members.get(rest)
    }

    /// The value that came at `path`, if it is of this type.
    pub fn read<T: Deserialize<'a>>(&self, path: &str) -> Option<T> {
        from_str(self.get(path)?.get()).ok()
    }

    /// The text that came at `path`, if it is a string.
    pub fn text(&self, path: &str) -> Option<Escaped<'a>> {
        self.get(path).and_then(Escaped::of)
    }

    /// Sets the member at `path`; one that is not there is added at the end of its object. False, and
    /// nothing changes: a step of the path is no object, or the value cannot be JSON.
    pub fn set(&mut self, path: &str, value: impl Serialize) -> bool {
        match to_string(&value) {
            Ok(value) => self.change(path, Some(value)),
            Err(_) => false,
        }
    }

    /// Takes the member at `path` out. False: it was not there.
    pub fn remove(&mut self, path: &str) -> bool {
        self.get(path).is_some() && self.change(path, None)
    }

    /// The last word on a member counts; a change inside of what is set anew is made there.
    fn change(&mut self, path: &str, value: Option<String>) -> bool {
        let below = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some(outer) = self
            .changes
            .iter_mut()
            .find(|change| below(&change.path, path))
        {
            let Some(made) = &outer.value else {
                return false;
            };
            let Ok(mut inside) = Body::parse(made) else {
                return false;
            };
            if !inside.change(&path[outer.path.len() + 1..], value) {
                return false;
            }
            outer.value = Some(inside.to_text());
            return true;
        }
        if let Some((parent, _)) = path.rsplit_once('.') {
            let parent = self.get(parent).map(|raw| Object::parse(raw.get()));
            if !matches!(parent, Some(Ok(_))) {
                return false;
            }
        }
        let path = path.to_owned();
        self.changes
            .retain(|change| change.path != path && !below(&path, &change.path));
        self.changes.push(Change { path, value });
        true
    }

    /// Puts the changes into edits of a text that this body is a slice of.
    pub fn edit(&self, edits: &mut Edits<'_>) {
        let changes: Vec<(&str, Option<&str>)> = self
            .changes
            .iter()
            .map(|change| (change.path.as_str(), change.value.as_deref()))
            .collect();
        edit(&self.object, &changes, edits);
    }

    /// The changes as edits of the text that was parsed; `keep` if there are none.
    pub fn output(&self) -> crate::Output {
        let mut edits = Edits::of(self.object.text);
        self.edit(&mut edits);
        edits.output()
    }

    /// The text with the changes.
    pub fn to_text(&self) -> String {
        let text = self.object.text;
        let changed = crate::edits::apply(&self.output(), text.as_bytes());
        changed
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_else(|| text.to_owned())
    }
}

/// Edits of one object: its own members, then the objects inside.
fn edit(object: &Object<'_>, changes: &[(&str, Option<&str>)], edits: &mut Edits<'_>) {
    let own = |name: &str| changes.iter().find(|(path, _)| *path == name);
    let mut added = String::new();
    for (path, value) in changes {
        match (path.split_once('.'), object.members.get(path), value) {
            (None, Some(raw), Some(value)) => edits.replace(raw.get(), *value),
            (None, None, Some(value)) => {
                added.push_str(",\"");
                crate::json::escape_into(&mut added, path);
                added.push_str("\":");
                added.push_str(value);
            }
            _ => {}
        }
    }
    let removed = |name: &str| matches!(own(name), Some((_, None)));
    let kept = object.members.iter().any(|(name, _)| !removed(name));
    if let Some(slices) = object.members.slices(object.text) {
        let items: Vec<(&str, bool)> = slices
            .iter()
            .map(|(name, slice)| (*slice, removed(name)))
            .collect();
        edits.remove_items(&items);
    }
    if !added.is_empty() {
        let added = if kept { added.as_str() } else { &added[1..] };
        edits.insert_before_end(object.text, added);
    }
    for (name, _) in object.members.iter() {
        let inside: Vec<(&str, Option<&str>)> = changes
            .iter()
            .filter_map(|(path, value)| {
                let (first, rest) = path.split_once('.')?;
                (first == name).then_some((rest, *value))
            })
            .collect();
        if let (false, Some(object)) = (inside.is_empty(), object.inside(name)) {
            edit(&object, &inside, edits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, change: impl FnOnce(&mut Body<'_>)) -> String {
        let mut body = Body::parse(text).unwrap();
        change(&mut body);
        body.to_text()
    }

    #[test]
    fn members_come_and_go_with_their_commas() {
        let text = r#"{"a":1, "b":2}"#;
        assert_eq!(changed(text, |_| {}), text);
        assert_eq!(
            changed(text, |b| {
                b.set("c", 3);
            }),
            r#"{"a":1, "b":2,"c":3}"#
        );
        assert_eq!(
            changed(text, |b| {
                b.remove("b");
                b.set("c", 3);
            }),
            r#"{"a":1,"c":3}"#
        );
        let all = |b: &mut Body<'_>| {
            b.remove("a");
            b.remove("b");
            b.set("c", 3);
        };
        assert_eq!(changed(text, all), r#"{"c":3}"#);
        assert_eq!(
            changed("{}", |b| {
                b.set("c", 3);
                b.set("d", "x");
            }),
            r#"{"c":3,"d":"x"}"#
        );
    }

    #[test]
    fn names_with_escapes_are_no_hindrance() {
        let text = r#"{ "a\"b" : "x, \"y\":", "c":2}"#;
        let gone = |b: &mut Body<'_>| {
            b.remove("c");
        };
        assert_eq!(changed(text, gone), r#"{ "a\"b" : "x, \"y\":"}"#);
        let first = |b: &mut Body<'_>| {
            b.remove("a\"b");
        };
        assert_eq!(changed(text, first), r#"{ "c":2}"#);
    }

    #[test]
    fn the_last_word_on_a_member_counts() {
        let text = r#"{"a":{"x":1,"y":{"z":2}}}"#;
        assert_eq!(
            changed(text, |b| {
                b.set("a.x", 2);
                b.set("a.x", 3);
            }),
            r#"{"a":{"x":3,"y":{"z":2}}}"#
        );
        assert_eq!(
            changed(text, |b| {
                b.set("a.y.z", 2);
                b.remove("a");
            }),
            "{}"
        );
        assert_eq!(
            changed(text, |b| {
                b.set("a.y.w", true);
            }),
            r#"{"a":{"x":1,"y":{"z":2,"w":true}}}"#
        );
        let inside = |b: &mut Body<'_>| {
            b.set("a", Members::default());
            b.set("a.n", 1);
        };
        assert_eq!(changed(text, inside), r#"{"a":{"n":1}}"#);
    }

    #[test]
    fn a_path_through_what_is_no_object_changes_nothing() {
        let mut body = Body::parse(r#"{"a":[1],"b":null}"#).unwrap();
        assert!(!body.set("a.x", 1) && !body.set("b.x", 1) && !body.set("c.x", 1));
        assert!(!body.remove("c"));
        assert_eq!(body.output(), crate::Output::Keep);
    }
}
