//! What an error of the upstream means: by the codes of the profile, else by what the dialect knows.

use crate::Profile;
use sdk::error::{Said, classify, read};
use sdk::json::{Members, from_str};
use sdk::{Failure, Head, failure};
use std::collections::BTreeMap;

/// How errors are read.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    codes: BTreeMap<String, u16>,
    dialect: fn(u16, &Said) -> Failure,
}

impl Meaning {
    /// `dialect`: the failure for a status and what was said with it.
    pub(crate) fn new(profile: &Profile, dialect: fn(u16, &Said) -> Failure) -> Self {
        Self {
            codes: profile.error_codes.clone(),
            dialect,
        }
    }

    /// An answer that is not 2xx, or a 2xx with an error in it.
    pub(crate) fn explain(&self, head: &Head, body: &str) -> Failure {
        let mut failure = self.failure(head.status, &read(body));
        if matches!(failure.status, Some(429 | 500..)) && failure.should_retry != Some(false) {
            failure.retry_after_ms = failure::retry_after_ms(&head.headers);
        }
        failure
    }

    /// An error in the middle of a stream. `data` is the JSON that came.
    pub(crate) fn in_stream(&self, data: &str) -> Failure {
        self.failure(200, &read(data))
    }

    fn failure(&self, status: u16, said: &Said) -> Failure {
        let known = said.codes.iter().find_map(|code| self.codes.get(code));
        match known {
            Some(known) => classify(*known, said),
            None => (self.dialect)(status, said),
        }
    }
}

/// Whether MiniMax's `base_resp`, which may stand in what is otherwise a whole answer, says that it went wrong.
pub(crate) fn went_wrong(members: &Members<'_>) -> bool {
    let base: Option<Members<'_>> = members
        .get("base_resp")
        .and_then(|base| from_str(base.get()).ok());
    let code = base.as_ref().and_then(|base| base.get("status_code"));
    code.is_some_and(|code| !matches!(code.get(), "0" | "null"))
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
    if let Some(status) = said.status {
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
