//! How many tokens a request has, by two means. A count, with the vocabulary o200k, for those who ask for one: it is made
//! off the threads that serve requests, and what was counted once is remembered. And the estimate that each request has
//! anyway, from the length of its text, corrected here by what providers told of earlier ones.
//!
//! One vocabulary serves all models: on code and prose those of other vendors are within some percent of it. Knows no route.

mod image;
mod known;
mod o200k;
mod told;
mod weigh;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Semaphore;

use known::Known;
use told::Told;

/// Counts that are made at once: more would only take the processors from the requests that are served.
const AT_ONCE: usize = 2;

/// Servers and models that are remembered to have no count.
const MOST_SILENT: usize = 1024;

/// Counts requests and corrects estimates. One for the whole process.
#[derive(Debug)]
pub struct Tokens {
    known: Known,
    told: Told,
    turns: Semaphore,
    /// Base URLs whose servers have no count to give, and of which model.
    silent: Mutex<BTreeSet<(String, String)>>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            known: Known::default(),
            told: Told::default(),
            turns: Semaphore::new(AT_ONCE),
            silent: Mutex::default(),
        }
    }
}

impl Tokens {
    /// Tokens of system, messages and tools of a body. The first count of a process loads the vocabulary. None: the
    /// body does not have the form of a request, so the estimate is all there is.
    pub async fn count(self: &Arc<Self>, body: Bytes) -> Option<u32> {
        let _turn = self.turns.acquire().await.ok()?;
        let tokens = Arc::clone(self);
        let counting = tokio::task::spawn_blocking(move || tokens.count_here(&body));
        counting.await.ok()?
    }

    /// The same on this thread, which takes milliseconds and, the first time, a fifth of a second.
    pub fn count_here(&self, body: &[u8]) -> Option<u32> {
        weigh::request(body, |text| self.known.or_count(text, o200k::count))
    }

    /// An estimate, corrected by what the provider told of this model's earlier requests.
    pub fn corrected(&self, provider: &str, model: &str, estimate: u32) -> u32 {
        self.told.corrected(provider, model, estimate)
    }

    /// A provider counted a request whose estimate, not corrected, was this.
    pub fn tell(&self, provider: &str, model: &str, estimate: u32, counted: u64) {
        self.told.tell(provider, model, estimate, counted);
    }

    /// The server at this base URL does not count what this model takes.
    pub fn is_silent(&self, base_url: &str, model: &str) -> bool {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.contains(&(base_url.to_owned(), model.to_owned()))
    }

    /// The server at this base URL said that there is no such thing: it is not asked again.
    pub fn falls_silent(&self, base_url: &str, model: &str) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        // Clients choose names of models.
        if silent.len() < MOST_SILENT {
            silent.insert((base_url.to_owned(), model.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_of_counts_gives_each_its_own_and_counts_a_text_once() {
        let tokens = Arc::new(Tokens::default());
        let long = "What stands in every request of the burst, word for word. ".repeat(50);
        let body = |number: usize| {
            let body = serde_json::json!({
                "model": "m", "system": long,
                "messages": [{"role": "user", "content": "x ".repeat(number)}],
            });
            Bytes::from(body.to_string())
        };
        let counts = (0..25).map(|number| {
            let (tokens, body) = (Arc::clone(&tokens), body(number));
            tokio::spawn(async move { tokens.count(body).await })
        });
        let mut last = 0;
        for count in counts.collect::<Vec<_>>() {
            let count = count.await.unwrap().unwrap();
            assert!(count >= last, "{count} after {last}");
            last = count;
        }
        assert_eq!(tokens.known.len(), 1);
        assert!(tokens.turns.available_permits() == AT_ONCE);
    }

    #[tokio::test]
    async fn what_is_no_request_is_not_counted() {
        let tokens = Arc::new(Tokens::default());
        for body in ["", "[]", r#"{"messages":7}"#] {
            assert_eq!(tokens.count(Bytes::from(body)).await, None, "{body}");
        }
    }
}
