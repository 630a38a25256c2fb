//! JSON without needless copies: text that stays escaped as it came, objects written straight into
//! a byte buffer, members in the order they came.

pub use serde_json::value::RawValue;
pub use serde_json::{Error, from_str};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Reads a value from a body.
///
/// `serde_json`'s own function for bytes would put a second copy of every reader into the component
/// (a fifth of its size), and look at each string's UTF-8 anew.
pub fn from_slice<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    match std::str::from_utf8(body) {
        Ok(text) => from_str(text),
        Err(error) => Err(serde::de::Error::custom(error)),
    }
}

/// The inside of a JSON string literal: escaped text without its quotes. Literals of one document are
/// passed into another one without being unescaped, and pieces can be joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escaped<'a>(Cow<'a, str>);

impl<'a> Escaped<'a> {
    /// The text of a raw value that is a string.
    pub fn of(raw: &'a RawValue) -> Option<Self> {
        let inside = raw.get().strip_prefix('"')?.strip_suffix('"')?;
        Some(Self(Cow::Borrowed(inside)))
    }

    /// Escapes plain text.
    pub fn plain(text: &str) -> Self {
        let mut escaped = String::with_capacity(text.len() + 8);
        escape_into(&mut escaped, text);
        Self(Cow::Owned(escaped))
    }

    /// Text that is known to need no escaping.
    pub const fn verbatim(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The escaped text.
    pub fn get(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The plain text. Lone surrogates, which JSON can say and Rust cannot, become U+FFFD.
    pub fn unescape(&self) -> Cow<'_, str> {
        if !self.0.contains('\\') {
            return Cow::Borrowed(&self.0);
        }
        let literal = format!("\"{}\"", self.0);
        match serde_json::from_str::<String>(&literal) {
            Ok(text) => Cow::Owned(text),
            Err(_) => Cow::Owned(unescape_loosely(&self.0)),
        }
    }

    /// Appends more text; between two texts that are not empty goes `separator`.
    pub fn join(&mut self, separator: &'static str, more: Escaped<'a>) {
        if more.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = more;
            return;
        }
        let text = self.0.to_mut();
        text.push_str(separator);
        text.push_str(&more.0);
    }
}

/// Escaped separators for [`Escaped::join`].
pub mod separator {
    /// Nothing.
    pub const NONE: &str = "";
    /// A line end.
    pub const LINE: &str = r"\n";
    /// A blank line.
    pub const BLANK_LINE: &str = r"\n\n";
}

/// Text whose surrogate escapes do not pair: they become U+FFFD.
fn unescape_loosely(escaped: &str) -> String {
    let mut repaired = String::with_capacity(escaped.len() + 2);
    let mut rest = escaped;
    while let Some(at) = rest.find("\\u") {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let hex = escape.get(2..6);
        let unit = hex.and_then(|hex| u16::from_str_radix(hex, 16).ok());
        if unit.is_some_and(|unit| (0xD800..0xE000).contains(&unit)) {
            repaired.push('\u{FFFD}');
            rest = &escape[6..];
        } else {
            repaired.push_str("\\u");
            rest = &escape[2..];
        }
    }
    repaired.push_str(rest);
    serde_json::from_str(&format!("\"{repaired}\"")).unwrap_or(repaired)
}

/// Appends `text` escaped for a JSON string.
pub fn escape_into(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        from = at + 1;
        if short.is_empty() {
            out.push_str("\\u00");
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[from..]);
}

/// Writes one JSON object or list into a buffer, putting the commas.
pub struct Writer<'o> {
    out: &'o mut String,
    empty: bool,
    close: char,
}

impl<'o> Writer<'o> {
    /// Opens an object.
    pub fn object(out: &'o mut String) -> Self {
        out.push('{');
        Self {
            out,
            empty: true,
            close: '}',
        }
    }

    /// Opens a list.
    pub fn list(out: &'o mut String) -> Self {
        out.push('[');
        Self {
            out,
            empty: true,
            close: ']',
        }
    }

    /// Closes it.
    pub fn end(self) {
        self.out.push(self.close);
    }

    fn comma(&mut self) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
    }

    /// The buffer, placed for the next list item.
    pub fn item(&mut self) -> &mut String {
        self.comma();
        self.out
    }

    /// The buffer, placed for the value of the member `name`, which needs no escaping.
    pub fn member(&mut self, name: &str) -> &mut String {
        self.comma();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// A member whose value is JSON already.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.member(name).push_str(json);
        self
    }

    /// A string member.
    pub fn text(&mut self, name: &str, text: &Escaped<'_>) -> &mut Self {
        quote_into(self.member(name), text);
        self
    }

    /// A string member of plain text.
    pub fn plain(&mut self, name: &str, text: &str) -> &mut Self {
        let out = self.member(name);
        out.push('"');
        escape_into(out, text);
        out.push('"');
        self
    }

    /// A number.
    pub fn number(&mut self, name: &str, number: u64) -> &mut Self {
        number_into(self.member(name), number);
        self
    }

    /// A boolean.
    pub fn flag(&mut self, name: &str, flag: bool) -> &mut Self {
        self.raw(name, if flag { "true" } else { "false" })
    }
}

/// Appends the string literal of `text`.
pub fn quote_into(out: &mut String, text: &Escaped<'_>) {
    out.push('"');
    out.push_str(text.get());
    out.push('"');
}

/// Appends a number.
pub fn number_into(out: &mut String, number: u64) {
    use fmt::Write as _;
    // Indices of blocks, mostly: formatting would be a good part of the cost of an event.
    match number {
        0..10 => out.push(char::from(b'0' + number as u8)),
        _ => {
            let _ = write!(out, "{number}");
        }
    }
}

/// The members of an object in their order, values unparsed.
#[derive(Debug, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Each member as it stands in `text`, which it was read from: its name and `"name": value`. None
    /// if a name has escapes, and so is not a slice of the text.
    pub fn slices<'t>(&self, text: &'t str) -> Option<Vec<(&str, &'t str)>> {
        self.iter()
            .map(|(name, value)| {
                // Before a name stands its quote.
                let start = offset_in(text, name)?.checked_sub(1)?;
                let end = offset_in(text, value.get())? + value.get().len();
                Some((name, &text[start..end]))
            })
            .collect()
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
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object(std::marker::PhantomData))
    }
}

/// A name that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The JSON value that `text` begins with; more may follow.
pub fn first_value(text: &str) -> Option<&RawValue> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    values.next()?.ok()
}

/// Where `part`, a slice of `whole`, begins in it.
pub fn offset_in(whole: &str, part: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at + part.len() <= whole.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_gives_what_serde_gives() {
        let text = "a\"b\\c\n\r\t\u{1}\u{1f}/é🦀\u{7f}";
        let expected = serde_json::to_string(text).unwrap();
        assert_eq!(format!("\"{}\"", Escaped::plain(text).get()), expected);
        assert_eq!(Escaped::plain(text).unescape(), text);
    }

    #[test]
    fn a_lone_surrogate_does_not_lose_the_rest() {
        let raw: &RawValue = serde_json::from_str(r#""a\ud83d b\n""#).unwrap();
        assert_eq!(Escaped::of(raw).unwrap().unescape(), "a\u{FFFD} b\n");
    }

    #[test]
    fn joining_puts_the_separator_only_between_texts() {
        let mut text = Escaped::default();
        text.join(separator::BLANK_LINE, Escaped::verbatim("a"));
        text.join(separator::BLANK_LINE, Escaped::verbatim(""));
        text.join(separator::BLANK_LINE, Escaped::verbatim("b"));
        assert_eq!(text.get(), r"a\n\nb");
    }

    #[test]
    fn members_keep_their_order() {
        let members: Members<'_> = serde_json::from_str(r#"{"b":1,"a":[2 ]}"#).unwrap();
        let names: Vec<&str> = members.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(members.get("a").unwrap().get(), "[2 ]");
    }
}
