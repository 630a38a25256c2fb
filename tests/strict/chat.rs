//! Chat completions as the providers check them that have a profile: one set of rules, and for each provider what it
//! has of its own, with the source. None was tried against a live API: a rule is as strong as its source.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cerebras::pairs;
use super::{Dialect, Findings, Rule, Seen, Turn, Violation, cerebras, each, join};
use crate::harness::upstream::{Answer, Request};

mod answers;
mod providers;

pub(crate) use providers::{PROVIDERS, Provider, provider};

static PATH: Rule = Rule {
    id: "path",
    source: "OpenAI API reference: POST /chat/completions below the base URL",
};
static AUTH: Rule = Rule {
    id: "auth",
    source: "OpenAI API reference: Authorization: Bearer KEY, and no other credential",
};
static JSON: Rule = Rule {
    id: "json",
    source: "OpenAI API reference: the body is a JSON object with model and messages",
};
static PARAMETER: Rule = Rule {
    id: "parameter",
    source: "the types of the provider's SDK, or what its documentation names",
};
static MESSAGE: Rule = Rule {
    id: "message",
    source: "OpenAI API reference: roles, and the members that each may have",
};
static CONTENT: Rule = Rule {
    id: "content",
    source: "OpenAI API reference: text, or parts of the user's messages",
};
static TOOL: Rule = Rule {
    id: "tool",
    source: "OpenAI API reference: function with a name of 64 characters of a-zA-Z0-9_- and a schema of type object",
};
static CHOICE: Rule = Rule {
    id: "tool-choice",
    source: "the provider's documentation: forms of tool_choice; none without tools",
};
static IMAGE: Rule = Rule {
    id: "image",
    source: "the provider's documentation: its models read text only",
};
static SYSTEM: Rule = Rule {
    id: "system-amid",
    source: "templates of open models, and strict endpoints: a system message is the first one or none",
};
static THOUGHT: Rule = Rule {
    id: "reasoning-missing",
    source: "issue dsh#739: the reasoning_content in the thinking mode must be passed back, be it empty",
};
static ID: Rule = Rule {
    id: "tool-call-id",
    source: "Mistral errors: 3280, ids of tool calls match ^[a-zA-Z0-9]{9}$",
};
static BEHIND_TOOL: Rule = Rule {
    id: "user-behind-tool",
    source: "Mistral errors (from memory): behind a tool message the next role is assistant",
};
static SAMPLING: Rule = Rule {
    id: "sampling",
    source: "the provider's documentation or errors: range of temperature, or none",
};

/// An upstream of one of the providers.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    key: String,
    provider: &'static Provider,
}

impl Chat {
    /// The provider of this profile, with the key that it knows.
    pub(crate) fn new(key: &str, profile: &str) -> Self {
        Self {
            key: key.to_owned(),
            provider: provider(profile),
        }
    }
}

impl Dialect for Chat {
    fn check(&self, request: &Request, findings: &mut Findings) {
        let proper = request.method() == "POST" && request.target() == "/v1/chat/completions";
        findings.expect(proper, &PATH, "path", &request.head.line);
        let bearer = format!("Bearer {}", self.key);
        let credentials = request.head.all("authorization");
        let alone = credentials == [bearer.as_str()] && request.header("x-api-key").is_none();
        findings.expect(alone, &AUTH, "header authorization", "");
        let body = request.json();
        let whole = body["model"].is_string() && body["messages"].is_array();
        findings.expect(whole, &JSON, "body", body.to_string());
        self.check_parameters(&body, findings);
        self.check_messages(&body, findings);
        self.check_tools(&body, findings);
        pairs(&body, findings);
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        answers::refuse(violations)
    }

    fn see(&self, request: &Request) -> Seen {
        cerebras::see(&request.json())
    }

    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer {
        answers::speak(self.provider, seen, turn)
    }
}

impl Chat {
    fn check_parameters(&self, body: &Value, findings: &mut Findings) {
        findings.only(&PARAMETER, "", body, self.provider.parameters);
        for name in ["max_tokens", "max_completion_tokens"] {
            if let Some(most) = body.get(name) {
                let proper = most.as_u64().is_some_and(|most| most > 0);
                findings.expect(proper, &PARAMETER, name, most.to_string());
            }
        }
        let temperature = body.get("temperature").and_then(Value::as_f64);
        if let Some(temperature) = temperature {
            let proper = (self.provider.temperature)(temperature);
            findings.expect(proper, &SAMPLING, "temperature", temperature.to_string());
        }
        let efforts = self.provider.efforts;
        let effort = body.get("reasoning_effort").and_then(Value::as_str);
        if let Some(effort) = effort {
            findings.expect(
                efforts.contains(&effort),
                &PARAMETER,
                "reasoning_effort",
                effort,
            );
        }
        let stops = body
            .get("stop")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        findings.expect(stops <= 4, &PARAMETER, "stop", stops.to_string());
    }

    fn check_messages(&self, body: &Value, findings: &mut Findings) {
        let mut before = "";
        for (path, message) in each(body, "", "messages") {
            let role = message["role"].as_str().unwrap_or_default();
            let known: &[&str] = match role {
                "system" | "developer" | "user" => &["role", "content"],
                "tool" => &["role", "content", "tool_call_id"],
                "assistant" => self.provider.assistant,
                _ => &[],
            };
            findings.only(&MESSAGE, &path, message, known);
            self.check_content(&path, role, message, findings);
            let amid = role == "system" && !before.is_empty() && !self.provider.mid_system;
            findings.expect(!amid, &SYSTEM, path.as_str(), "amid the conversation");
            let behind = role == "user" && before == "tool" && !self.provider.user_behind_tool;
            findings.expect(
                !behind,
                &BEHIND_TOOL,
                path.as_str(),
                "behind a tool message",
            );
            if role == "assistant" {
                self.check_assistant(&path, message, findings);
            }
            before = role;
        }
        findings.expect(!before.is_empty(), &JSON, "messages", "[]");
    }

    fn check_content(&self, path: &str, role: &str, message: &Value, findings: &mut Findings) {
        let path = join(path, "content");
        match &message["content"] {
            Value::String(text) => {
                let proper = role != "user" || !text.is_empty();
                findings.expect(proper, &CONTENT, path, "empty");
            }
            Value::Array(parts) if role == "user" || self.provider.marked_parts => {
                for (at, part) in parts.iter().enumerate() {
                    let path = format!("{path}[{at}]");
                    let kind = part["type"].as_str().unwrap_or_default();
                    let image = kind == "image_url";
                    findings.expect(kind == "text" || image, &CONTENT, path.as_str(), kind);
                    findings.expect(
                        !image || self.provider.images,
                        &IMAGE,
                        path.as_str(),
                        "an image",
                    );
                    let marked = self.provider.marked_parts;
                    let known = ["type", kind, if marked { "cache_control" } else { "type" }];
                    findings.only(&CONTENT, &path, part, &known);
                }
            }
            other => {
                let calls = message["tool_calls"].is_array();
                let proper = role == "assistant" && calls && other.is_null();
                findings.expect(proper, &CONTENT, path, other.to_string());
            }
        }
    }

    fn check_assistant(&self, path: &str, message: &Value, findings: &mut Findings) {
        let calls = message["tool_calls"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        if let Some(field) = self.provider.must_think {
            let there = calls.is_empty() || message[field].is_string();
            findings.expect(there, &THOUGHT, join(path, field), "absent");
        }
        for call in calls {
            let id = call["id"].as_str().unwrap_or_default();
            let nine = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let proper = nine || !self.provider.nine_character_ids;
            findings.expect(proper, &ID, join(path, "tool_calls"), id);
        }
    }

    fn check_tools(&self, body: &Value, findings: &mut Findings) {
        let mut names = BTreeSet::new();
        for (path, tool) in each(body, "", "tools") {
            let function = &tool["function"];
            let name = function["name"].as_str().unwrap_or_default();
            let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            let named =
                (1..=64).contains(&name.len()) && name.bytes().all(known) && names.insert(name);
            let typed = tool["type"] == "function" && function["parameters"]["type"] == "object";
            findings.expect(named && typed, &TOOL, path.as_str(), name);
            findings.only(&TOOL, &path, tool, &["type", "function"]);
            let members = ["name", "description", "parameters", "strict"];
            findings.only(&TOOL, &join(&path, "function"), function, &members);
            let refused = self.provider.schema_refused;
            let found = refused
                .iter()
                .find(|name| function["parameters"].get(**name).is_some());
            findings.expect(
                found.is_none(),
                &TOOL,
                join(&path, "parameters"),
                format!("{found:?}"),
            );
        }
        let few = names.len() <= self.provider.tools_most;
        findings.expect(few, &TOOL, "tools", names.len().to_string());
        let Some(choice) = body.get("tool_choice") else {
            return;
        };
        let named = choice["function"]["name"].as_str();
        let form = if named.is_some() {
            "named"
        } else {
            choice.as_str().unwrap_or_default()
        };
        let proper = self.provider.choices.contains(&form)
            && !names.is_empty()
            && named.is_none_or(|name| names.contains(name));
        findings.expect(proper, &CHOICE, "tool_choice", choice.to_string());
    }
}
