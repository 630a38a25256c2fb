//! What providers told of the size of requests, against what had been estimated: a factor for each model.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Models that are remembered. Beyond that none is taken in: configurations name fewer.
const MOST: usize = 512;

/// Smaller requests tell too little: what a provider adds to each weighs more than its text.
const SMALL: u32 = 200;

/// Beyond these bounds a figure says something of the provider's books, not of the text.
const BOUNDS: (f64, f64) = (0.25, 4.0);

/// How much the newest answer counts.
const NEWEST: f64 = 0.2;

/// Factors by provider and model.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashMap<(String, String), f64>>);

impl Told {
    pub(super) fn tell(&self, provider: &str, model: &str, estimate: u32, counted: u64) {
        if estimate < SMALL || counted == 0 {
            return;
        }
        let now = (counted as f64 / f64::from(estimate)).clamp(BOUNDS.0, BOUNDS.1);
        let mut factors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = factors.len() >= MOST;
        let key = (provider.to_owned(), model.to_owned());
        match factors.get_mut(&key) {
            Some(factor) => *factor += (now - *factor) * NEWEST,
            None if full => {}
            None => {
                factors.insert(key, now);
            }
        }
    }

    pub(super) fn corrected(&self, provider: &str, model: &str, estimate: u32) -> u32 {
        let factors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let factor = factors.get(&(provider.to_owned(), model.to_owned()));
        match factor {
            Some(factor) => (f64::from(estimate) * factor).round() as u32,
            None => estimate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_follows_what_the_provider_tells_of_that_model() {
        let told = Told::default();
        assert_eq!(told.corrected("p", "m", 1000), 1000);
        told.tell("p", "m", 1000, 1200);
        assert_eq!(told.corrected("p", "m", 1000), 1200);
        told.tell("p", "m", 1000, 1000);
        assert_eq!(told.corrected("p", "m", 1000), 1160);
        assert_eq!(told.corrected("p", "other", 1000), 1000);
    }

    #[test]
    fn what_tells_nothing_of_the_text_changes_nothing() {
        let told = Told::default();
        told.tell("p", "m", SMALL - 1, 900);
        told.tell("p", "m", 1000, 0);
        assert_eq!(told.corrected("p", "m", 1000), 1000);
        told.tell("p", "m", 1000, 1_000_000);
        assert_eq!(told.corrected("p", "m", 1000), 4000);
    }
}
