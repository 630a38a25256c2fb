//! Errors of the Responses API: `{"error": {message, type, param, code}}`, the same flat in an event, and
//! `{code, message}` in a response that failed.
//!
//! Source: `ResponseError` and `ResponseErrorEvent` of openai 3.54.0; which status a code means where there is
//! none is our own rule.

use sdk::error::{Said, classify, read};
use sdk::{Failure, Head, failure, header};

/// Headers with what remains of a limit and the time until it is renewed, as `6m0s` (from memory).
const LIMITS: [(&str, &str); 2] = [
    (
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// An answer that is not 2xx, or a 2xx with an error in it.
pub(crate) fn explain(head: &Head, body: &str) -> Failure {
    let said = read(body);
    let status = if (200..300).contains(&head.status) {
        said_status(&said)
    } else {
        head.status
    };
    let mut failure = classify(status, &said);
    if matches!(failure.status, Some(429 | 529)) && failure.should_retry != Some(false) {
        let renewed = LIMITS.iter().filter_map(|(remaining, reset)| {
            let used_up = header(&head.headers, remaining)?.trim() == "0";
            failure::wait_ms(header(&head.headers, reset)?).filter(|_| used_up)
        });
        failure.retry_after_ms = failure::retry_after_ms(&head.headers).or(renewed.max());
    }
    failure
}

/// Whether what was thought earlier is refused, because it cannot be read or is not there.
pub(crate) fn refuses_thoughts(status: u16, body: &str) -> bool {
    let said = read(body);
    let words = [
        "encrypted content",
        "of type 'reasoning'",
        "Items are not persisted",
    ];
    let worded = words.iter().any(|words| said.message.contains(words));
    matches!(status, 400 | 404) && (worded || said.any(&["invalid_encrypted_content"]))
}

/// Whether a summary of what the model thinks is refused: OpenAI gives it to verified organisations only.
pub(crate) fn refuses_summary(status: u16, body: &str) -> bool {
    let words = ["reasoning summaries", "reasoning.summary"];
    status == 400 && words.iter().any(|words| body.contains(words))
}

/// An error in the middle of a stream, or in a whole answer.
pub(crate) fn in_answer(body: &str) -> Failure {
    let said = read(body);
    classify(said_status(&said), &said)
}

/// The status that the body names, else the one that its code means.
fn said_status(said: &Said) -> u16 {
    if let Some(status) = said.status {
        return status;
    }
    let means = |codes: &[&str]| said.any(codes);
    if means(&[
        "rate_limit_exceeded",
        "rate_limit_error",
        "insufficient_quota",
    ]) {
        429
    } else if means(&["server_overloaded", "overloaded_error", "slow_down"]) {
        529
    } else if means(&["server_error", "vector_store_timeout"]) {
        500
    } else if means(&["invalid_api_key", "authentication_error"]) {
        401
    } else if means(&[
        "invalid_request_error",
        "invalid_prompt",
        "context_length_exceeded",
    ]) || said
        .codes
        .iter()
        .any(|code| code.contains("image") || code.contains("policy"))
    {
        400
    } else {
        500
    }
}
