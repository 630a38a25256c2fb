//! Known values out of a stream that brings them in pieces, and nothing else.

use bytes::Bytes;

use super::body::Fragments;
use super::pieces::{self, Pieces};
use super::utf8;

/// The body with something else in the place of what `find` finds in a text: where it begins and ends.
pub fn spread_out(
    body: &Bytes,
    find: impl Fn(&[u8]) -> Option<(usize, usize)>,
    with: &str,
) -> Bytes {
    let text = utf8::text(body);
    let mut fragments = Fragments::of(&text);
    for unit in pieces::units(&fragments) {
        let strings = unit.iter().filter_map(|at| fragments.all().get(*at));
        let mut text = Pieces::of(strings.map(|one| &*one.text));
        let mut done = 0;
        while let Some((from, to)) = find(text.whole().get(done..).unwrap_or_default().as_bytes()) {
            text.replace(done + from..done + to, with);
            done += from + with.len();
        }
        if done > 0 {
            for (at, piece) in unit.iter().zip(text.pieces()) {
                fragments.set(*at, piece.to_owned());
            }
        }
    }
    if fragments.is_changed() {
        utf8::bytes(fragments.joined(), body)
    } else {
        body.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_from_the_pieces_that_it_came_in() {
        let event = |text: &str| format!("data: {{\"index\":0,\"text\":\"{text}\"}}\n\n");
        let find = |text: &[u8]| {
            let text = std::str::from_utf8(text).unwrap();
            text.find("k-123").map(|at| (at, at + 5))
        };
        let body = ["is k-", "12", "3 and k-123 or", " k-1"]
            .map(event)
            .concat();
        let clean = spread_out(&Bytes::from(body), find, "[x]");
        let expected = ["is [x]", "", " and [x] or", " k-1"].map(event).concat();
        assert_eq!(clean, expected);
        let other = Bytes::from_static(b"{\"a\": 1}");
        assert_eq!(spread_out(&other, find, "[x]").as_ptr(), other.as_ptr());
    }
}
