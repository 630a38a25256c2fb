//! Objects whose members are not known by name.

use super::{Str, offset_in};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;

/// The members of an object in their order, values unparsed.
#[derive(Clone, Debug, Default)]
pub struct Members<'a>(Vec<(Str<'a>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// Each member as it stands in `text`, which it was read from: its name and `"name": value`. None:
    /// it was read from something else.
    pub fn slices<'t>(&self, text: &'t str) -> Option<Vec<(&str, &'t str)>> {
        let mut from = 0;
        self.iter()
            .map(|(name, value)| {
                let at = offset_in(text, value.get())?;
                // Between two values the first quote is that of the name.
                let start = from + text.get(from..at)?.find('"')?;
                from = at + value.get().len();
                Some((name, &text[start..from]))
            })
            .collect()
    }

    /// Adds a member at the end.
    pub fn push(&mut self, name: Str<'a>, value: &'a RawValue) {
        self.0.push((name, value));
    }

    /// The value of the first member called `name`.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<'a>(std::marker::PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for Object<'a> {
            type Value = Members<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'a>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object(std::marker::PhantomData))
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
