//! Strings and values that are borrowed from a document or made by the guest.

use super::{Escaped, quote_into};
use serde::ser::{Serialize, Serializer};
use serde::{Deserialize, Deserializer};
use serde_json::Error;
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// Plain text, borrowed where it has no escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Str<'a> {
    /// As a `Cow`.
    pub fn into_cow(self) -> Cow<'a, str> {
        self.0
    }
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Str<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Str<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

/// Any JSON value, as text: borrowed from what was read, or made.
///
/// ```
/// use sdk::json::Raw;
///
/// assert_eq!(Raw::text("a \"b\"").get(), r#""a \"b\"""#);
/// assert_eq!(Raw::of(&[1, 2])?.get(), "[1,2]");
/// # Ok::<(), sdk::json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Raw<'a>(Cow<'a, RawValue>);

impl Raw<'_> {
    /// The JSON of a value.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        to_raw_value(value).map(|raw| Self(Cow::Owned(raw)))
    }

    /// A string.
    pub fn text(text: &str) -> Self {
        Self::escaped(&Escaped::plain(text))
    }

    /// A string whose text is escaped already.
    pub fn escaped(text: &Escaped<'_>) -> Self {
        let mut literal = String::with_capacity(text.get().len() + 2);
        quote_into(&mut literal, text);
        // Only `Escaped::verbatim` can hold what is no inside of a literal.
        RawValue::from_string(literal).map_or_else(|_| Self::default(), |raw| Self(Cow::Owned(raw)))
    }
}

impl Default for Raw<'_> {
    fn default() -> Self {
        Self(Cow::Borrowed(RawValue::NULL))
    }
}

impl<'a> From<&'a RawValue> for Raw<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self(Cow::Borrowed(raw))
    }
}

impl Deref for Raw<'_> {
    type Target = RawValue;

    fn deref(&self) -> &RawValue {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(from).map(Self::from)
    }
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}
