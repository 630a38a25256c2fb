//! Splice rules: frames that the host passes on by itself. A rule is learned from a frame that was
//! converted, because the envelope around its text is the same in the frames that follow.

use crate::SpliceRule;
use crate::json::offset_in;

/// The host takes at most so many.
pub const RULES_MOST: usize = 8;

/// What stands before and after a literal in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// From the first byte of the frame to the literal's quote.
    pub before: &'a str,
    /// From after the literal's closing quote to the end of the frame, blank line included.
    pub after: &'a str,
}

impl<'a> Envelope<'a> {
    /// The envelope of `literal`, a JSON string with its quotes and a slice of `frame`. None: it is no
    /// such slice, or nothing stands before or after it.
    pub fn of(frame: &'a str, literal: &str) -> Option<Self> {
        let at = offset_in(frame, literal)?;
        let (before, after) = (&frame[..at], &frame[at + literal.len()..]);
        let inside = literal.strip_prefix('"')?.strip_suffix('"');
        (inside.is_some() && !before.is_empty() && !after.is_empty())
            .then_some(Self { before, after })
    }

    /// Frames of this envelope are passed on as they are.
    pub fn kept(self) -> SpliceRule {
        self.becomes(self.before, self.after)
    }

    /// Frames of this envelope are passed on in another one.
    ///
    /// ```
    /// use sdk::events::Events;
    /// use sdk::json::Escaped;
    /// use sdk::splice::Envelope;
    ///
    /// // A text block is open: the rule writes what the event writer would.
    /// let mut events = Events::start("msg_1", "m", 0);
    /// events.text(&Escaped::verbatim("Good"));
    ///
    /// let frame = "data: {\"say\":\"by\"}\n\n";
    /// let literal = &frame[13..17];
    /// assert_eq!(literal, "\"by\"");
    /// let (before, after) = events.delta_frame(false);
    /// let rule = Envelope::of(frame, literal).expect("a slice").becomes(&before, after);
    /// assert_eq!(rule.match_prefix, b"data: {\"say\":");
    /// assert_eq!(rule.emit_suffix, b"}}\n\n");
    /// ```
    pub fn becomes(self, before: &str, after: &str) -> SpliceRule {
        SpliceRule {
            match_prefix: self.before.into(),
            match_suffix: self.after.into(),
            emit_prefix: before.into(),
            emit_suffix: after.into(),
        }
    }
}

/// The rules that the host has, and those it is to get with the next answer.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<SpliceRule>,
    changed: bool,
}

impl Rules {
    /// Adds a rule. False: there are [`RULES_MOST`], or one of them could match the same frame.
    pub fn add(&mut self, rule: SpliceRule) -> bool {
        let (prefix, suffix) = (&rule.match_prefix, &rule.match_suffix);
        let meets = |known: &SpliceRule| {
            known.match_prefix.starts_with(prefix) || prefix.starts_with(&known.match_prefix)
        };
        let full = self.rules.len() >= RULES_MOST;
        if full || prefix.is_empty() || suffix.is_empty() || self.rules.iter().any(meets) {
            return false;
        }
        self.rules.push(rule);
        self.changed = true;
        true
    }

    /// Takes all rules away, because what they write is not right any more: another block was opened.
    pub fn clear(&mut self) {
        self.changed |= !self.rules.is_empty();
        self.rules.clear();
    }

    /// For [`Pushed::rules`](crate::Pushed): the rules, if they are others than at the last call.
    pub fn take(&mut self) -> Option<Vec<SpliceRule>> {
        std::mem::take(&mut self.changed).then(|| self.rules.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(frame: &str, literal: std::ops::Range<usize>) -> SpliceRule {
        Envelope::of(frame, &frame[literal]).unwrap().kept()
    }

    #[test]
    fn rules_that_could_match_the_same_frame_are_not_taken() {
        let mut rules = Rules::default();
        assert!(rules.add(rule("data: {\"a\":\"x\"}\n\n", 11..14)));
        assert!(!rules.add(rule("data: {\"a\":\"x\"}\n\n", 11..14)));
        assert!(rules.add(rule("data: {\"b\":\"x\"}\n\n", 11..14)));
        assert_eq!(rules.take().map(|rules| rules.len()), Some(2));
        assert_eq!(rules.take(), None);
        rules.clear();
        assert_eq!(rules.take(), Some(Vec::new()));
    }

    #[test]
    fn a_literal_that_is_no_slice_of_the_frame_has_no_envelope() {
        assert_eq!(
            Envelope::of("data: \"x\"\n\n", &String::from("\"x\"")),
            None
        );
        assert_eq!(Envelope::of("\"x\"\n\n", "\"x\""), None);
    }
}
