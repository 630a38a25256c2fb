//! Texts that came in pieces: which fragments of a stream are one text, and a text that knows where its
//! pieces begin.

use std::ops::Range;

use super::body::{Fragment, Fragments};
use super::{members, words};

/// What is looked at as one text: the fragments of it, in order.
pub(super) type Unit = Vec<usize>;

/// The units of a body. Where it cannot be told whether the strings of a place are pieces or values,
/// they are looked at as both: first as pieces.
pub(super) fn units(fragments: &Fragments<'_>) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut in_pieces = vec![false; fragments.all().len()];
    for channel in fragments.channels() {
        let strings: Vec<&Fragment<'_>> = channel
            .iter()
            .filter_map(|at| fragments.all().get(*at))
            .collect();
        if are_values(&strings) {
            continue;
        }
        if are_pieces(&strings) {
            for at in &channel {
                in_pieces[*at] = true;
            }
        }
        units.push(channel);
    }
    let alone = in_pieces.iter().enumerate();
    units.extend(
        alone
            .filter(|(_, in_pieces)| !**in_pieces)
            .map(|(at, _)| vec![at]),
    );
    units
}

/// The same string in every event (an id, a model), and what a format says there.
fn are_values(strings: &[&Fragment<'_>]) -> bool {
    let same = strings.windows(2).all(|pair| pair[0].text == pair[1].text);
    let of_format = |one: &&Fragment<'_>| {
        words::is_fixed(&one.under) || members::kind_of(&one.under, &one.text).is_some()
    };
    same || strings.first().is_some_and(of_format)
}

/// A model's words have blanks between them, which stand in the pieces.
fn are_pieces(strings: &[&Fragment<'_>]) -> bool {
    let blank = |one: &&Fragment<'_>| {
        one.text.starts_with(char::is_whitespace) || one.text.ends_with(char::is_whitespace)
    };
    strings
        .first()
        .is_some_and(|first| words::is_told_in_pieces(&first.under))
        || strings.iter().any(blank)
}

/// A text, and where its pieces but for the first begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pieces {
    text: String,
    marks: Vec<usize>,
}

impl Pieces {
    pub(super) fn of<'t>(pieces: impl IntoIterator<Item = &'t str>) -> Self {
        let mut text = String::new();
        let mut marks = Vec::new();
        for (nth, piece) in pieces.into_iter().enumerate() {
            if nth > 0 {
                marks.push(text.len());
            }
            text.push_str(piece);
        }
        Self { text, marks }
    }

    pub(super) fn whole(&self) -> &str {
        &self.text
    }

    pub(super) fn into_whole(self) -> String {
        self.text
    }

    /// What stands in place of a part stands in the piece in which that began.
    pub(super) fn replace(&mut self, part: Range<usize>, with: &str) {
        self.text.replace_range(part.clone(), with);
        for mark in &mut self.marks {
            if *mark >= part.end {
                *mark = *mark - part.len() + with.len();
            } else if *mark > part.start {
                *mark = part.start + with.len();
            }
        }
    }

    /// The same of a part of which only the middle is another: its beginning and end stay in their pieces.
    pub(super) fn mend(&mut self, part: Range<usize>, with: &str) {
        let Some(before) = self.text.get(part.clone()) else {
            return;
        };
        let same = |(one, other): &(char, char)| one == other;
        let begin = before.chars().zip(with.chars()).take_while(same);
        let begin: usize = begin.map(|(c, _)| c.len_utf8()).sum();
        let (left, right) = (&before[begin..], &with[begin..]);
        let end = left.chars().rev().zip(right.chars().rev()).take_while(same);
        let end: usize = end.map(|(c, _)| c.len_utf8()).sum();
        let middle = right[..right.len() - end].to_owned();
        self.replace(part.start + begin..part.end - end, &middle);
    }

    /// As many as there were.
    pub(super) fn pieces(&self) -> Vec<&str> {
        let begins = [0].into_iter().chain(self.marks.iter().copied());
        let ends = self.marks.iter().copied().chain([self.text.len()]);
        begins
            .zip(ends)
            .map(|(from, to)| self.text.get(from..to).unwrap_or_default())
            .collect()
    }
}

/// The role and the names of a unit, which its fragments share.
pub(super) fn first<'f, 'a>(
    fragments: &'f Fragments<'a>,
    unit: &[usize],
) -> Option<&'f Fragment<'a>> {
    fragments.all().get(*unit.first()?)
}

#[cfg(test)]
mod tests {
    use super::super::body::Role;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_that_spans_pieces_stands_in_the_first_of_them() {
        let mut text = Pieces::of(["say /ho", "me", "/al", "ice!"]);
        text.replace(4..15, "X");
        assert_eq!(text.pieces(), ["say X", "", "", "!"]);
        text.replace(0..3, "tell");
        assert_eq!(text.pieces(), ["tell X", "", "", "!"]);
    }

    #[test]
    fn what_stays_the_same_stays_in_its_pieces() {
        let mut text = Pieces::of(["say /home/al", "ice/src", "/x", "!"]);
        text.mend(4..21, "/home/user/src/x");
        assert_eq!(text.pieces(), ["say /home/user", "/src", "/x", "!"]);
    }

    fn unit_texts(body: &str) -> Vec<String> {
        let fragments = Fragments::of(body);
        let values = |unit: &Unit| {
            let texts = unit.iter().map(|at| fragments.all()[*at].text.as_ref());
            texts.collect::<Vec<_>>().join("|")
        };
        let all = units(&fragments);
        let of_values = all
            .iter()
            .filter(|unit| first(&fragments, unit).is_some_and(|first| first.role == Role::Value));
        of_values.map(values).collect()
    }

    #[test]
    fn texts_are_looked_at_in_one_and_values_one_by_one() {
        for (member, values, expected) in [
            ("text", ["max", "imum"], vec!["max|imum"]),
            ("words", ["see ", "max"], vec!["see |max"]),
            ("user_id", ["a1", "b2"], vec!["a1", "b2"]),
            ("type", ["a", "b"], vec!["a", "b"]),
            ("name", ["a", "a"], vec!["a", "a"]),
            ("name", ["a", "b"], vec!["a|b", "a", "b"]),
        ] {
            let event = |value: &str| format!("data: {{\"{member}\": \"{value}\"}}\n\n");
            let body = values.map(event).concat();
            assert_eq!(unit_texts(&body), expected, "{member}");
        }
    }

    proptest! {
        #[test]
        fn pieces_are_the_text_whatever_is_replaced(
            pieces in proptest::collection::vec("[a-zé]{0,4}", 1..6), from in 0_usize..20, length in 0_usize..8,
        ) {
            let mut text = Pieces::of(pieces.iter().map(String::as_str));
            let from = text.whole().floor_char_boundary(from);
            let to = text.whole().floor_char_boundary(from + length);
            text.replace(from..to, "XY");
            prop_assert_eq!(text.pieces().len(), pieces.len());
            prop_assert_eq!(text.pieces().concat(), text.whole());
            let before = text.whole().to_owned();
            text.mend(0..before.len(), "XYé");
            prop_assert_eq!(text.pieces().concat(), "XYé");
        }
    }
}
