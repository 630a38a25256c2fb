//! Endpoints of others that speak the Messages API, and what they cannot take. None was tried against a live API.

use serde_json::Value;

use super::messages::{self, answers};
use super::{Dialect, Findings, Rule, Seen, Turn, Violation, anthropic, each, join};
use crate::harness::upstream::{Answer, Request};

static ROLE: Rule = Rule {
    id: "system-role",
    source: "issue teamclaude#451, and templates of open models: only user and assistant",
};
static MEDIA: Rule = Rule {
    id: "media",
    source: "documentation of DeepSeek (older page): images and documents are not supported",
};
static SERVER_TOOL: Rule = Rule {
    id: "server-tool",
    source: "own reading: an entry of tools without input_schema is refused",
};
static TEMPERATURE: Rule = Rule {
    id: "temperature",
    source: "documentation of MiniMax: (0, 1]; errors of Kimi: only 1 for K2.5 and K2.6",
};
static ENVELOPE: Rule = Rule {
    id: "foreign-signature",
    source: "own rule: what another provider's thinking was sealed with means nothing here",
};
static FOREIGN: Rule = Rule {
    id: "foreign-member",
    source: "own rule: ids of account and session are not for foreign providers",
};

/// One endpoint.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The name of its profile.
    pub(crate) profile: &'static str,
    pub(crate) model: &'static str,
    pub(crate) media: bool,
    /// It takes system messages amid the conversation, which only Anthropic documents.
    pub(crate) mid_system: bool,
    /// Its thinking has no signature, and must come back on turns with calls.
    pub(crate) unsigned: bool,
    temperature: fn(f64) -> bool,
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.profile == other.profile
    }
}

impl Eq for Endpoint {}

const BASE: Endpoint = Endpoint {
    profile: "",
    model: "model-1",
    media: true,
    mid_system: false,
    unsigned: true,
    temperature: |value| (0.0..=1.0).contains(&value),
};

pub(crate) static DEEPSEEK: Endpoint = Endpoint {
    profile: "deepseek",
    model: "deepseek-v4-pro",
    media: false,
    ..BASE
};
pub(crate) static KIMI: Endpoint = Endpoint {
    profile: "kimi",
    model: "kimi-k2.6",
    temperature: |value| (value - 1.0).abs() < f64::EPSILON,
    ..BASE
};
pub(crate) static MINIMAX: Endpoint = Endpoint {
    profile: "minimax",
    model: "MiniMax-M3",
    temperature: |value| value > 0.0 && value <= 1.0,
    ..BASE
};
pub(crate) static OPENROUTER: Endpoint = Endpoint {
    profile: "openrouter",
    model: "anthropic/claude-sonnet-5-5",
    mid_system: true,
    unsigned: false,
    ..BASE
};
pub(crate) static QWEN: Endpoint = Endpoint {
    profile: "qwen",
    model: "qwen3-max",
    ..BASE
};
pub(crate) static LLAMA_CPP: Endpoint = Endpoint {
    profile: "llama.cpp",
    ..BASE
};
pub(crate) static VLLM: Endpoint = Endpoint {
    profile: "vllm",
    ..BASE
};
pub(crate) static LMSTUDIO: Endpoint = Endpoint {
    profile: "lmstudio",
    ..BASE
};

/// An upstream of one of the endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Compatible {
    key: String,
    endpoint: &'static Endpoint,
}

impl Compatible {
    /// An endpoint, with the key that it knows.
    pub(crate) fn new(endpoint: &'static Endpoint, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            endpoint,
        }
    }
}

impl Dialect for Compatible {
    fn aside(&self, request: &Request) -> Option<Answer> {
        anthropic::aside(request)
    }

    fn check(&self, request: &Request, findings: &mut Findings) {
        let signed = !self.endpoint.unsigned;
        let body = messages::check_signed(request, signed, findings);
        messages::check_credential(request, &self.key, findings);
        let Some(body) = body else { return };
        let temperature = body["temperature"].as_f64();
        let proper = temperature.is_none_or(self.endpoint.temperature);
        findings.expect(
            proper,
            &TEMPERATURE,
            "temperature",
            format!("{temperature:?}"),
        );
        for name in ["metadata", "safeguards", "tags"] {
            findings.expect(body.get(name).is_none(), &FOREIGN, name, "sent");
        }
        for (path, tool) in each(&body, "", "tools") {
            let own = tool["input_schema"].is_object() || self.endpoint.profile == "openrouter";
            findings.expect(own, &SERVER_TOOL, path, tool.to_string());
        }
        for (path, message) in each(&body, "", "messages") {
            let system = message["role"] == "system";
            let proper = !system || self.endpoint.mid_system;
            findings.expect(proper, &ROLE, join(&path, "role"), "system");
            self.check_blocks(&path, message, findings);
        }
    }

    fn refuse(&self, violations: &[Violation]) -> Answer {
        let first = &violations[0];
        let message = format!("{}: {}: {}", first.rule.id, first.path, first.found);
        answers::error(400, "invalid_request_error", &message)
    }

    fn see(&self, request: &Request) -> Seen {
        messages::see(&request.json())
    }

    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer {
        let turn = Turn {
            unsigned: self.endpoint.unsigned,
            ..turn.clone()
        };
        answers::speak(seen, &turn)
    }
}

impl Compatible {
    fn check_blocks(&self, path: &str, message: &Value, findings: &mut Findings) {
        for (path, block) in each(message, path, "content") {
            let kind = block["type"].as_str().unwrap_or_default();
            let media = ["image", "document"].contains(&kind);
            findings.expect(!media || self.endpoint.media, &MEDIA, path.as_str(), kind);
            let signature = block["signature"].as_str().unwrap_or_default();
            let sealed = signature.starts_with("th1.");
            findings.expect(!sealed, &ENVELOPE, path.as_str(), signature);
            if kind == "tool_result" {
                self.check_blocks(&path, block, findings);
            }
        }
    }
}
