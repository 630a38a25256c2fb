//! Errors of Google's APIs: `{"error": {code, message, status, details}}`, alone or in a list.
//!
//! Sources: Google's AIP-193 and `google.rpc` error details; issues of gemini-cli (3883 in Roo-Code, 4656)
//! for the quota ids and delays.

use sdk::error::{Said, classify, read};
use sdk::json::RawValue;
use sdk::{Failure, Head, failure};
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    error: Error<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Error<'a> {
    #[serde(borrow)]
    details: Option<Vec<Detail<'a>>>,
}

/// A detail of any type, with the members of all.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail<'a> {
    /// Of `ErrorInfo`.
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    /// Of `RetryInfo`: seconds, as in `26s`.
    #[serde(borrow)]
    retry_delay: Option<Cow<'a, str>>,
    /// Of `QuotaFailure`.
    #[serde(borrow)]
    violations: Option<Vec<Violation<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Violation<'a> {
    #[serde(borrow)]
    quota_id: Option<Cow<'a, str>>,
}

/// An answer that is not 2xx, or a 2xx with an error in it.
pub(crate) fn explain(head: &Head, body: &str) -> Failure {
    let said = read(body);
    let status = if (200..300).contains(&head.status) {
        said_status(&said)
    } else {
        head.status
    };
    failed(status, &said, body, failure::retry_after_ms(&head.headers))
}

/// Whether signatures are refused that were given earlier: `Invalid thought signature`, `Corrupted thought
/// signature` (reported of gateways before the API; Google's own words are not known).
pub(crate) fn refuses_signatures(status: u16, body: &str) -> bool {
    let words = read(body).message.to_lowercase().replace('_', " ");
    status == 400 && words.contains("thought signature") && !words.contains("missing")
}

/// An error in the middle of a stream, or in a whole answer.
pub(crate) fn in_answer(body: &str) -> Failure {
    let said = read(body);
    failed(said_status(&said), &said, body, None)
}

fn failed(status: u16, said: &Said, body: &str, told: Option<u64>) -> Failure {
    let details = details(body);
    let because = |wanted: &str| {
        let reasons = details.iter().filter_map(|detail| detail.reason.as_deref());
        reasons.into_iter().any(|reason| reason == wanted)
    };
    // Google refuses a wrong key as an invalid argument.
    let status = match status {
        400 if because("API_KEY_INVALID") => 401,
        _ => status,
    };
    let mut failure = classify(status, said);
    if !matches!(failure.status, Some(429 | 529)) {
        return failure;
    }
    let quotas = details
        .iter()
        .flat_map(|one| one.violations.iter().flatten());
    let mut quotas = quotas.filter_map(|one| one.quota_id.as_deref());
    if quotas.any(|quota| quota.contains("PerDay")) {
        // The delay that comes with it is that of the quota of a minute.
        failure.should_retry = Some(false);
        return failure;
    }
    let delays = details.iter().filter_map(|one| one.retry_delay.as_deref());
    let delay = delays.filter_map(failure::wait_ms).max();
    failure.retry_after_ms = told.or(delay);
    failure
}

fn details(body: &str) -> Vec<Detail<'_>> {
    let list = sdk::json::from_str::<Vec<&RawValue>>(body).unwrap_or_default();
    let body = list.first().map_or(body, |first| first.get());
    let read = sdk::json::from_str::<Body<'_>>(body).unwrap_or_default();
    read.error.details.unwrap_or_default()
}

/// The status that the body names, else the one that its words mean.
fn said_status(said: &Said) -> u16 {
    let by_name = || {
        let names = [
            ("INVALID_ARGUMENT", 400),
            ("FAILED_PRECONDITION", 400),
            ("OUT_OF_RANGE", 400),
            ("UNAUTHENTICATED", 401),
            ("PERMISSION_DENIED", 403),
            ("NOT_FOUND", 404),
            ("RESOURCE_EXHAUSTED", 429),
            ("UNAVAILABLE", 503),
            ("DEADLINE_EXCEEDED", 504),
        ];
        let named = names.iter().find(|(name, _)| said.any(&[name]));
        named.map_or(500, |(_, status)| *status)
    };
    said.status.unwrap_or_else(by_name)
}
