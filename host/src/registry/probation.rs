//! How a new generation does in its first exchanges. Counts, and rings; what follows is the registry's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The trial time of a generation that replaced another.
pub(super) struct Probation {
    /// So many different requests may not end in a trap. Not 0.
    after: usize,
    /// Rung once, when that many did.
    bell: Arc<Notify>,
    /// What told the bodies apart whose exchanges ended in a trap.
    bodies: Mutex<BTreeSet<u64>>,
}

impl Probation {
    /// A generation is new for so many exchanges.
    pub(super) const EXCHANGES: u64 = 100;

    pub(super) fn new(after: usize, bell: Arc<Notify>) -> Self {
        Self {
            after,
            bell,
            bodies: Mutex::default(),
        }
    }

    /// The same request again, as clients send it after an error, says nothing new.
    pub(super) fn trapped(&self, body: u64) {
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        if bodies.len() < self.after && bodies.insert(body) && bodies.len() == self.after {
            self.bell.notify_one();
        }
    }

    /// It rang.
    pub(super) fn is_over(&self) -> bool {
        let bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.len() >= self.after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_different_requests_count() {
        let probation = Probation::new(3, Arc::default());
        for body in [1, 1, 1, 2, 2] {
            probation.trapped(body);
            assert!(!probation.is_over());
        }
        probation.trapped(3);
        assert!(probation.is_over());
    }
}
