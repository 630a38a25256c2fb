//! Anthropic: the Messages API, which Claude Code and the SDKs can talk to with nothing in between.

use serde_json::json;

use super::messages::{self, AUTH, PATH, answers};
use super::{Dialect, Findings, Seen, Turn, Violation};
use crate::harness::upstream::{Answer, Request};

/// The provider and the key it knows.
#[derive(Debug, Clone)]
pub(crate) struct Anthropic {
    pub(crate) key: String,
}

impl Anthropic {
    pub(crate) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
        }
    }
}

/// Probes and token counts, which are no model calls.
pub(super) fn aside(request: &Request) -> Option<Answer> {
    match (request.method(), request.path()) {
        ("HEAD", _) => Some(Answer::whole(404, "application/json", b"")),
        ("POST", "/v1/messages/count_tokens") => {
            let count = super::speech::tokens(&request.json());
            Some(Answer::json(200, &json!({ "input_tokens": count })))
        }
        _ => None,
    }
}

impl Dialect for Anthropic {
    fn aside(&self, request: &Request) -> Option<Answer> {
        aside(request)
    }

    fn check(&self, request: &Request, findings: &mut Findings) {
        messages::check(request, findings);
        messages::check_credential(request, &self.key, findings);
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        let first = &violations[0];
        if first.rule == &AUTH {
            return answers::error(401, "authentication_error", "invalid x-api-key");
        }
        if first.rule == &PATH {
            return answers::error(404, "not_found_error", "Not Found");
        }
        let message = format!("{}: {}", first.path, first.found);
        answers::error(400, "invalid_request_error", &message)
    }

    fn see(&self, request: &Request) -> Seen {
        messages::see(&request.json())
    }

    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer {
        answers::speak(seen, turn)
    }
}

#[cfg(test)]
mod tests;
