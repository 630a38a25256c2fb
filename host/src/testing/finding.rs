//! What is wrong with a case, as data and in words.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub kind: Kind,
    /// A sentence without a full stop.
    pub text: String,
    /// Where exactly, if two things were compared.
    pub differences: Vec<Difference>,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The case itself: a file that is missing, cannot be read or makes no sense.
    Case,
    /// The component trapped, broke a limit or the interface.
    Fault,
    /// A stream that clients would choke on.
    Grammar,
    /// Two runs on the same input gave different bytes.
    Nondeterminism,
    /// A stream whose events depend on how it is cut, or on splice rules.
    Splitting,
    /// Something else came than the case expects.
    Unexpected,
}

impl Kind {
    /// One word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Case => "case",
            Kind::Fault => "fault",
            Kind::Grammar => "grammar",
            Kind::Nondeterminism => "nondeterminism",
            Kind::Splitting => "splitting",
            Kind::Unexpected => "unexpected",
        }
    }
}

/// One place in which two things differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Such as `/model`, or `event 3 (message_delta) /usage/output_tokens`.
    pub place: String,
    /// None: nothing was expected here.
    pub expected: Option<String>,
    /// None: nothing came.
    pub got: Option<String>,
}

/// What stands for a side that has nothing.
const NOTHING: &str = "nothing";

/// Places of one finding that are shown on a line, and in full.
const SHOWN_BRIEFLY: usize = 3;
const SHOWN: usize = 20;

impl Finding {
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            differences: Vec::new(),
        }
    }

    /// None when nothing differs.
    pub(super) fn differing(
        kind: Kind,
        text: impl Into<String>,
        differences: Vec<Difference>,
    ) -> Option<Self> {
        (!differences.is_empty()).then(|| Self {
            kind,
            text: text.into(),
            differences,
        })
    }

    /// Something else than one expected thing. What is null is nothing.
    pub(super) fn instead(place: &str, expected: impl Serialize, got: impl Serialize) -> Self {
        let (expected, got) = (json!(expected), json!(got));
        let shown = |value: Value| (!value.is_null()).then(|| value.to_string());
        Self {
            kind: Kind::Unexpected,
            text: format!("{place} differs"),
            differences: vec![Difference {
                place: place.to_owned(),
                expected: shown(expected),
                got: shown(got),
            }],
        }
    }

    /// In full, over several lines.
    pub fn lines(&self) -> String {
        let mut lines = vec![self.text.clone()];
        for difference in self.differences.iter().take(SHOWN) {
            let side = |side: &Option<String>| side.clone().unwrap_or(NOTHING.to_owned());
            let (expected, got) = (side(&difference.expected), side(&difference.got));
            let place = &difference.place;
            if !self.text.starts_with(place) {
                lines.push(format!("  {place}"));
            }
            lines.push(format!("    - expected {expected}"));
            lines.push(format!("    + got      {got}"));
        }
        if let Some(more) = self.differences.len().checked_sub(SHOWN + 1) {
            lines.push(format!("  and {} more places", more + 1));
        }
        lines.join("\n")
    }

    /// The words, and the lines below them with the functions that a guest was in, if there are any.
    fn said(&self) -> (&str, &str) {
        let place = self.text.find("\n  in ");
        self.text.split_at(place.unwrap_or(self.text.len()))
    }

    /// The functions that a guest was in when it broke, each on a line after a line break; else empty.
    pub fn place(&self) -> &str {
        self.said().1
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let differences: Vec<Value> = self
            .differences
            .iter()
            .map(|one| json!({"place": one.place, "expected": one.expected, "got": one.got}))
            .collect();
        json!({"kind": self.kind.word(), "text": self.text, "differences": differences})
    }
}

impl fmt::Display for Finding {
    /// On one line, without the functions that a guest was in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().0.replace('\n', "; "))?;
        for one in self.differences.iter().take(SHOWN_BRIEFLY) {
            let side = |side: &Option<String>| side.clone().unwrap_or(NOTHING.to_owned());
            let (expected, got) = (side(&one.expected), side(&one.got));
            write!(f, "; {}: expected {expected}, got {got}", one.place)?;
        }
        if let Some(more) = self.differences.len().checked_sub(SHOWN_BRIEFLY + 1) {
            write!(f, "; and {} more places", more + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_there_is_nothing() {
        let finding = Finding::instead("expect.status", 402, None::<u16>);
        assert_eq!(
            finding.lines(),
            "expect.status differs\n    - expected 402\n    + got      nothing"
        );
    }

    #[test]
    fn where_a_guest_broke_is_told_apart_from_the_words() {
        let finding = Finding::new(Kind::Fault, "it trapped: a\nb\n  in one\n  in two");
        assert_eq!(finding.to_string(), "it trapped: a; b");
        assert_eq!(finding.place(), "\n  in one\n  in two");
    }

    #[test]
    fn a_finding_is_one_line_or_several_and_never_hides_how_much_there_is() {
        let difference = |n: usize| Difference {
            place: format!("/{n}"),
            expected: Some("1".to_owned()),
            got: None,
        };
        let of = |count| {
            let all = (0..count).map(difference).collect();
            Finding::differing(Kind::Unexpected, "x differs", all)
        };
        assert_eq!(of(0), None);
        let one = of(1).unwrap();
        assert_eq!(one.to_string(), "x differs; /0: expected 1, got nothing");
        assert_eq!(
            one.lines(),
            "x differs\n  /0\n    - expected 1\n    + got      nothing"
        );
        let many = of(30).unwrap();
        assert!(many.to_string().ends_with("; and 27 more places"), "{many}");
        assert!(many.lines().ends_with("and 10 more places"));
    }
}
