//! Errors of OpenAI-like upstreams: which status counts, and when to try again.

use crate::Profile;
use sdk::error::{Said, classify, read};
use sdk::json::{Members, RawValue};
use sdk::{Failure, Head, failure, header};
use std::collections::BTreeMap;

/// An answer that is not 2xx, or a 2xx with an error in it.
pub(crate) fn explain(profile: &Profile, head: &Head, body: &[u8]) -> Failure {
    let said = read(&String::from_utf8_lossy(body));
    let mut failure = failure(&profile.error_codes, head.status, &said);
    let asked = failure::retry_after_ms(&head.headers);
    match failure.status {
        // An account whose budget is only taken for now. Without the header nothing will change by itself.
        Some(402) if asked.is_some() => {
            failure.should_retry = Some(true);
            failure.retry_after_ms = asked;
        }
        Some(429 | 529) if failure.should_retry != Some(false) => {
            let renewed = || renewed_after_ms(profile, &head.headers, &said);
            failure.retry_after_ms = asked.or_else(renewed);
        }
        Some(500..) => failure.retry_after_ms = asked,
        _ => {}
    }
    failure
}

/// An error in the middle of a stream. `data` is the JSON that came, `codes` the profile's `error_codes`.
pub(crate) fn in_stream(codes: &BTreeMap<String, u16>, data: &str) -> Failure {
    failure(codes, 200, &read(data))
}

/// An error that stands inside something else: of a choice, or of Groq's extras.
pub(crate) fn inside(codes: &BTreeMap<String, u16>, error: &RawValue) -> Failure {
    in_stream(codes, &format!("{{\"error\":{error}}}"))
}

/// Whether a chunk or an answer without `choices` is an error itself: that of Mistral and vLLM, Cerebras' flat one,
/// FastAPI's `detail`.
pub(crate) fn is_flat(data: &str) -> bool {
    let members: Members<'_> = sdk::json::from_str(data).unwrap_or_default();
    let holds = |name: &str| members.get(name).is_some_and(|value| value.get() != "null");
    let names_error = |name: &str| {
        let value = members.get(name).map_or("", RawValue::get);
        value.to_ascii_lowercase().contains("error")
    };
    let marked =
        names_error("object") || names_error("type") || holds("code") || holds("status_code");
    (holds("message") && marked) || (holds("detail") && !holds("id"))
}

fn failure(codes: &BTreeMap<String, u16>, status: u16, said: &Said) -> Failure {
    let known = said.codes.iter().find_map(|code| codes.get(code));
    let Some(known) = known else {
        return classify(effective_status(status, said), said);
    };
    let mut failure = classify(*known, said);
    if *known == 429 {
        // The profile knows better than the code's name.
        failure.should_retry = None;
    }
    failure
}

/// The status that counts: that of the answer, else what the body says, else what its words mean.
fn effective_status(status: u16, said: &Said) -> u16 {
    if !(200..300).contains(&status) {
        return match status {
            // Groq says by 413 that the tokens of a minute are used up.
            413 if said.any(&["rate_limit_exceeded"]) => 429,
            // Groq's own: its flexible tier is full.
            498 => 503,
            _ => status,
        };
    }
    if let Some(status) = said.status {
        return status;
    }
    let means = MEANINGS.iter().find(|(codes, _)| said.any(codes));
    means.map_or(500, |(_, status)| *status)
}

/// What codes mean where no status comes with them.
const MEANINGS: [(&[&str], u16); 6] = [
    (
        &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limit_reached_error",
            "too_many_requests_error",
            "request_quota_exceeded",
            "token_quota_exceeded",
        ],
        429,
    ),
    (
        &[
            "engine_overloaded_error",
            "overloaded_error",
            "provider_overloaded",
            "queue_exceeded",
        ],
        529,
    ),
    (&["authentication_error", "invalid_api_key"], 401),
    (&["insufficient_quota", "payment_required"], 402),
    (&["model_not_found"], 404),
    (
        &[
            "context_length_exceeded",
            "exceed_context_size_error",
            "invalid_request_error",
            "wrong_api_format",
        ],
        400,
    ),
];

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
