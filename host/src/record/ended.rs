//! What is known of an exchange when it is over: for the log and for the figures.

use std::time::SystemTime;

use super::Served;
use crate::attempts::Tried;
use crate::sse::Usage;

/// What is known of an exchange at its end. Holds no body, no header and no key.
#[derive(Debug, Clone)]
pub struct Ended {
    /// When it ended.
    pub at: SystemTime,
    /// The answer's `request-id`, without its prefix.
    pub request_id: String,
    /// Who served it, if that was decided.
    pub served: Option<Served>,
    /// What was tried before, and why it failed.
    pub tried: Vec<Tried>,
    /// The last of them was the last that was tried: the answer is an error.
    pub exhausted: bool,
    /// The status of the answer; 499 if the client left.
    pub status: u16,
    /// What went wrong.
    pub error: Option<String>,
    /// From the request to the last byte.
    pub ms: f64,
    /// To the first byte of the answer that says something.
    pub first_token_ms: Option<f64>,
    /// How long it waited for providers' quotas; none if it did not.
    pub held_ms: Option<u64>,
    /// Bytes to the client.
    pub bytes: usize,
    /// As the upstream counted.
    pub usage: Option<Usage>,
    /// Of a stream, from the first token on.
    pub tokens_per_s: Option<f64>,
    /// By the prices of the model, in US dollars.
    pub cost_usd: Option<f64>,
    /// What went through guests.
    pub guest: Option<Guest>,
}

/// What went through the guests of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Guest {
    /// Bytes into guests.
    pub bytes_in: u64,
    /// Bytes out of guests.
    pub bytes_out: u64,
    /// Pushes.
    pub pushes: u64,
}

impl Ended {
    /// Attempts that were made again at the same target, and those that went on to another one.
    pub fn repeated(&self) -> (usize, usize) {
        let failed = self.tried.iter().map(Tried::target);
        let last = self.served.as_ref().filter(|_| !self.exhausted);
        let last = last.map(|served| (served.provider.as_str(), served.model.as_str()));
        let next = failed.clone().skip(1).chain(last);
        let (again, onward): (Vec<_>, Vec<_>) =
            failed.zip(next).partition(|(one, next)| one == next);
        (again.len(), onward.len())
    }
}
