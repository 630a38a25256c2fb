//! Failures by their HTTP status, with the error types of the Messages API, and how long to wait
//! before a retry. What a provider's own codes mean is the business of its transformer.

use crate::{Failure, transformer::header};

/// A failure of this kind and status.
pub fn new(status: u16, kind: &str, message: impl Into<String>) -> Failure {
    Failure {
        kind: kind.to_owned(),
        status: Some(status),
        message: message.into(),
        retry_after_ms: None,
        should_retry: None,
    }
}

/// The client's request cannot be served as it is: 400.
pub fn invalid(message: impl Into<String>) -> Failure {
    new(400, "invalid_request_error", message)
}

/// The client's request could not be read: 400. What is at fault with its form says the error itself.
pub fn unreadable(error: &crate::json::Error) -> Failure {
    if error.is_data() {
        invalid(error.to_string())
    } else {
        invalid(format!("request body: {error}"))
    }
}

/// The upstream, or what we make of its answer, is at fault: 502.
pub fn upstream(message: impl Into<String>) -> Failure {
    new(502, "api_error", message)
}

/// The connection to the upstream broke.
pub fn broken(how: &str) -> Failure {
    upstream(format!("upstream connection broke: {how}"))
}

/// The upstream ended its answer properly, but the answer is not complete.
pub fn truncated() -> Failure {
    upstream("upstream stream truncated: it ended without saying that it was finished")
}

/// What an upstream's status means to a client of the Messages API.
pub fn from_status(status: u16, message: impl Into<String>) -> Failure {
    let (status, kind) = match status {
        401 => (401, "authentication_error"),
        402 => (402, "billing_error"),
        403 => (403, "permission_error"),
        404 => (404, "not_found_error"),
        408 | 504 => (504, "timeout_error"),
        409 => (409, "conflict_error"),
        413 => (413, "request_too_large"),
        424 | 429 => (429, "rate_limit_error"),
        503 | 529 => (529, "overloaded_error"),
        400..=499 => (400, "invalid_request_error"),
        502 => (502, "api_error"),
        _ => (500, "api_error"),
    };
    new(status, kind, message)
}

/// How long the upstream asks to wait, in milliseconds, from `retry-after-ms` or `retry-after` in seconds.
/// A date is not understood: a guest has no clock.
pub fn retry_after_ms(headers: &[(String, String)]) -> Option<u64> {
    if let Some(ms) = header(headers, "retry-after-ms").and_then(|ms| positive(ms, 1.0)) {
        return Some(ms);
    }
    positive(header(headers, "retry-after")?, 1000.0)
}

/// A time to wait as providers write it, in milliseconds, rounded up: seconds (`11.38`), or numbers with
/// units (`6m0s`, `1h2m3.5s`, `20ms`). None: it is neither, or nothing, or a day and more.
pub fn wait_ms(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return positive_number(seconds * 1000.0);
    }
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|digits| *digits > 0)?;
        let (number, after) = rest.split_at(digits);
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = match unit {
            "ms" => 1.0,
            "s" => 1000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    positive_number(sum)
}

fn positive_number(ms: f64) -> Option<u64> {
    (ms > 0.0 && ms < 86_400_000.0).then(|| ms.ceil() as u64)
}

/// `number` times `unit`, rounded up, if it is a number above zero and below a day.
pub fn positive(number: &str, unit: f64) -> Option<u64> {
    let value: f64 = number.trim().parse().ok()?;
    (value > 0.0 && value < 86_400_000.0).then(|| (value * unit).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_error_type() {
        for (upstream, status, kind) in [
            (400, 400, "invalid_request_error"),
            (422, 400, "invalid_request_error"),
            (401, 401, "authentication_error"),
            (402, 402, "billing_error"),
            (408, 504, "timeout_error"),
            (413, 413, "request_too_large"),
            (424, 429, "rate_limit_error"),
            (500, 500, "api_error"),
            (502, 502, "api_error"),
            (503, 529, "overloaded_error"),
        ] {
            let failure = from_status(upstream, "x");
            assert_eq!(
                (failure.status, failure.kind.as_str()),
                (Some(status), kind)
            );
        }
    }

    #[test]
    fn a_wait_is_seconds_or_numbers_with_units() {
        for (text, ms) in [
            ("11.382867", Some(11_383)),
            ("6m0s", Some(360_000)),
            ("20ms", Some(20)),
            ("1h2m3.5s", Some(3_723_500)),
            ("0", None),
            ("soon", None),
            ("5 parsecs", None),
            ("", None),
        ] {
            assert_eq!(wait_ms(text), ms, "{text}");
        }
    }

    #[test]
    fn waits_are_read_in_both_units_and_nonsense_is_not() {
        let headers = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(retry_after_ms(&headers("retry-after", "1.5")), Some(1500));
        assert_eq!(retry_after_ms(&headers("retry-after-ms", "20")), Some(20));
        assert_eq!(retry_after_ms(&headers("retry-after", "-1")), None);
        assert_eq!(retry_after_ms(&headers("retry-after", "NaN")), None);
    }
}
