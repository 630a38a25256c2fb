//! Who waits for a provider's quota, and in which order.
//!
//! A request that was sent and refused comes back to the place that it had. Knows ranks and bells, and
//! nothing of what is waited for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// Whose is lower goes first. No two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// When it came, or later for one that lets others go before.
    pub(super) at: Instant,
    /// In the order in which all came.
    pub(super) number: u64,
}

/// Bells by the ranks of those who wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<BTreeMap<Rank, Arc<Notify>>>,
}

/// One that waits, as long as this lives.
#[derive(Debug)]
pub(super) struct Standing<'q> {
    queue: &'q Queue,
    rank: Rank,
    bell: Arc<Notify>,
}

impl Queue {
    /// Whoever has the lowest rank is the first.
    pub(super) fn enter(&self, rank: Rank) -> Standing<'_> {
        let bell = Arc::new(Notify::new());
        self.locked().insert(rank, bell.clone());
        Standing {
            queue: self,
            rank,
            bell,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.locked().len()
    }

    /// Tells the first that something changed. It is heard also by one that listens later.
    pub(super) fn ring(&self) {
        if let Some(first) = self.locked().first_entry() {
            first.get().notify_one();
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Rank, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing<'_> {
    pub(super) fn is_first(&self) -> bool {
        let waiting = self.queue.locked();
        let first = waiting.first_key_value();
        first.is_none_or(|(rank, _)| *rank == self.rank)
    }

    /// Something changed, or those before have gone.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.queue.locked().remove(&self.rank);
        self.queue.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_back_has_its_place_again_and_who_leaves_lets_the_next_one_know() {
        let queue = Queue::default();
        let at = Instant::now();
        let second = queue.enter(Rank { at, number: 2 });
        assert!(second.is_first());
        let first = queue.enter(Rank { at, number: 1 });
        assert!(first.is_first() && !second.is_first());
        drop(first);
        second.rung().await;
        assert!(second.is_first());
        drop(second);
        assert_eq!(queue.len(), 0);
    }
}
