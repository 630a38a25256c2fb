//! What came of one case.

use std::time::Duration;

/// The verdict on a case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// Empty: it passed.
    pub failures: Vec<String>,
    /// What the guest said it dropped or changed: action, path, why.
    pub notes: Vec<(String, String, String)>,
    /// All runs of the case together.
    pub took: Duration,
}

impl Outcome {
    /// Every expectation held.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}
