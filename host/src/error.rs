//! What can be wrong with a request or an upstream, in the terms of the Messages API.
//!
//! An [`ApiError`] says status, type, words and retry advice as data; `http::reply` is the only
//! place that turns one into bytes. The message is for the client's user: it never holds a stack,
//! a path or a page of HTML.
//!
//! Types and statuses: Anthropic's documented error table.

use crate::upstream::Secrets;
use crate::wasm::Fault;

/// An error that a client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// 400 to 599.
    pub status: u16,
    /// Of the Messages API.
    pub kind: &'static str,
    /// For the user, and for clients that repair their request by its wording.
    pub message: String,
    /// `retry-after`, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// `x-should-retry`.
    pub should_retry: Option<bool>,
    /// What only log and component tests are told: the words of a guest's panic, and where it was.
    pub inside: Option<String>,
    /// Where it came about, for those who decide whether to ask again. A client is not told.
    pub trouble: Trouble,
}

/// Where an error came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trouble {
    /// Said or done by the provider: the status says the rest.
    #[default]
    Provider,
    /// No connection could be made.
    Unreachable,
    /// The connection ended before a byte of an answer: a pooled one may have been dead already.
    Dropped,
    /// Nothing came in the time that was given.
    Silent,
    /// In this host or in its configuration: asking the same provider again would change nothing.
    Lasting,
}

/// Every error type of the Messages API with its usual status.
const KINDS: [(&str, u16); 13] = [
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("conflict_error", 409),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("not_supported", 501),
    ("timeout_error", 504),
    ("overloaded_error", 529),
    ("policy_blocked", 400),
];

impl ApiError {
    /// An error of this type with its usual status.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        let status = KINDS
            .iter()
            .find(|(name, _)| *name == kind)
            .map_or(500, |(_, status)| *status);
        Self {
            status,
            kind,
            message: message.into(),
            retry_after_ms: None,
            should_retry: None,
            inside: None,
            trouble: Trouble::Provider,
        }
    }

    /// The same, with where it came about.
    #[must_use]
    pub fn of(self, trouble: Trouble) -> Self {
        Self { trouble, ..self }
    }

    /// 400.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("invalid_request_error", message)
    }

    /// 502: the upstream could not be reached, or what it sent makes no sense.
    pub fn bad_gateway(message: impl Into<String>) -> Self {
        Self {
            status: 502,
            ..Self::new("api_error", message)
        }
    }

    /// 529 with advice to come back.
    pub fn overloaded(message: impl Into<String>) -> Self {
        Self {
            retry_after_ms: Some(1000),
            ..Self::new("overloaded_error", message)
        }
    }

    /// By the status of an upstream's answer: the map of `docs/errors.md`.
    pub fn from_status(status: u16, message: impl Into<String>) -> Self {
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
        Self {
            status,
            ..Self::new(kind, message)
        }
    }

    /// What a guest said. Unknown kinds and impossible statuses are mended.
    pub(crate) fn from_failure(failure: crate::wasm::bindings::Failure) -> Self {
        let kind = known_kind(&failure.kind).unwrap_or("api_error");
        let usual = Self::new(kind, failure.message);
        Self {
            status: failure
                .status
                .filter(|status| (400..600).contains(status))
                .unwrap_or(usual.status),
            retry_after_ms: failure.retry_after_ms,
            should_retry: failure.should_retry,
            ..usual
        }
    }

    /// The message with every secret taken out: what JSON escapes hid shows only once it is decoded.
    #[must_use]
    pub fn scrubbed(mut self, secrets: &Secrets) -> Self {
        self.message = secrets.scrub_text(&self.message);
        self.inside = self.inside.map(|inside| secrets.scrub_text(&inside));
        self
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        // Refused options stay refused: asking again for minutes would only hide the reason.
        let should_retry = matches!(fault, Fault::Options { .. }).then_some(false);
        let inside = fault.inside();
        let where_to_look = match &inside {
            Some(_) => "; transom's log says more, under this request's id",
            None => "",
        };
        let (name, what) = (fault.name(), fault.what());
        let message = format!("transformer `{name}` {what}{where_to_look}");
        Self {
            should_retry,
            inside,
            trouble: Trouble::Lasting,
            ..Self::new("api_error", message)
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.kind, self.message)?;
        match &self.inside {
            Some(inside) => write!(f, " ({inside})"),
            None => Ok(()),
        }
    }
}

/// The type's static name, if the Messages API has it.
pub(crate) fn known_kind(kind: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .map(|(name, _)| *name)
        .find(|name| *name == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_upstream_status_keeps_its_meaning() {
        let told = |status| {
            let error = ApiError::from_status(status, "x");
            (error.status, error.kind)
        };
        assert_eq!(told(400), (400, "invalid_request_error"));
        assert_eq!(told(422), (400, "invalid_request_error"));
        assert_eq!(told(429), (429, "rate_limit_error"));
        assert_eq!(told(503), (529, "overloaded_error"));
        assert_eq!(told(504), (504, "timeout_error"));
        assert_eq!(told(500), (500, "api_error"));
        assert_eq!(told(502), (502, "api_error"));
        assert_eq!(told(302), (500, "api_error"));
    }
}
