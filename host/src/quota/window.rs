//! One quota of an account: what is left of it, and when there is more.

use std::time::Duration;

use tokio::time::Instant;

/// As an answer told it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub(super) remaining: u64,
    pub(super) limit: Option<u64>,
    /// When it was told.
    pub(super) read: Instant,
    /// When it is whole again.
    pub(super) reset: Instant,
    /// It grows steadily until then, rather than all at once.
    pub(super) steady: bool,
}

impl Window {
    /// What is left now; none if that is not known, which is after a reset without a known limit.
    pub(super) fn available(&self, now: Instant) -> Option<u64> {
        if now >= self.reset {
            return self.limit;
        }
        let grown = self.growth().map_or(0.0, |per_second| {
            per_second * now.saturating_duration_since(self.read).as_secs_f64()
        });
        Some(self.remaining + grown as u64)
    }

    /// When there is so much. A need beyond the limit is one for all of it.
    pub(super) fn when(&self, need: u64) -> Instant {
        let missing = need.saturating_sub(self.remaining);
        let wait = self.growth().map(|per_second| missing as f64 / per_second);
        let wait = wait.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        wait.map_or(self.reset, |wait| (self.read + wait).min(self.reset))
    }

    /// No more than there can be.
    pub(super) fn capped(&self, need: u64) -> u64 {
        self.limit.map_or(need, |limit| need.min(limit))
    }

    /// A second, if it grows at all before the reset.
    fn growth(&self) -> Option<f64> {
        let missing = self.limit?.checked_sub(self.remaining)?;
        let takes = self
            .reset
            .saturating_duration_since(self.read)
            .as_secs_f64();
        (self.steady && missing > 0 && takes > 0.0).then(|| missing as f64 / takes)
    }
}
