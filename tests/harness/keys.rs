//! Keys that can be recognised anywhere: what a secret must not appear in is searched for every
//! form it could take.

use std::fmt::Write as _;

use super::wire::find;

/// A secret for a test: unique, and looked for in every form that programs give strings.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    key: String,
}

impl Canary {
    /// `label` makes it unique in a test. It holds characters that JSON and URLs escape.
    pub(crate) fn new(label: &str) -> Self {
        Self {
            key: format!("csk-{label}/9f2K+q7=\"Zt\"&x"),
        }
    }

    /// The same without characters that need escaping, for places that do not take them.
    pub(crate) fn plain(label: &str) -> Self {
        Self {
            key: format!("csk-{label}9f2Kq7Ztx0123456789"),
        }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Panics, naming the form, if the key occurs in `bytes` in any form.
    pub(crate) fn assert_absent(&self, place: &str, bytes: &[u8]) {
        if let Some(form) = self.found(bytes) {
            panic!("the key appears in {place} ({form})");
        }
    }

    /// The first form in which the key occurs.
    pub(crate) fn found(&self, bytes: &[u8]) -> Option<&'static str> {
        let lower = bytes.to_ascii_lowercase();
        self.forms().into_iter().find_map(|(name, form)| {
            find(&lower, form.to_ascii_lowercase().as_bytes()).map(|_| name)
        })
    }

    fn forms(&self) -> Vec<(&'static str, String)> {
        let json = serde_json::to_string(&self.key).expect("a string is JSON");
        let json = json.trim_matches('"').to_owned();
        let list = format!("{:?}", self.key.as_bytes());
        vec![
            ("as it is", self.key.clone()),
            ("as JSON", json.replace("\\\"", "\\u0022")),
            ("as JSON", json),
            ("with slashes escaped", self.key.replace('/', "\\/")),
            ("percent-encoded", percent(&self.key)),
            ("in hexadecimal", hex(&self.key)),
            ("as base64", base64(self.key.as_bytes())),
            (
                "as a list of bytes",
                list.trim_matches(['[', ']']).to_owned(),
            ),
        ]
    }
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            other => write!(out, "%{other:02X}").expect("a string takes everything"),
        }
        out
    })
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a string takes everything");
        out
    })
}

/// Standard base64 of whole groups of three bytes: the tail depends on what follows the key.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks_exact(3) {
        let word = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for shift in [18, 12, 6, 0] {
            out.push(char::from(DIGITS[(word >> shift & 63) as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_every_form() {
        let canary = Canary::new("a");
        for (name, form) in canary.forms() {
            let text = format!("before {form} after");
            assert!(canary.found(text.as_bytes()).is_some(), "{name}");
        }
        assert_eq!(canary.found(b"nothing of the kind"), None);
    }
}
