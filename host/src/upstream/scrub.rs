//! Takes secrets out of what upstreams say: providers echo keys in errors and headers.
//!
//! A stream is scrubbed without copying it: clean bytes go on as the slices they are. A key that
//! is split over two reads is found too: a tail that could begin one waits for the next read.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};

use super::joined;
use crate::config::Secret;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// What most programs escape in a URL: all but RFC 3986's unreserved characters.
const RESERVED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The secrets of a configuration, ready to be searched for: all of them in one pass. Cheap to clone.
#[derive(Clone, Default)]
pub struct Secrets(Option<Arc<Needles>>);

struct Needles {
    forms: Vec<Vec<u8>>,
    finder: AhoCorasick,
}

impl Secrets {
    /// All forms in which the secrets may be echoed: plain, escaped in JSON, escaped in a URL.
    pub fn new(secrets: &[Secret]) -> Self {
        let forms = secrets.iter().flat_map(|secret| forms(secret.expose()));
        Self::of(forms.map(String::into_bytes).collect())
    }

    fn of(mut forms: Vec<Vec<u8>>) -> Self {
        forms.sort_unstable();
        forms.dedup();
        if forms.is_empty() {
            return Self(None);
        }
        let finder = AhoCorasick::builder()
            // Of two secrets that begin alike the longer one is taken out.
            .match_kind(MatchKind::LeftmostLongest)
            // The other kinds are a little faster, and take megabytes for a few long tokens.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&forms)
            .expect("invariant: keys are far from the 4 GiB that an automaton can hold");
        Self(Some(Arc::new(Needles { forms, finder })))
    }

    /// These and more.
    pub fn and(&self, secrets: &[Secret]) -> Self {
        let known = self.needles().map(|needles| needles.forms.as_slice());
        let more = secrets.iter().flat_map(|secret| forms(secret.expose()));
        let more = more.map(String::into_bytes);
        Self::of(
            known
                .unwrap_or_default()
                .iter()
                .cloned()
                .chain(more)
                .collect(),
        )
    }

    fn needles(&self) -> Option<&Needles> {
        self.0.as_deref()
    }

    /// For one stream.
    pub fn scrubber(&self) -> Scrubber {
        Scrubber {
            secrets: self.clone(),
            held: None,
        }
    }

    /// Text without secrets.
    pub fn scrub_text(&self, text: &str) -> String {
        let mut bytes = Vec::with_capacity(text.len());
        for piece in self.scrubber().all(Bytes::copy_from_slice(text.as_bytes())) {
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Bytes without secrets.
    pub fn scrub_bytes(&self, bytes: Bytes) -> Bytes {
        joined(self.scrubber().all(bytes))
    }

    /// The same of a body that is recorded, in which a stream may bring a secret in pieces.
    pub fn scrub_recorded(&self, body: Bytes) -> Bytes {
        let body = self.scrub_bytes(body);
        match self.needles() {
            Some(_) => crate::redact::spread_out(&body, |text| self.first(text), REDACTED),
            None => body,
        }
    }

    /// Headers without secrets.
    pub fn scrub_headers(&self, headers: &HeaderMap) -> HeaderMap {
        let mut clean = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers {
            let value = if self.first(value.as_bytes()).is_some() {
                HeaderValue::from_static(REDACTED)
            } else {
                value.clone()
            };
            clean.append(name.clone(), value);
        }
        clean
    }

    /// The first secret in the bytes: where it begins and ends.
    fn first(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let found = self.needles()?.finder.find(bytes)?;
        Some((found.start(), found.end()))
    }

    /// How many of the last bytes could be the beginning of a secret.
    fn tail(&self, bytes: &[u8]) -> usize {
        let forms = self.needles().map(|needles| needles.forms.as_slice());
        let begun = forms
            .unwrap_or_default()
            .iter()
            .map(|form| begun(bytes, form));
        begun.max().unwrap_or(0)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let forms = self.needles().map_or(0, |needles| needles.forms.len());
        write!(f, "Secrets({forms} forms)")
    }
}

fn forms(secret: &str) -> Vec<String> {
    if secret.len() < Secret::SHORTEST {
        return Vec::new();
    }
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let slashes = json.replace('/', "\\/");
    let url = |set| percent_encoding::utf8_percent_encode(secret, set).to_string();
    let (all, usual) = (url(percent_encoding::NON_ALPHANUMERIC), url(RESERVED));
    let mut forms = vec![secret.to_owned(), json, slashes, all, usual];
    forms.extend(unicode_escaped(secret));
    forms
}

/// As encoders write it that escape more than JSON asks for: Go `&<>`, .NET also quotes and plus,
/// others whatever is no letter or digit, or every character; in capital and in small hexadecimal digits.
fn unicode_escaped(secret: &str) -> Vec<String> {
    let go = |char: char| "&<>".contains(char);
    let dot_net = |char: char| "&<>'\"+`".contains(char);
    let all = |char: char| !char.is_ascii_alphanumeric();
    let every = |_| true;
    let sets: [&dyn Fn(char) -> bool; 4] = [&go, &dot_net, &all, &every];
    let escape = |escapes: &dyn Fn(char) -> bool, capital: bool| {
        let chars = secret.chars().map(|char| match (escapes(char), capital) {
            (true, true) => format!("\\u{:04X}", u32::from(char)),
            (true, false) => format!("\\u{:04x}", u32::from(char)),
            (false, _) if matches!(char, '"' | '\\') => format!("\\{char}"),
            (false, _) => char.to_string(),
        });
        chars.collect::<Vec<_>>().concat()
    };
    sets.iter()
        .flat_map(|set| [escape(*set, true), escape(*set, false)])
        .collect()
}

/// The longest end of `bytes` that is a proper beginning of `needle`.
fn begun(bytes: &[u8], needle: &[u8]) -> usize {
    let Some((first, _)) = needle.split_first() else {
        return 0;
    };
    let window = bytes.len().saturating_sub(needle.len() - 1);
    let tail = bytes.get(window..).unwrap_or_default();
    memchr::memchr_iter(*first, tail)
        .map(|at| tail.get(at..).unwrap_or_default())
        .find(|end| needle.starts_with(end))
        .map_or(0, <[u8]>::len)
}

/// Scrubs one stream.
#[derive(Debug)]
pub struct Scrubber {
    secrets: Secrets,
    held: Option<Bytes>,
}

impl Scrubber {
    /// What it looks for.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The next read, clean. Its end may be held back until the next one.
    pub fn feed(&mut self, read: Bytes) -> impl Iterator<Item = Bytes> + use<> {
        let rest = self.joined(read);
        let mut clean = Vec::with_capacity(1);
        let mut rest = self.redacted(rest, &mut clean, |secrets, rest| {
            rest.len() - secrets.tail(rest)
        });
        let tail = self.secrets.tail(&rest);
        if tail > 0 {
            self.held = Some(rest.split_off(rest.len() - tail));
        }
        clean.push(rest);
        clean.into_iter().filter(|piece| !piece.is_empty())
    }

    /// What was held back, at the end of the stream.
    pub fn end(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        let mut clean = Vec::new();
        if let Some(held) = self.held.take() {
            let rest = self.redacted(held, &mut clean, |_, rest| rest.len());
            clean.push(rest);
        }
        clean.into_iter().filter(|piece| !piece.is_empty())
    }

    /// Takes out the secrets that begin before `until`; gives what follows the last of them. One
    /// that may be the beginning of a longer one is not decided on before the next read.
    fn redacted(
        &self,
        mut rest: Bytes,
        clean: &mut Vec<Bytes>,
        until: impl Fn(&Secrets, &[u8]) -> usize,
    ) -> Bytes {
        while let Some((start, end)) = self.secrets.first(&rest)
            && start < until(&self.secrets, &rest)
        {
            clean.push(rest.split_to(start));
            clean.push(Bytes::from_static(REDACTED.as_bytes()));
            drop(rest.split_to(end - start));
        }
        rest
    }

    fn all(mut self, bytes: Bytes) -> Vec<Bytes> {
        let mut pieces: Vec<Bytes> = self.feed(bytes).collect();
        pieces.extend(self.end());
        pieces
    }

    fn joined(&mut self, read: Bytes) -> Bytes {
        match self.held.take() {
            None => read,
            Some(held) => {
                let mut joined = BytesMut::with_capacity(held.len() + read.len());
                joined.extend_from_slice(&held);
                joined.extend_from_slice(&read);
                joined.freeze()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "csk-12/34567\"89";

    fn secrets() -> Secrets {
        Secrets::new(&[Secret::new(KEY), Secret::new("short")])
    }

    fn scrub(pieces: &[&[u8]]) -> String {
        let mut scrubber = secrets().scrubber();
        let mut out = Vec::new();
        for piece in pieces {
            for clean in scrubber.feed(Bytes::copy_from_slice(piece)) {
                out.extend_from_slice(&clean);
            }
        }
        out.extend(scrubber.end().flatten());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_recorded_stream_has_no_key_in_pieces() {
        let event = |text: &str| format!("data: {{\"index\":0,\"text\":{text:?}}}\n\n");
        let body = ["is csk-12/3", "4567\"89 and", " csk-12/34567\"89"].map(event);
        let clean = secrets().scrub_recorded(Bytes::from(body.concat()));
        let expected = ["is [redacted]", " and", " [redacted]"].map(event);
        assert_eq!(clean, expected.concat());
    }

    #[test]
    fn a_key_is_found_however_it_is_escaped() {
        assert_eq!(scrub(&[b"a csk-12/34567\"89 b"]), "a [redacted] b");
        assert_eq!(
            scrub(&[br#"{"k":"csk-12/34567\"89"}"#]),
            r#"{"k":"[redacted]"}"#
        );
        assert_eq!(
            scrub(&[br#"{"k":"csk-12/34567\u002289"}"#]),
            r#"{"k":"[redacted]"}"#
        );
        assert_eq!(
            scrub(&[br#"{"k":"csk\u002D12\u002F34567\u002289"}"#]),
            r#"{"k":"[redacted]"}"#
        );
        assert_eq!(
            scrub(&[br#"{"k":"csk-12\/34567\"89"}"#]),
            r#"{"k":"[redacted]"}"#
        );
        let every = KEY
            .chars()
            .map(|char| format!("\\u{:04x}", u32::from(char)));
        let every = every.collect::<Vec<_>>().concat();
        assert_eq!(
            scrub(&[format!("k {every} z").as_bytes()]),
            "k [redacted] z"
        );
        assert_eq!(scrub(&[b"?k=csk%2D12%2F34567%2289&"]), "?k=[redacted]&");
    }

    #[test]
    fn a_secret_that_begins_a_longer_one_is_not_taken_for_it_at_the_end_of_a_read() {
        let secrets = Secrets::new(&[Secret::new("team-local"), Secret::new("team-local-2x")]);
        for (pieces, expected) in [
            (["k team-local", "-2x b"], "k [redacted] b"),
            (["k team-local", "-3x b"], "k [redacted]-3x b"),
            (["k team-local-2", ""], "k [redacted]-2"),
        ] {
            let mut scrubber = secrets.scrubber();
            let mut out: Vec<u8> = Vec::new();
            for piece in pieces {
                out.extend(
                    scrubber
                        .feed(Bytes::from_static(piece.as_bytes()))
                        .flatten(),
                );
            }
            out.extend(scrubber.end().flatten());
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn clean_bytes_are_passed_on_without_a_copy() {
        let read = Bytes::from_static(b"data: nothing here\n\n");
        let pieces: Vec<Bytes> = secrets().scrubber().feed(read.clone()).collect();
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].as_ptr(), read.as_ptr());
    }

    #[test]
    fn a_header_that_echoes_the_key_is_redacted_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-echo",
            HeaderValue::from_str(&format!("Bearer {KEY}")).unwrap(),
        );
        assert_eq!(secrets().scrub_headers(&headers)["x-echo"], REDACTED);
    }

    proptest! {
        #[test]
        fn a_key_is_found_however_it_is_split(cuts in proptest::collection::vec(0usize..40, 0..12)) {
            let text = format!("x csk-12 {KEY} csk- {KEY}c");
            let bytes = text.as_bytes();
            let mut at: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(scrub(&pieces), "x csk-12 [redacted] csk- [redacted]c");
        }
    }
}
