//! Errors of OpenAI-like upstreams: which status counts, and when to try again.

use crate::Profile;
use sdk::error::{Said, base_status, classify, read};
use sdk::{Failure, Head, failure, header};

/// An answer that is not 2xx, or a 2xx with an error in it.
pub(crate) fn explain(profile: &Profile, head: &Head, body: &[u8]) -> Failure {
    let said = read(&String::from_utf8_lossy(body));
    let mut failure = classify(effective_status(head.status, &said), &said);
    if matches!(failure.status, Some(429 | 529)) && failure.should_retry != Some(false) {
        failure.retry_after_ms = failure::retry_after_ms(&head.headers)
            .or_else(|| renewed_after_ms(profile, &head.headers, &said));
    }
    failure
}

/// An error in the middle of a stream. `data` is the JSON that came.
pub(crate) fn in_stream(data: &str) -> Failure {
    let said = read(data);
    classify(effective_status(200, &said), &said)
}

/// The status that counts: that of the answer, else what the body says, else what its words mean.
fn effective_status(status: u16, said: &Said) -> u16 {
    if !(200..300).contains(&status) {
        return match status {
            // Groq says by 413 that the tokens of a minute are used up.
            413 if said.any(&["rate_limit_exceeded"]) => 429,
            // DashScope says by 400 that the account is in arrears.
            400 if said.any(&["Arrearage"]) => 402,
            _ => status,
        };
    }
    if let Some(status) = said.status.or_else(|| base_status(said)) {
        return status;
    }
    if said.any(&[
        "rate_limit_exceeded",
        "rate_limit_error",
        "too_many_requests_error",
    ]) || said.any(&["request_quota_exceeded", "token_quota_exceeded"])
    {
        429
    } else if said.any(&["overloaded_error", "queue_exceeded", "provider_overloaded"]) {
        529
    } else if said.any(&[
        "invalid_request_error",
        "context_length_exceeded",
        "wrong_api_format",
    ]) {
        400
    } else {
        500
    }
}

/// When a used-up limit is renewed, by the provider's own headers.
fn renewed_after_ms(profile: &Profile, headers: &[(String, String)], said: &Said) -> Option<u64> {
    let resets = profile
        .ratelimit_headers
        .iter()
        .filter_map(|(remaining, reset)| {
            let used_up = header(headers, remaining).is_some_and(|left| left.trim() == "0");
            let meant = said.any(&["token_quota_exceeded"]) && remaining.contains("token");
            let seconds = header(headers, reset)?;
            (used_up || meant).then(|| failure::wait_ms(seconds))?
        });
    resets.max()
}
