//! Text that stays escaped as it came.

use serde_json::value::RawValue;
use std::borrow::Cow;

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
