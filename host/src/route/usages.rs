//! How long the last answer of each conversation found its request: bounded, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Conversations that are remembered.
const MOST: usize = 1000;

/// Input tokens by session id. When it is full the one that was told longest ago is forgotten.
#[derive(Debug, Default)]
pub struct Usages(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last: HashMap<String, Entry>,
    told: u64,
}

#[derive(Debug)]
struct Entry {
    tokens: u64,
    told: u64,
}

impl Usages {
    /// What was told last of a conversation.
    pub fn last(&self, session: &str) -> Option<u64> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.last.get(session).map(|entry| entry.tokens)
    }

    /// An answer told how many input tokens its request had.
    pub fn tell(&self, session: &str, tokens: u64) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.told += 1;
        let told = inner.told;
        if inner.last.len() >= MOST && !inner.last.contains_key(session) {
            let oldest = inner.last.iter().min_by_key(|(_, entry)| entry.told);
            if let Some(oldest) = oldest.map(|(session, _)| session.clone()) {
                inner.last.remove(&oldest);
            }
        }
        inner
            .last
            .insert(session.to_owned(), Entry { tokens, told });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversation_that_was_silent_longest_is_forgotten() {
        let usages = Usages::default();
        usages.tell("first", 1);
        usages.tell("second", 2);
        usages.tell("first", 3);
        for number in 0..MOST - 1 {
            usages.tell(&number.to_string(), 9);
        }
        assert_eq!(usages.last("second"), None);
        assert_eq!(usages.last("first"), Some(3));
    }
}
