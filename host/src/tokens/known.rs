//! Texts that were counted: a conversation repeats all of itself with every request, and Claude Code asks for the same
//! tools two dozen times when it shows its context. Kept are hashes and figures, no text.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

/// Texts that are remembered. The one that came first is forgotten first.
const MOST: usize = 16_384;

/// Shorter texts, in bytes, are counted faster than looked up.
const SHORT: usize = 256;

/// A text by hash and length. The hash has a secret: no client can make two texts share one.
type Key = (u64, usize);

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Known {
    hasher: RandomState,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    by_text: HashMap<Key, u32>,
    order: VecDeque<Key>,
}

impl Known {
    /// The tokens of a text, which is counted if it is not known.
    pub(super) fn or_count(&self, text: &str, count: impl FnOnce(&str) -> u32) -> u32 {
        if text.len() < SHORT {
            return count(text);
        }
        let key = (self.hasher.hash_one(text), text.len());
        let known = self.counts().by_text.get(&key).copied();
        known.unwrap_or_else(|| {
            let tokens = count(text);
            self.counts().put(key, tokens);
            tokens
        })
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many texts are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counts().by_text.len()
    }
}

impl Counts {
    fn put(&mut self, key: Key, tokens: u32) {
        if self.by_text.insert(key, tokens).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > MOST
            && let Some(first) = self.order.pop_front()
        {
            self.by_text.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_once_and_memory_is_bounded() {
        let known = Known::default();
        let text = "t".repeat(SHORT);
        assert_eq!(known.or_count(&text, |_| 7), 7);
        assert_eq!(known.or_count(&text, |_| 8), 7);
        assert_eq!(known.or_count("short", |_| 1), 1);
        assert_eq!(known.len(), 1);
        for number in 0..MOST + 10 {
            known.or_count(&format!("{number:0SHORT$}"), |_| 1);
        }
        assert_eq!(known.len(), MOST);
        assert_eq!(known.or_count(&text, |_| 9), 9, "it was forgotten");
    }
}
