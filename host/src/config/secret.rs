//! A value that must not be shown: its `Debug` says so, and it has no `Display`.

use std::fmt;

/// A key. The only way to its text is [`Secret::expose`], so that a search finds every use.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Shorter values are no keys, and words of their length occur by themselves: they are not looked for in
    /// texts. In bytes.
    pub const SHORTEST: usize = 8;

    /// Wraps a key.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The key itself: for the header that carries it, the comparison with a client's, and the scrubber.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}
