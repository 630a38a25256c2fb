//! JSON without needless copies: text that stays escaped as it came, objects written straight into
//! a byte buffer, members in the order they came.

mod escaped;
mod members;
mod merge;
mod value;
mod writer;

pub use escaped::{Escaped, escape_into, separator};
pub use members::Members;
pub use merge::merge;
pub use serde_json::value::RawValue;
pub use serde_json::{Error, from_str, to_string, to_vec};
pub use value::{Raw, Str};
pub use writer::{Writer, number_into, quote_into};

use serde::Deserialize;

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
