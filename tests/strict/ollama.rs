//! Ollama's native API: `POST /api/chat`. The real server ignores what it does not know; here that is
//! a violation, because what is ignored is lost.

use serde_json::Value;

use super::{Dialect, Findings, Rule, Seen, Turn, Violation, each, join};
use crate::harness::upstream::{Answer, Request};

mod answers;
mod history;

const OPENAPI: &str = "ollama/ollama docs/openapi.yaml, ChatRequest";
const TYPES: &str = "ollama/ollama api/types.go, ChatRequest and Message";

pub(super) static PATH: Rule = Rule {
    id: "path",
    source: "ollama/ollama docs/openapi.yaml: POST /api/chat",
};
pub(super) static AUTH: Rule = Rule {
    id: "auth",
    source: "ollama.com wants Authorization: Bearer KEY, and no other credential",
};
pub(super) static JSON: Rule = Rule {
    id: "json",
    source: OPENAPI,
};
pub(super) static UNKNOWN: Rule = Rule {
    id: "unknown-property",
    source: TYPES,
};
pub(super) static TYPE: Rule = Rule {
    id: "type",
    source: OPENAPI,
};
pub(super) static STREAM: Rule = Rule {
    id: "stream",
    source: "ollama/ollama docs/openapi.yaml: a stream unless `stream` is false",
};
pub(super) static MODEL: Rule = Rule {
    id: "model",
    source: "ollama/ollama server: 404 model 'x' not found",
};

const PARAMETERS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "format",
    "options",
    "stream",
    "think",
    "keep_alive",
    "truncate",
    "shift",
    "logprobs",
    "top_logprobs",
];

/// Those of `Options` in `api/types.go` that a client of the Messages API can mean.
const OPTIONS: &[&str] = &[
    "num_ctx",
    "num_predict",
    "temperature",
    "top_p",
    "top_k",
    "stop",
];

/// The server, with the models that were pulled and the key of a server that wants one.
#[derive(Debug, Clone)]
pub(crate) struct Ollama {
    key: String,
    models: Vec<String>,
}

impl Ollama {
    pub(crate) fn new(key: &str, models: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            models: models.iter().map(|&model| model.to_owned()).collect(),
        }
    }
}

impl Dialect for Ollama {
    fn check(&self, request: &Request, findings: &mut Findings) {
        let proper = request.method() == "POST" && request.target() == "/api/chat";
        findings.expect(proper, &PATH, "path", &request.head.line);
        let bearer = format!("Bearer {}", self.key);
        let proper = request.head.all("authorization") == [bearer.as_str()]
            && request.header("x-api-key").is_none();
        findings.expect(proper, &AUTH, "header authorization", "");
        let body = request.json();
        if !body.is_object() {
            findings.broken(&JSON, "body", String::from_utf8_lossy(&request.body));
            return;
        }
        findings.only(&UNKNOWN, "", &body, PARAMETERS);
        let model = body["model"].as_str().unwrap_or_default();
        let pulled = self.models.iter().any(|one| one == model);
        findings.expect(pulled, &MODEL, "model", model);
        check_parameters(&body, findings);
        check_tools(&body, findings);
        history::check(&body, findings);
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        answers::refuse(violations)
    }

    fn see(&self, request: &Request) -> Seen {
        history::see(&request.json())
    }

    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer {
        answers::speak(seen, turn)
    }
}

fn check_parameters(body: &Value, findings: &mut Findings) {
    let stream = &body["stream"];
    findings.expect(stream.is_boolean(), &STREAM, "stream", stream.to_string());
    for name in ["truncate", "shift"] {
        if let Some(value) = body.get(name) {
            findings.expect(value.is_boolean(), &TYPE, name, value.to_string());
        }
    }
    if let Some(think) = body.get("think") {
        let word = think.as_str();
        let proper = think.is_boolean()
            || word.is_some_and(|word| ["low", "medium", "high"].contains(&word));
        findings.expect(proper, &TYPE, "think", think.to_string());
    }
    let Some(options) = body.get("options") else {
        return;
    };
    findings.only(&UNKNOWN, "options", options, OPTIONS);
    for (name, value) in options.as_object().into_iter().flatten() {
        let proper = match name.as_str() {
            "stop" => value
                .as_array()
                .is_some_and(|all| all.iter().all(Value::is_string)),
            "temperature" | "top_p" => value.is_number(),
            _ => value.is_u64(),
        };
        findings.expect(proper, &TYPE, join("options", name), value.to_string());
    }
}

fn check_tools(body: &Value, findings: &mut Findings) {
    for (path, tool) in each(body, "", "tools") {
        findings.only(&UNKNOWN, &path, tool, &["type", "function"]);
        let function = &tool["function"];
        let known = ["name", "description", "parameters"];
        findings.only(&UNKNOWN, &join(&path, "function"), function, &known);
        let proper = tool["type"] == "function"
            && function["name"].is_string()
            && function["parameters"]["type"] == "object";
        findings.expect(proper, &TYPE, path, function["name"].to_string());
    }
}

#[cfg(test)]
mod tests;
