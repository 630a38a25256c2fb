//! OpenAI's Responses API: `POST /v1/responses`, without anything being stored there.
//!
//! Each rule says how well it is known: the API's own words in an error, its types, its documentation, or a
//! guess on the safe side.

use serde_json::Value;

use super::{Dialect, Findings, Rule, Seen, Turn, Violation, join};
use crate::harness::upstream::{Answer, Request};

mod answers;
mod input;
mod parameters;

pub(super) static PATH: Rule = Rule {
    id: "path",
    source: "openai 3.54.0, resources: POST /responses below /v1",
};
pub(super) static AUTH: Rule = Rule {
    id: "auth",
    source: "openai 3.54.0: Authorization: Bearer KEY, and no other credential",
};
pub(super) static JSON: Rule = Rule {
    id: "json",
    source: "refused in words: We could not parse the JSON body of your request",
};
pub(super) static UNKNOWN: Rule = Rule {
    id: "unknown-parameter",
    source: "refused in words: Unknown parameter: 'x'",
};
pub(super) static TYPE: Rule = Rule {
    id: "type",
    source: "openai 3.54.0, types; refused in words: Invalid type for 'x'",
};
pub(super) static MODEL: Rule = Rule {
    id: "model",
    source: "refused in words: The model `x` does not exist or you do not have access to it",
};

/// The API, with the models that a key may use.
#[derive(Debug, Clone)]
pub(crate) struct Responses {
    key: String,
    models: Vec<String>,
}

impl Responses {
    pub(crate) fn new(key: &str, models: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            models: models.iter().map(|&model| model.to_owned()).collect(),
        }
    }
}

/// Whether a model reasons.
fn reasons(model: &str) -> bool {
    model.starts_with("gpt-5") || model.starts_with('o')
}

impl Dialect for Responses {
    fn check(&self, request: &Request, findings: &mut Findings) {
        let proper = request.method() == "POST" && request.target() == "/v1/responses";
        findings.expect(proper, &PATH, "path", &request.head.line);
        let bearer = format!("Bearer {}", self.key);
        let bearer = request.head.all("authorization") == [bearer.as_str()];
        findings.expect(bearer, &AUTH, "header authorization", "missing or wrong");
        for other in ["x-api-key", "anthropic-version", "anthropic-beta"] {
            let absent = request.header(other).is_none();
            findings.expect(absent, &AUTH, format!("header {other}"), "is there");
        }
        let body = request.json();
        if !body.is_object() {
            findings.broken(&JSON, "body", String::from_utf8_lossy(&request.body));
            return;
        }
        let model = body["model"].as_str().unwrap_or_default();
        let known = self.models.iter().any(|known| known == model);
        findings.expect(known, &MODEL, "model", model);
        parameters::check(model, &body, findings);
        parameters::check_tools(&body, findings);
        input::check(&body, findings);
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        answers::refuse(violations)
    }

    fn see(&self, request: &Request) -> Seen {
        input::see(&request.json())
    }

    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer {
        answers::speak(seen, turn)
    }
}

/// `name` of `value` must be text.
fn text(value: &Value, path: &str, name: &str, findings: &mut Findings) {
    let found = &value[name];
    findings.expect(
        found.is_string(),
        &TYPE,
        join(path, name),
        found.to_string(),
    );
}

#[cfg(test)]
mod tests;
