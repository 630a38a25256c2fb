//! Chat completions as the providers behind the profiles of `openai` check it: one dialect, and a house for each
//! provider that says what differs, with the source of each rule. None was tried against a live service.

use serde_json::Value;

use super::{Dialect, Findings, Rule, Seen, Turn, Violation};
use crate::harness::upstream::{Answer, Request};
pub(crate) use houses::House;
pub(crate) use thinking::Thinking;

mod answers;
mod history;
pub(crate) mod houses;
mod overflow;
mod thinking;
mod tools;

pub(super) static PATH: Rule = Rule {
    id: "path",
    source: "API references of all of them: POST /chat/completions below the base URL",
};
pub(super) static AUTH: Rule = Rule {
    id: "auth",
    source: "API references of all of them: Authorization: Bearer KEY, and no other credential",
};
pub(super) static JSON: Rule = Rule {
    id: "json",
    source: "openai 3.54.0 (types): the body is a JSON object",
};
pub(super) static TYPE: Rule = Rule {
    id: "type",
    source: "openai 3.54.0 (types), ChatCompletionCreateParams",
};
pub(super) static NULL: Rule = Rule {
    id: "null",
    source: "issues of several servers: optional members that are left out are absent, not null",
};
pub(super) static MODEL: Rule = Rule {
    id: "model",
    source: "errors of all of them: a model has the provider's own name",
};
static HEADERS: Rule = Rule {
    id: "foreign-header",
    source: "our own rule: what means something to Anthropic only is not sent to others",
};

/// The members that every one of them takes.
const PARAMETERS: [&str; 8] = [
    "messages",
    "model",
    "stop",
    "stream",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
];

/// A provider, and the key it knows.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    house: &'static House,
    key: String,
}

impl Chat {
    pub(crate) fn new(house: &'static House, key: &str) -> Self {
        Self {
            house,
            key: key.to_owned(),
        }
    }
}

impl Dialect for Chat {
    fn check(&self, request: &Request, findings: &mut Findings) {
        let proper = request.method() == "POST" && request.target() == "/v1/chat/completions";
        findings.expect(proper, &PATH, "path", &request.head.line);
        let bearer = format!("Bearer {}", self.key);
        let proper = request.head.all("authorization") == [bearer.as_str()]
            && request.header("x-api-key").is_none();
        findings.expect(proper, &AUTH, "header authorization", "");
        for name in ["anthropic-version", "anthropic-beta"] {
            let sent = request.header(name).is_some();
            findings.expect(!sent, &HEADERS, format!("header {name}"), "sent");
        }
        let body = request.json();
        if !body.is_object() {
            findings.broken(&JSON, "body", String::from_utf8_lossy(&request.body));
            return;
        }
        self.check_body(&body, findings);
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        answers::refuse(violations)
    }

    fn see(&self, request: &Request) -> Seen {
        history::see(&request.json())
    }

    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer {
        answers::speak(self.house, seen, turn)
    }
}

impl Chat {
    fn check_body(&self, body: &Value, findings: &mut Findings) {
        let house = self.house;
        let known: Vec<&str> = PARAMETERS.iter().chain(house.parameters).copied().collect();
        findings.only(&house.unknown, "", body, &known);
        for (name, value) in body.as_object().into_iter().flatten() {
            findings.expect(!value.is_null(), &NULL, name.as_str(), "null");
        }
        let model = &body["model"];
        findings.expect(*model == house.model, &MODEL, "model", model.to_string());
        let stream = body.get("stream").is_none_or(Value::is_boolean);
        findings.expect(stream, &TYPE, "stream", body["stream"].to_string());
        history::check(house, body, findings);
        tools::check(house, body, findings);
        for special in house.specials {
            for (path, found) in (special.broken)(body) {
                findings.broken(&special.rule, path, found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
