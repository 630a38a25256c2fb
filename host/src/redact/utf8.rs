//! Bytes that are no UTF-8 in a text, each as a letter of its own, so that they are there again afterwards: what
//! makes a client stumble must stay.

use std::borrow::Cow;

use bytes::Bytes;

/// The letter of byte 0, of those that Unicode leaves to everybody.
const FIRST: u32 = 0x0010_FE00;

/// The text of some bytes. Where one of those letters stands in it already, it is as good as it may be.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    let lossy = String::from_utf8_lossy(bytes);
    if matches!(lossy, Cow::Borrowed(_)) || has_letters(&lossy) {
        return lossy;
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let invalid = chunk.invalid().iter();
        text.extend(invalid.filter_map(|byte| char::from_u32(FIRST + u32::from(*byte))));
    }
    Cow::Owned(text)
}

/// The bytes of such a text, which was that of `body`.
pub(super) fn bytes(text: String, body: &[u8]) -> Bytes {
    let lossy = String::from_utf8_lossy(body);
    if matches!(lossy, Cow::Borrowed(_)) || has_letters(&lossy) {
        return Bytes::from(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Bytes::from(bytes)
}

fn has_letters(text: &str) -> bool {
    text.chars().any(|c| byte(c).is_some())
}

fn byte(c: char) -> Option<u8> {
    u8::try_from(u32::from(c).checked_sub(FIRST)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_bytes_are_there_again(body in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(bytes(text(&body).into_owned(), &body), body);
        }
    }

    #[test]
    fn a_letter_that_stands_for_a_byte_stays_where_it_was_said() {
        let said = "touch\u{10FEE9}".as_bytes();
        assert_eq!(bytes(text(said).into_owned(), said), said);
        let both = [said, b"\xff"].concat();
        let clean = bytes(text(&both).into_owned(), &both);
        assert_eq!(clean, "touch\u{10FEE9}\u{FFFD}");
    }
}
