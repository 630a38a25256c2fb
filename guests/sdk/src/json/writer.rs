//! Objects and lists written straight into a buffer.

use super::{Escaped, escape_into};
use std::fmt;

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
