//! The native short cuts: splice rules, edits, and how small pieces of output are joined.

use bytes::{BufMut, Bytes, BytesMut};

use crate::sse::frames;
use crate::wasm::bindings::{Edit, SpliceRule};

/// A literal shorter than this is copied into the buffer of its read; a longer one stays a slice
/// of the upstream's. Three small slices an event cost as much as calling the guest.
pub const JOIN_BELOW: usize = 2048;

/// The most rules a guest may install.
const MOST: usize = 8;

/// The installed rules, checked.
#[derive(Default)]
pub(super) struct Rules(Vec<SpliceRule>);

impl Rules {
    pub(super) fn check(rules: Vec<SpliceRule>) -> Result<Self, String> {
        if rules.len() > MOST {
            return Err(format!(
                "{} splice rules, at most {MOST} are allowed",
                rules.len()
            ));
        }
        if rules
            .iter()
            .any(|rule| rule.match_prefix.is_empty() || rule.match_suffix.is_empty())
        {
            return Err("a splice rule with an empty prefix or suffix".to_owned());
        }
        let overlap = |a: &SpliceRule, b: &SpliceRule| {
            let prefix = a.match_prefix.starts_with(&b.match_prefix)
                || b.match_prefix.starts_with(&a.match_prefix);
            let suffix = a.match_suffix.ends_with(&b.match_suffix)
                || b.match_suffix.ends_with(&a.match_suffix);
            prefix && suffix
        };
        for (at, rule) in rules.iter().enumerate() {
            if rules.iter().skip(at + 1).any(|other| overlap(rule, other)) {
                return Err("two splice rules could match the same frame".to_owned());
            }
        }
        Ok(Self(rules))
    }

    /// Splices the frames at the start of `block` that match: how many, and where they end.
    pub(super) fn splice_run(&self, block: &Bytes, outlet: &mut Outlet) -> (u32, usize) {
        if self.0.is_empty() {
            return (0, 0);
        }
        let (mut count, mut end) = (0, 0);
        for frame in frames(block) {
            let Some((rule, literal)) = self.find(frame) else {
                break;
            };
            outlet.small(&rule.emit_prefix);
            outlet.literal(block.slice_ref(literal));
            outlet.small(&rule.emit_suffix);
            count += 1;
            end += frame.len();
        }
        (count, end)
    }

    /// The length of the frames at the start of `block` that no rule matches.
    pub(super) fn other_run(&self, block: &Bytes) -> usize {
        if self.0.is_empty() {
            return block.len();
        }
        frames(block)
            .take_while(|frame| self.find(frame).is_none())
            .map(<[u8]>::len)
            .sum()
    }

    fn find<'a>(&self, frame: &'a [u8]) -> Option<(&SpliceRule, &'a [u8])> {
        self.0.iter().find_map(|rule| {
            let literal = frame
                .strip_prefix(rule.match_prefix.as_slice())?
                .strip_suffix(rule.match_suffix.as_slice())?;
            is_literal(literal).then_some((rule, literal))
        })
    }
}

/// One JSON string with its quotes, and not an empty one. What is no UTF-8 goes to the guest however it came.
fn is_literal(bytes: &[u8]) -> bool {
    let Some(inside) = bytes
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    else {
        return false;
    };
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', inside.get(at..).unwrap_or_default()) {
        let escape = inside.get(at + found) == Some(&b'\\') && at + found + 1 < inside.len();
        if !escape {
            return false;
        }
        at += found + 2;
    }
    !inside.is_empty() && !inside.contains(&b'\n') && std::str::from_utf8(inside).is_ok()
}

/// Applies edits. The bytes between them are slices of the input.
pub(super) fn edited(input: &Bytes, edits: Vec<Edit>) -> Result<Vec<Bytes>, String> {
    let mut pieces = Vec::with_capacity(edits.len() * 2 + 1);
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.start as usize, edit.end as usize);
        if start < at || end < start || end > input.len() {
            let length = input.len();
            return Err(format!(
                "the edit {start}..{end} is not ascending inside 0..{length}"
            ));
        }
        pieces.push(input.slice(at..start));
        pieces.push(Bytes::from(edit.replacement));
        at = end;
    }
    pieces.push(input.slice(at..));
    pieces.retain(|piece| !piece.is_empty());
    Ok(pieces)
}

/// Collects output in order: small parts in one buffer, slices as they are.
#[derive(Default)]
pub(super) struct Outlet {
    pieces: Vec<Bytes>,
    small: BytesMut,
}

impl Outlet {
    fn small(&mut self, bytes: &[u8]) {
        self.small.put_slice(bytes);
    }

    fn literal(&mut self, literal: Bytes) {
        if literal.len() < JOIN_BELOW {
            self.small(&literal);
        } else {
            self.slice(literal);
        }
    }

    /// A piece that is not copied.
    pub(super) fn slice(&mut self, piece: Bytes) {
        self.flush();
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }

    pub(super) fn into_pieces(mut self) -> Vec<Bytes> {
        self.flush();
        self.pieces
    }

    fn flush(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push(self.small.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(prefix: &str, suffix: &str) -> SpliceRule {
        SpliceRule {
            match_prefix: prefix.into(),
            match_suffix: suffix.into(),
            emit_prefix: b"event: x\ndata: {\"t\":".to_vec(),
            emit_suffix: b"}\n\n".to_vec(),
        }
    }

    fn splice(rules: &Rules, block: &Bytes) -> (u32, usize, Vec<Bytes>) {
        let mut outlet = Outlet::default();
        let (count, end) = rules.splice_run(block, &mut outlet);
        (count, end, outlet.into_pieces())
    }

    #[test]
    fn frames_that_match_are_spliced_up_to_the_first_that_does_not() {
        let rules = Rules::check(vec![rule("data: {\"c\":", "}\n\n")]).unwrap();
        let block = Bytes::from_static(b"data: {\"c\":\"a\"}\n\ndata: {\"c\":\"\\\"b\"}\n\ndata: {\"c\":\"a\",\"d\":\"b\"}\n\ndata: {\"c\":\"x\"}\n\n");
        let (count, end, pieces) = splice(&rules, &block);
        assert_eq!(count, 2);
        assert_eq!(
            pieces.concat(),
            b"event: x\ndata: {\"t\":\"a\"}\n\nevent: x\ndata: {\"t\":\"\\\"b\"}\n\n"
        );
        let rest = block.slice(end..);
        let run = rules.other_run(&rest);
        assert_eq!(
            rest.slice(..run).as_ref(),
            b"data: {\"c\":\"a\",\"d\":\"b\"}\n\n"
        );
    }

    #[test]
    fn a_large_literal_stays_a_slice_of_the_upstreams_buffer() {
        let rules = Rules::check(vec![rule("data: ", "\n\n")]).unwrap();
        let block = Bytes::from(format!("data: \"{}\"\n\n", "x".repeat(JOIN_BELOW)));
        let (_, _, pieces) = splice(&rules, &block);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[1].as_ptr(), block[6..].as_ptr());
    }

    #[test]
    fn an_empty_literal_goes_to_the_guest() {
        let rules = Rules::check(vec![rule("data: ", "\n\n")]).unwrap();
        assert_eq!(splice(&rules, &Bytes::from_static(b"data: \"\"\n\n")).0, 0);
    }

    #[test]
    fn a_literal_that_is_no_utf_8_goes_to_the_guest() {
        let rules = Rules::check(vec![rule("data: ", "\n\n")]).unwrap();
        let block = Bytes::from_static(b"data: \"touch\xe9\"\n\n");
        assert_eq!(splice(&rules, &block).0, 0);
        assert_eq!(rules.other_run(&block), block.len());
    }

    #[test]
    fn rules_that_overlap_or_match_anything_are_refused() {
        assert!(Rules::check(vec![rule("data: a", "x\n\n"), rule("data: ", "\n\n")]).is_err());
        assert!(Rules::check(vec![rule("", "\n\n")]).is_err());
        assert!(Rules::check(vec![rule("data: a", "\n\n"), rule("data: b", "\n\n")]).is_ok());
        assert!(
            Rules::check(
                (0..9)
                    .map(|n| rule(&format!("data: {n}"), "\n\n"))
                    .collect()
            )
            .is_err()
        );
    }

    #[test]
    fn edits_keep_slices_of_the_input_and_illegal_ones_are_refused() {
        let input = Bytes::from_static(b"0123456789");
        let edit = |start, end, text: &str| Edit {
            start,
            end,
            replacement: text.into(),
        };
        let pieces = edited(&input, vec![edit(0, 1, "a"), edit(5, 5, "b")]).unwrap();
        assert_eq!(pieces.concat(), b"a1234b56789");
        assert_eq!(pieces[1].as_ptr(), input[1..].as_ptr());
        assert!(edited(&input, vec![edit(5, 11, "")]).is_err());
        assert!(edited(&input, vec![edit(5, 4, "")]).is_err());
        assert!(edited(&input, vec![edit(5, 7, ""), edit(6, 8, "")]).is_err());
    }

    proptest! {
        #[test]
        fn what_counts_as_a_literal_is_one_json_string(text in "\"[a\"\\\\n]{0,8}\"") {
            let one = serde_json::from_str::<String>(&text);
            if is_literal(text.as_bytes()) {
                // Escapes are the guest's to judge; a literal never ends early.
                prop_assert!(one.is_ok() || text.contains('\\'));
            } else {
                prop_assert!(one.is_err() || text == "\"\"");
            }
        }
    }
}
