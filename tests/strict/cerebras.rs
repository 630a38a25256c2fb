//! Cerebras: `POST /v1/chat/completions` with version 2 of its API, which refuses what it does not
//! know and every conversation whose tool calls and results do not pair up.

use serde_json::Value;
#[cfg(test)]
use serde_json::json;

use super::{Dialect, Findings, Rule, Seen, Turn, Violation};
use crate::harness::upstream::{Answer, Request};

mod answers;
mod history;
mod tools;

const SDK: &str = "cerebras-cloud-sdk 1.91.0, chat.completions.create";
const VERSION_2: &str = "Cerebras API version 2, the default since 2026-07-21";

pub(super) static PATH: Rule = Rule {
    id: "path",
    source: "Cerebras API reference: POST /v1/chat/completions",
};
pub(super) static AUTH: Rule = Rule {
    id: "auth",
    source: "Cerebras API reference: Authorization: Bearer KEY, and no other credential",
};
pub(super) static JSON: Rule = Rule {
    id: "json",
    source: "Cerebras API reference: the body is a JSON object",
};
pub(super) static UNKNOWN: Rule = Rule {
    id: "unknown-property",
    source: "Cerebras errors: any unknown property is a 400 wrong_api_format; names from cerebras-cloud-sdk 1.91.0",
};
pub(super) static NULL: Rule = Rule {
    id: "null",
    source: "Cerebras API version 2: optional fields left out are absent, not null",
};
pub(super) static TYPE: Rule = Rule {
    id: "type",
    source: SDK,
};
pub(super) static MODEL: Rule = Rule {
    id: "model",
    source: "Cerebras errors: 404 model_not_found; a model has the provider's own name",
};
pub(super) static RETIRED: Rule = Rule {
    id: "retired-parameter",
    source: "Cerebras deprecations: disable_reasoning was removed after 2026-07-21",
};
pub(super) static TOOLS_AND_FORMAT: Rule = Rule {
    id: "tools-with-response-format",
    source: "Cerebras errors: \"tools\" is incompatible with \"response_format\"",
};
pub(super) static EFFORT: Rule = Rule {
    id: "reasoning-effort",
    source: "Cerebras reasoning: gpt-oss takes low, medium, high; none and minimal are 400",
};
pub(super) static CHOICE: Rule = Rule {
    id: "tool-choice",
    source: VERSION_2,
};

/// Every parameter the endpoint takes.
const PARAMETERS: &[&str] = &[
    "messages",
    "model",
    "clear_thinking",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "min_tokens",
    "min_completion_tokens",
    "model_parameters",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "reasoning_format",
    "response_format",
    "seed",
    "service_tier",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    // Known, and refused by a rule of its own.
    "disable_reasoning",
];

/// The provider, with the models it serves and the key it knows.
#[derive(Debug, Clone)]
pub(crate) struct Cerebras {
    pub(crate) key: String,
    pub(crate) models: Vec<String>,
}

impl Cerebras {
    pub(crate) fn new(key: &str, models: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            models: models.iter().map(|&model| model.to_owned()).collect(),
        }
    }
}

impl Dialect for Cerebras {
    fn check(&self, request: &Request, findings: &mut Findings) {
        let proper = request.method() == "POST" && request.target() == "/v1/chat/completions";
        findings.expect(proper, &PATH, "path", &request.head.line);
        let bearer = format!("Bearer {}", self.key);
        let credentials = request.head.all("authorization");
        findings.expect(
            credentials == [bearer.as_str()],
            &AUTH,
            "header authorization",
            "",
        );
        let second = request.header("x-api-key");
        findings.expect(
            second.is_none(),
            &AUTH,
            "header x-api-key",
            "a second credential",
        );
        let body = request.json();
        if !body.is_object() {
            findings.broken(&JSON, "body", String::from_utf8_lossy(&request.body));
            return;
        }
        findings.only(&UNKNOWN, "", &body, PARAMETERS);
        for (name, value) in body.as_object().into_iter().flatten() {
            findings.expect(!value.is_null(), &NULL, name.as_str(), "null");
        }
        self.check_model(&body, findings);
        check_parameters(&body, findings);
        history::check(&body, findings);
        tools::check(&body, findings);
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

impl Cerebras {
    fn check_model(&self, body: &Value, findings: &mut Findings) {
        let model = body["model"].as_str().unwrap_or_default();
        let served = self.models.iter().any(|one| one == model);
        findings.expect(served, &MODEL, "model", body["model"].to_string());
        let effort = body["reasoning_effort"].as_str();
        let floor = model.starts_with("gpt-oss") && effort == Some("none");
        findings.expect(!floor, &EFFORT, "reasoning_effort", "none for gpt-oss");
    }
}

/// Whether a parameter's value is one that the endpoint takes.
type Proper = fn(&Value) -> bool;

/// Types and ranges of the parameters that are not messages or tools.
fn check_parameters(body: &Value, findings: &mut Findings) {
    let rules: [(&str, Proper); 18] = [
        ("stream", Value::is_boolean),
        ("parallel_tool_calls", Value::is_boolean),
        ("clear_thinking", Value::is_boolean),
        ("logprobs", Value::is_boolean),
        ("user", Value::is_string),
        ("prompt_cache_key", Value::is_string),
        ("seed", Value::is_i64),
        ("n", |n| *n == 1),
        ("max_tokens", positive),
        ("max_completion_tokens", positive),
        ("temperature", |value| within(value, 0.0, 2.0)),
        ("top_p", |value| within(value, 0.0, 1.0)),
        ("presence_penalty", |value| within(value, -2.0, 2.0)),
        ("frequency_penalty", |value| within(value, -2.0, 2.0)),
        ("stop", |stop| {
            let many = stop.as_array();
            stop.is_string()
                || many.is_some_and(|all| all.len() <= 4 && all.iter().all(Value::is_string))
        }),
        ("reasoning_effort", |value| {
            one_of(value, &["none", "low", "medium", "high"])
        }),
        ("reasoning_format", |value| {
            one_of(value, &["none", "parsed", "text_parsed", "raw", "hidden"])
        }),
        ("service_tier", |value| {
            one_of(value, &["auto", "default", "flex", "priority"])
        }),
    ];
    for (name, proper) in rules {
        if let Some(value) = body.get(name).filter(|value| !value.is_null()) {
            findings.expect(proper(value), &TYPE, name, value.to_string());
        }
    }
    if let Some(options) = body.get("stream_options") {
        findings.only(&UNKNOWN, "stream_options", options, &["include_usage"]);
        let usage = &options["include_usage"];
        findings.expect(
            usage.is_boolean(),
            &TYPE,
            "stream_options.include_usage",
            usage.to_string(),
        );
    }
    let retired = body.get("disable_reasoning").is_some();
    findings.expect(!retired, &RETIRED, "disable_reasoning", "sent");
    let both = body.get("tools").is_some() && body.get("response_format").is_some();
    findings.expect(
        !both,
        &TOOLS_AND_FORMAT,
        "response_format",
        "sent with tools",
    );
    let choice = body.get("tool_choice").is_some() && body.get("tools").is_none();
    findings.expect(!choice, &CHOICE, "tool_choice", "sent without tools");
}

fn positive(value: &Value) -> bool {
    value.as_u64().is_some_and(|count| count > 0)
}

fn within(value: &Value, least: f64, most: f64) -> bool {
    value
        .as_f64()
        .is_some_and(|number| (least..=most).contains(&number))
}

fn one_of(value: &Value, known: &[&str]) -> bool {
    value.as_str().is_some_and(|text| known.contains(&text))
}

/// The smallest proper request.
#[cfg(test)]
fn proper() -> Value {
    json!({
        "model": "gpt-oss-120b",
        "messages": [{ "role": "user", "content": "hi" }],
        "stream": true,
        "stream_options": { "include_usage": true },
    })
}

#[cfg(test)]
mod tests;
