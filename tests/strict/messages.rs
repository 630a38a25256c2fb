//! The Messages API as its servers check it: what the strict Anthropic-shaped upstreams share.
//!
//! Fields are open: an unknown one breaks no rule. What is known must have its form and order.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::{Findings, Rule, Seen, each, join};
use crate::harness::upstream::Request;

pub(super) mod answers;
pub(super) mod history;

pub(super) static PATH: Rule = Rule {
    id: "path",
    source: "Messages API reference: POST /v1/messages, any query",
};
pub(super) static VERSION: Rule = Rule {
    id: "anthropic-version",
    source: "Messages API reference, versioning: the header is required",
};
pub(super) static AUTH: Rule = Rule {
    id: "auth",
    source: "Messages API reference, authentication: x-api-key, or Authorization: Bearer as the SDKs since 2026-10-21; one credential, the provider's own",
};
pub(super) static JSON: Rule = Rule {
    id: "json",
    source: "Messages API reference: the body is a JSON object",
};
static REQUIRED: Rule = Rule {
    id: "required",
    source: "Messages API reference: model, max_tokens and messages are required",
};
static TYPE: Rule = Rule {
    id: "type",
    source: "anthropic 2.12.0, message_create_params",
};
static SAMPLING: Rule = Rule {
    id: "sampling",
    source: "Messages API version 2026-10-21: temperature, top_p and top_k are refused",
};
static TOOL: Rule = Rule {
    id: "tool",
    source: "anthropic 2.12.0, ToolParam: name and input_schema at the top level, names differ",
};
static CHOICE: Rule = Rule {
    id: "tool-choice",
    source: "anthropic 2.12.0, ToolChoiceParam: auto, any, tool (with a known name) or none",
};
static BUDGET: Rule = Rule {
    id: "thinking",
    source: "Messages API reference, thinking: enabled with 1024 <= budget_tokens < max_tokens, adaptive, disabled",
};
static MARKERS: Rule = Rule {
    id: "cache-control",
    source: "Messages API reference, prompt caching: at most 4 markers, of type ephemeral",
};

/// The checks of head and body that every Anthropic-shaped upstream makes.
pub(super) fn check(request: &Request, findings: &mut Findings) -> Option<Value> {
    check_signed(request, true, findings)
}

/// The same of an upstream that may be one that signs none of its thinking.
pub(super) fn check_signed(
    request: &Request,
    signed: bool,
    findings: &mut Findings,
) -> Option<Value> {
    let proper = request.method() == "POST" && request.path() == "/v1/messages";
    findings.expect(proper, &PATH, "path", &request.head.line);
    let version = request.header("anthropic-version").unwrap_or_default();
    let known = ["2023-06-01", "2026-10-21"].contains(&version);
    findings.expect(known, &VERSION, "header anthropic-version", version);
    let body = request.json();
    if !body.is_object() {
        findings.broken(&JSON, "body", String::from_utf8_lossy(&request.body));
        return None;
    }
    check_fields(&body, version, findings);
    check_tools(&body, findings);
    check_markers(&body, findings);
    history::check(&body, signed, findings);
    Some(body)
}

/// The key as `x-api-key` or as bearer, and nothing beside it: a client's own credential that slips
/// through would be a second one.
pub(super) fn check_credential(request: &Request, key: &str, findings: &mut Findings) {
    let bearer = format!("Bearer {key}");
    let bearers = request.head.all("authorization");
    let keys = request.head.all("x-api-key");
    let proper = match (&bearers[..], &keys[..]) {
        ([one], []) => *one == bearer,
        ([], [one]) => *one == key,
        _ => false,
    };
    let found = format!("{} bearers, {} keys", bearers.len(), keys.len());
    findings.expect(proper, &AUTH, "header x-api-key", found);
}

fn check_fields(body: &Value, version: &str, findings: &mut Findings) {
    for (name, proper) in [
        (
            "model",
            body["model"]
                .as_str()
                .is_some_and(|model| !model.is_empty()),
        ),
        (
            "max_tokens",
            body["max_tokens"].as_u64().is_some_and(|most| most > 0),
        ),
        (
            "messages",
            body["messages"]
                .as_array()
                .is_some_and(|all| !all.is_empty()),
        ),
    ] {
        findings.expect(proper, &REQUIRED, name, body[name].to_string());
    }
    if let Some(stream) = body.get("stream") {
        findings.expect(stream.is_boolean(), &TYPE, "stream", stream.to_string());
    }
    if let Some(system) = body.get("system") {
        let blocks = each(body, "", "system").all(|(_, block)| block["type"] == "text");
        let proper = system.is_string() || (system.is_array() && blocks);
        findings.expect(proper, &TYPE, "system", "neither a string nor text blocks");
    }
    for name in ["temperature", "top_p", "top_k"] {
        let sent = body.get(name).is_some() && version == "2026-10-21";
        findings.expect(!sent, &SAMPLING, name, "Extra inputs are not permitted");
    }
    if let Some(thinking) = body.get("thinking") {
        let budget = thinking["budget_tokens"].as_u64().unwrap_or_default();
        let most = body["max_tokens"].as_u64().unwrap_or_default();
        let proper = match thinking["type"].as_str() {
            Some("enabled") => (1024..most).contains(&budget),
            Some("adaptive" | "disabled") => true,
            _ => false,
        };
        findings.expect(proper, &BUDGET, "thinking", thinking.to_string());
    }
}

fn check_tools(body: &Value, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    for (path, tool) in each(body, "", "tools") {
        let name = tool["name"].as_str().unwrap_or_default();
        let named = !name.is_empty() && names.insert(name);
        findings.expect(named, &TOOL, join(&path, "name"), tool["name"].to_string());
        // Server tools have a versioned type and no schema; a deferred placeholder may lack one.
        let own = tool.get("type").is_none_or(|kind| kind == "custom");
        let deferred = tool["defer_loading"] == true;
        let schema = tool["input_schema"]["type"] == "object";
        let proper = schema || !own || deferred;
        findings.expect(
            proper,
            &TOOL,
            join(&path, "input_schema"),
            tool["input_schema"].to_string(),
        );
    }
    let Some(choice) = body.get("tool_choice") else {
        return;
    };
    let proper = match choice["type"].as_str() {
        Some("auto" | "any" | "none") => true,
        Some("tool") => names.contains(choice["name"].as_str().unwrap_or_default()),
        _ => false,
    };
    let proper = proper && !names.is_empty();
    findings.expect(proper, &CHOICE, "tool_choice", choice.to_string());
}

fn check_markers(body: &Value, findings: &mut Findings) {
    let mut count = 0;
    markers("", body, &mut |path, marker| {
        count += 1;
        findings.expect(
            marker["type"] == "ephemeral",
            &MARKERS,
            path,
            marker.to_string(),
        );
    });
    findings.expect(
        count <= 4,
        &MARKERS,
        "cache_control",
        format!("{count} markers"),
    );
}

/// Every `cache_control` outside of schemas and tool inputs.
fn markers(path: &str, value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = join(path, name);
                match name.as_str() {
                    "cache_control" => visit(&path, member),
                    "input_schema" | "input" => {}
                    _ => markers(&path, member, visit),
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                markers(&format!("{path}[{at}]"), item, visit);
            }
        }
        _ => {}
    }
}

/// The signature under a thinking block: what a server can recognise as its own.
pub(super) fn signature(thinking: &str) -> String {
    let mut hasher = DefaultHasher::new();
    thinking.hash(&mut hasher);
    format!("strict-{:016x}", hasher.finish())
}

/// The request in words that are the same for every provider.
pub(super) fn see(body: &Value) -> Seen {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let is = |role: &'static str| move |message: &&Value| message["role"] == role;
    let last_answer = messages
        .iter()
        .rposition(|message| message["role"] == "assistant");
    let since = &messages[last_answer.map_or(0, |at| at + 1)..];
    let results = since
        .iter()
        .flat_map(|message| message["content"].as_array().into_iter().flatten())
        .filter(|block| block["type"] == "tool_result")
        .map(|block| flat(&block["content"]));
    Seen {
        number: 0,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        streaming: body["stream"] == true,
        tools: each(body, "", "tools")
            .filter_map(|(_, tool)| tool["name"].as_str().map(str::to_owned))
            .collect(),
        answers: messages.iter().filter(is("assistant")).count(),
        results: results.collect(),
        prompt: messages
            .iter()
            .rfind(is("user"))
            .map(|message| flat(&message["content"]))
            .unwrap_or_default(),
        body: body.clone(),
    }
}

/// Content as text, whatever its form.
fn flat(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter_map(|block| block["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
