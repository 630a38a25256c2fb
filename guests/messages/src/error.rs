//! What an error of the upstream means, where the provider has no codes of its own.

use crate::exchange::Meaning;
use sdk::error::{Said, base_status, classify, read};
use sdk::{Failure, Head, failure};

/// An answer that is not 2xx, or a 2xx with an error in it.
pub(crate) fn explain(meaning: Meaning, head: &Head, body: &str) -> Failure {
    let mut failure = meaning(head.status, &read(body));
    if matches!(failure.status, Some(429 | 529)) && failure.should_retry != Some(false) {
        failure.retry_after_ms = failure::retry_after_ms(&head.headers);
    }
    failure
}

/// By status, and by the body's own words where the status says nothing.
pub(crate) fn usual(status: u16, said: &Said) -> Failure {
    let status = if (200..300).contains(&status) {
        by_words(said)
    } else {
        status
    };
    classify(status, said)
}

/// The status of an error that came with a 2xx.
pub fn by_words(said: &Said) -> u16 {
    if let Some(status) = said.status.or_else(|| base_status(said)) {
        return status;
    }
    [
        ("invalid_request_error", 400),
        ("authentication_error", 401),
        ("billing_error", 402),
        ("permission_error", 403),
        ("not_found_error", 404),
        ("request_too_large", 413),
        ("rate_limit_error", 429),
        ("timeout_error", 504),
        ("overloaded_error", 529),
    ]
    .iter()
    .find(|(word, _)| said.any(&[word]))
    .map_or(500, |(_, status)| *status)
}
