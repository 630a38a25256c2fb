//! Google's Gemini API: `generateContent` and `streamGenerateContent`. Its bodies are protocol buffers in
//! JSON: a member that it does not know refuses the whole request.
//!
//! Each rule says how well it is known: the API's own words in an error, its types, its documentation, or a
//! guess on the safe side.

use serde_json::Value;

use super::{Dialect, Findings, Rule, Seen, Turn, Violation, join};
use crate::harness::upstream::{Answer, Request};

mod answers;
mod config;
mod history;
mod schema;
mod signatures;

pub(super) static PATH: Rule = Rule {
    id: "path",
    source: "google-genai 3.4.0, models.py: POST models/MODEL:METHOD, a stream with alt=sse",
};
pub(super) static AUTH: Rule = Rule {
    id: "auth",
    source: "Google's documentation: the key in x-goog-api-key; a Bearer is another credential",
};
pub(super) static JSON: Rule = Rule {
    id: "json",
    source: "refused in words: Invalid JSON payload received",
};
pub(super) static UNKNOWN: Rule = Rule {
    id: "unknown-name",
    source: "refused in words: Invalid JSON payload received. Unknown name \"x\": Cannot find field",
};
pub(super) static TYPE: Rule = Rule {
    id: "type",
    source: "google-genai 3.4.0, types.py; refused in words: Invalid value at",
};
pub(super) static MODEL: Rule = Rule {
    id: "model",
    source: "refused in words: models/x is not found for API version v1beta",
};

const MEMBERS: &[&str] = &[
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "safetySettings",
    "cachedContent",
];

/// The API, with the models that a key may use.
#[derive(Debug, Clone)]
pub(crate) struct Gemini {
    key: String,
    models: Vec<String>,
}

impl Gemini {
    pub(crate) fn new(key: &str, models: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            models: models.iter().map(|&model| model.to_owned()).collect(),
        }
    }
}

/// Model and method of a path.
fn asked(request: &Request) -> Option<(&str, &str)> {
    let path = request.path().strip_prefix("/v1beta/models/")?;
    path.rsplit_once(':')
}

impl Dialect for Gemini {
    fn check(&self, request: &Request, findings: &mut Findings) {
        let method = request.method() == "POST";
        let sse = request.target().ends_with("?alt=sse");
        let Some((model, asked)) = asked(request).filter(|(_, asked)| {
            method
                && match *asked {
                    "generateContent" => request.target() == request.path(),
                    "streamGenerateContent" => sse,
                    _ => false,
                }
        }) else {
            findings.broken(&PATH, "path", request.target());
            return;
        };
        let key = request.header("x-goog-api-key") == Some(self.key.as_str());
        findings.expect(key, &AUTH, "header x-goog-api-key", "missing or wrong");
        for other in [
            "authorization",
            "x-api-key",
            "anthropic-version",
            "anthropic-beta",
        ] {
            let absent = request.header(other).is_none();
            findings.expect(absent, &AUTH, format!("header {other}"), "is there");
        }
        let known = self.models.iter().any(|known| known == model);
        findings.expect(known, &MODEL, "path", model);
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            findings.broken(&JSON, "", asked);
            return;
        };
        findings.only(&UNKNOWN, "", &body, MEMBERS);
        history::check(&body, findings);
        signatures::check(model, &body, findings);
        config::check(model, &body, findings);
        config::check_tools(&body, findings);
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        answers::refuse(violations)
    }

    fn see(&self, request: &Request) -> Seen {
        let (model, method) = asked(request).unwrap_or_default();
        history::see(&request.json(), model, method == "streamGenerateContent")
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
