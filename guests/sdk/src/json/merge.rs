//! Members put into an object that is written already.

use super::{Escaped, Members, RawValue, Writer, from_str};
use std::collections::BTreeMap;

/// `body` with the members of `extra`. One that it has already is replaced, never written twice; where both are
/// objects their members are put together in the same way.
///
/// ```
/// use sdk::json::{from_str, merge};
///
/// let extra = from_str(r#"{"t":0.5,"o":{"b":2},"n":null}"#).unwrap();
/// let body = merge(r#"{"t":1,"o":{"a":1,"b":1}}"#.to_owned(), &extra);
/// assert_eq!(body, r#"{"t":0.5,"o":{"a":1,"b":2},"n":null}"#);
/// ```
pub fn merge(body: String, extra: &BTreeMap<String, Box<RawValue>>) -> String {
    if extra.is_empty() {
        return body;
    }
    let Ok(members) = from_str::<Members<'_>>(&body) else {
        return body;
    };
    let extra = extra.iter().map(|(name, value)| (name.as_str(), &**value));
    let extra: Vec<(&str, &RawValue)> = extra.collect();
    let mut out = String::with_capacity(body.len() + 64);
    object(&mut out, &members, &extra);
    out
}

fn object(out: &mut String, members: &Members<'_>, extra: &[(&str, &RawValue)]) {
    let mut object = Writer::object(out);
    for (name, value) in members.iter() {
        let place = object.member(Escaped::plain(name).get());
        match extra.iter().find(|(new, _)| *new == name) {
            Some((_, new)) => put(place, value, new),
            None => place.push_str(value.get()),
        }
    }
    for (name, value) in extra {
        if members.get(name).is_none() {
            object.raw(Escaped::plain(name).get(), value.get());
        }
    }
    object.end();
}

/// The new value, with those members of the old one that it does not name.
fn put(out: &mut String, old: &RawValue, new: &RawValue) {
    let members = |raw| from_str::<Members<'_>>(raw);
    match (members(old.get()), members(new.get())) {
        (Ok(old), Ok(new)) => object(out, &old, &new.iter().collect::<Vec<_>>()),
        _ => out.push_str(new.get()),
    }
}
