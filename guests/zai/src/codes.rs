//! Z.ai's numeric error codes. It sends some of them with statuses that would mislead a client: an
//! empty account is a 429 there, which every client would try again.

use messages::by_words;
use sdk::Failure;
use sdk::error::{Said, classify};

/// Said with 1113, because it is the usual reason and the code does not tell.
const PRODUCT_HINT: &str = "Z.ai says the same to a Coding Plan key on the pay-as-you-go URL, and to a \
    pay-as-you-go key on the Coding Plan URL: check that key and base_url belong together.";

/// The failure for an error.
pub(crate) fn failure(status: u16, said: &Said) -> Failure {
    let (status, retry) = match code(said) {
        Some(1000..=1004) => (401, None),
        Some(1110..=1112 | 1120 | 1121 | 1220) => (403, None),
        Some(1113 | 1309 | 1311 | 1313) => (402, Some(false)),
        Some(1210 | 1212..=1215 | 1301) => (400, None),
        Some(1211) => (404, None),
        Some(1302 | 1303) => (429, None),
        Some(1305) => (529, None),
        Some(1308 | 1310 | 1316..=1321) => (429, Some(false)),
        _ if (200..300).contains(&status) => (by_words(said), None),
        _ => (status, None),
    };
    let mut failure = classify(status, said);
    failure.should_retry = retry.or(failure.should_retry);
    if code(said) == Some(1113) {
        failure.message = format!("{} {PRODUCT_HINT}", failure.message);
    }
    failure
}

/// The code, as a member of the body or in brackets before the message.
fn code(said: &Said) -> Option<u16> {
    let named = said.codes.iter().filter_map(|code| code.parse().ok());
    let bracketed = said.message.strip_prefix('[').and_then(|rest| {
        let (code, _) = rest.split_once(']')?;
        code.parse().ok()
    });
    named
        .chain(bracketed)
        .find(|code| (1000..2000).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(code: &str) -> (Option<u16>, String, Option<bool>) {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
        let failure = failure(429, &sdk::error::read(&body));
        (failure.status, failure.kind, failure.should_retry)
    }

    #[test]
    fn codes_mean_more_than_the_status() {
        for (code, status, kind, retry) in [
            ("1001", 401, "authentication_error", None),
            ("1113", 402, "billing_error", Some(false)),
            ("1211", 404, "not_found_error", None),
            ("1220", 403, "permission_error", None),
            ("1301", 400, "invalid_request_error", None),
            ("1302", 429, "rate_limit_error", None),
            ("1305", 529, "overloaded_error", None),
            ("1308", 429, "rate_limit_error", Some(false)),
            ("1234", 429, "rate_limit_error", None),
        ] {
            assert_eq!(
                mapped(code),
                (Some(status), kind.to_owned(), retry),
                "{code}"
            );
        }
    }
}
