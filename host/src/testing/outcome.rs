//! What came of one case.

use std::time::Duration;

use super::finding::{Finding, Kind};
use super::play::{Note, Play};

/// The verdict on a case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// Empty: it passed.
    pub failures: Vec<Finding>,
    /// What the guest said it dropped or changed, in order, each once.
    pub notes: Vec<Note>,
    /// All runs of the case together.
    pub took: Duration,
    /// The case says something that what came is compared with.
    pub expects: bool,
    /// A request was sent, nothing else came of the case, and it has no file to compare the body with.
    pub compares_no_body: bool,
    /// The first run; none: it could not be run.
    pub(super) play: Option<Play>,
}

impl Outcome {
    /// Every expectation held.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// What came is something that a case may expect: no fault, no broken grammar, and the same
    /// however often and in whatever pieces it is run.
    pub(super) fn is_sound(&self) -> bool {
        let sound = |finding: &Finding| matches!(finding.kind, Kind::Unexpected);
        self.failures.iter().all(sound)
    }
}
