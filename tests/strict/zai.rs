//! Z.ai's Anthropic side, in its two known moods: it takes `role:"system"` inside messages, or it
//! refuses it, and nested tools, with the validation body of its framework. Its thinking is not signed, and is to come back.

use serde_json::{Value, json};

use super::messages::{self, AUTH, answers};
use super::{Dialect, Findings, Rule, Seen, Turn, Violation, anthropic, each};
use crate::harness::upstream::{Answer, Request};

static SYSTEM_ROLE: Rule = Rule {
    id: "system-role",
    source: "observed at api.z.ai/api/anthropic in January 2026: literal_error, Input should be 'user' or 'assistant'",
};
static NESTED_TOOL: Rule = Rule {
    id: "nested-tool",
    source: "observed at api.z.ai/api/anthropic in January 2026: missing tools[].name, Field required",
};

/// What the endpoint makes of `role:"system"` inside messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As reported from May 2026 on.
    Takes,
    /// As observed in January 2026.
    Refuses,
}

/// The provider and the key it knows.
#[derive(Debug, Clone)]
pub(crate) struct Zai {
    pub(crate) key: String,
    pub(crate) mood: Mood,
}

impl Zai {
    pub(crate) fn new(key: &str, mood: Mood) -> Self {
        Self {
            key: key.to_owned(),
            mood,
        }
    }
}

impl Dialect for Zai {
    fn aside(&self, request: &Request) -> Option<Answer> {
        anthropic::aside(request)
    }

    fn check(&self, request: &Request, findings: &mut Findings) {
        let body = messages::check_signed(request, false, findings);
        messages::check_credential(request, &self.key, findings);
        if let Some(body) = body.filter(|_| self.mood == Mood::Refuses) {
            check_roles(&body, findings);
        }
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        let detail: Vec<Value> = violations.iter().filter_map(detail).collect();
        if !detail.is_empty() {
            return Answer::json(422, &json!({ "detail": detail }));
        }
        let first = &violations[0];
        let (status, kind, code, text) = if first.rule == &AUTH {
            let text = "Authentication failed".to_owned();
            (401, "authentication_error", "1001", text)
        } else {
            let text = format!("{}: {}", first.path, first.found);
            (400, "invalid_request_error", "1214", text)
        };
        let message = format!("[{code}][{text}]");
        let error = json!({ "type": kind, "code": code, "message": message });
        Answer::json(status, &json!({ "type": "error", "error": error }))
    }

    fn see(&self, request: &Request) -> Seen {
        messages::see(&request.json())
    }

    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer {
        let turn = Turn {
            unsigned: true,
            ..turn.clone()
        };
        answers::speak(seen, &turn)
    }
}

fn check_roles(body: &Value, findings: &mut Findings) {
    for (path, message) in each(body, "", "messages") {
        let proper = message["role"] == "user" || message["role"] == "assistant";
        let found = message["role"].as_str().unwrap_or_default();
        findings.expect(proper, &SYSTEM_ROLE, format!("{path}.role"), found);
    }
    for (path, tool) in each(body, "", "tools") {
        let named = tool.get("name").is_some();
        findings.expect(named, &NESTED_TOOL, format!("{path}.name"), "");
    }
}

/// A violation as the endpoint's framework words it, if it is one of the framework's.
fn detail(violation: &Violation) -> Option<Value> {
    let place = violation
        .path
        .split(['.', '[', ']'])
        .filter(|step| !step.is_empty());
    let steps = place.map(|step| {
        step.parse()
            .map_or_else(|_| json!(step), |at: u64| json!(at))
    });
    let mut location = vec![json!("body")];
    location.extend(steps);
    if violation.rule == &SYSTEM_ROLE {
        return Some(json!({
            "type": "literal_error",
            "loc": location,
            "msg": "Input should be 'user' or 'assistant'",
            "input": violation.found,
        }));
    }
    let missing = json!({ "type": "missing", "loc": location, "msg": "Field required" });
    (violation.rule == &NESTED_TOOL).then_some(missing)
}

#[cfg(test)]
mod tests;
