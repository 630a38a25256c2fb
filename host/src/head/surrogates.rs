//! Halves of characters in JSON strings: `\ud83d` without the half that follows it.
//!
//! JavaScript writes one when a text was cut within an emoji, and reads it back; everything else refuses the whole
//! request for it, again on each turn of the conversation, since it stays in the history.

use bytes::Bytes;

/// What stands for a character that is not known (U+FFFD).
const REPLACEMENT: &[u8] = b"\\ufffd";

/// The length of `\uXXXX`.
const LONG: usize = REPLACEMENT.len();

/// The text with each half replaced; none if it has no half.
pub(super) fn mended(json: &[u8]) -> Option<Bytes> {
    let mut out = Vec::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = memchr::memchr(b'\\', json.get(at..)?) {
        at += found;
        let Some(unit) = unit(json, at) else {
            // Another escape, such as `\\` before a `u`.
            at += 2;
            continue;
        };
        let follows = unit_is(json, at + LONG, 0xDC00..=0xDFFF);
        match unit {
            0xD800..=0xDBFF if follows => at += LONG,
            0xD800..=0xDFFF => {
                out.extend_from_slice(&json[copied..at]);
                out.extend_from_slice(REPLACEMENT);
                copied = at + LONG;
            }
            _ => {}
        }
        at += LONG;
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&json[copied..]);
    Some(Bytes::from(out))
}

/// The UTF-16 unit of the escape that begins here.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let escape = json.get(at..at + LONG)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(escape).ok()?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| u16::from_str_radix(digits, 16).ok())?
}

fn unit_is(json: &[u8], at: usize, units: std::ops::RangeInclusive<u16>) -> bool {
    unit(json, at).is_some_and(|unit| units.contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_whole_characters_are_not() {
        let after = |json: &str| {
            mended(json.as_bytes()).map(|out| String::from_utf8(out.to_vec()).unwrap())
        };
        for whole in [
            r#""\ud83d\ude00""#,
            r#""\\ud83d""#,
            r#""\u00e9""#,
            r#""plain""#,
            r#""\u12""#,
            "\"\\",
        ] {
            assert_eq!(after(whole), None, "{whole}");
        }
        for (half, told) in [
            (r#""a\ud83d b""#, r#""a\ufffd b""#),
            (r#""\ude00\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\\uD83D""#, r#""\\\ufffd""#),
            (r#""\ud83d\n\udE00""#, r#""\ufffd\n\ufffd""#),
        ] {
            assert_eq!(after(half).as_deref(), Some(told), "{half}");
        }
    }
}
