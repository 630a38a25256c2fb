//! The messages of a request: known properties, plain types, and tool calls that pair up.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{NULL, TYPE, UNKNOWN, VERSION_2};
use crate::strict::{Findings, Rule, Seen, each, join};

static EMPTY: Rule = Rule {
    id: "no-messages",
    source: "Cerebras API reference: messages is not empty",
};
static ROLE: Rule = Rule {
    id: "role",
    source: "Cerebras API reference: system, developer, user, assistant, tool",
};
static ANSWERED: Rule = Rule {
    id: "call-not-answered",
    source: "Cerebras API version 2: every tool_call_id has its tool message immediately behind it",
};
static ORPHAN: Rule = Rule {
    id: "orphan-tool-message",
    source: "Cerebras API version 2: no tool message without its call",
};
static UNIQUE: Rule = Rule {
    id: "tool-call-id",
    source: VERSION_2,
};
static ARGUMENTS: Rule = Rule {
    id: "arguments",
    source: "Cerebras API reference: function.arguments is a string holding a JSON object",
};

pub(super) fn check(body: &Value, findings: &mut Findings) {
    let messages = body["messages"].as_array();
    let empty = messages.is_none_or(Vec::is_empty);
    findings.expect(!empty, &EMPTY, "messages", body["messages"].to_string());
    for (path, message) in each(body, "", "messages") {
        check_message(&path, message, findings);
    }
    check_pairs(body, findings);
}

fn check_message(path: &str, message: &Value, findings: &mut Findings) {
    let role = message["role"].as_str().unwrap_or_default();
    let known: &[&str] = match role {
        "system" | "developer" | "user" => &["role", "content", "name"],
        "assistant" => &["role", "content", "name", "reasoning", "tool_calls"],
        "tool" => &["role", "content", "name", "tool_call_id"],
        _ => {
            findings.broken(&ROLE, join(path, "role"), message["role"].to_string());
            return;
        }
    };
    // The real message names the role in its path: `messages.2.assistant.reasoning_content`.
    findings.only(&UNKNOWN, path, message, known);
    for (name, value) in message.as_object().into_iter().flatten() {
        let nullable = role == "assistant" && name == "content";
        findings.expect(
            nullable || !value.is_null(),
            &NULL,
            join(path, name),
            "null",
        );
    }
    let parts: &[&str] = match role {
        "system" | "developer" | "user" => &["text", "image_url", "image"],
        _ => &["text"],
    };
    let content = message.get("content");
    if role != "assistant" || content.is_some_and(|content| !content.is_null()) {
        check_content(path, message, parts, findings);
    }
    let silent = role == "assistant"
        && content.is_none_or(Value::is_null)
        && message.get("tool_calls").is_none();
    findings.expect(
        !silent,
        &TYPE,
        join(path, "content"),
        "neither content nor tool_calls",
    );
    for (path, call) in each(message, path, "tool_calls") {
        check_call(&path, call, findings);
    }
}

fn check_content(path: &str, message: &Value, parts: &[&str], findings: &mut Findings) {
    let content = &message["content"];
    let path = join(path, "content");
    if content.is_string() {
        return;
    }
    let Some(items) = content.as_array().filter(|items| !items.is_empty()) else {
        findings.broken(&TYPE, path, content.to_string());
        return;
    };
    for (at, item) in items.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let kind = item["type"].as_str().unwrap_or_default();
        findings.expect(
            parts.contains(&kind),
            &TYPE,
            join(&path, "type"),
            item["type"].to_string(),
        );
        findings.only(&UNKNOWN, &path, item, &["type", kind]);
        if kind == "text" {
            findings.expect(
                item["text"].is_string(),
                &TYPE,
                join(&path, "text"),
                item["text"].to_string(),
            );
        }
        if kind == "image_url" {
            findings.only(
                &UNKNOWN,
                &join(&path, "image_url"),
                &item["image_url"],
                &["url", "detail"],
            );
        }
    }
}

fn check_call(path: &str, call: &Value, findings: &mut Findings) {
    findings.only(&UNKNOWN, path, call, &["id", "type", "function", "index"]);
    let function = &call["function"];
    findings.only(
        &UNKNOWN,
        &join(path, "function"),
        function,
        &["name", "arguments"],
    );
    let proper =
        call["type"] == "function" && call["id"].is_string() && function["name"].is_string();
    findings.expect(proper, &TYPE, path, call.to_string());
    let arguments = function["arguments"].as_str().unwrap_or_default();
    let object = serde_json::from_str(arguments).is_ok_and(|value: Value| value.is_object());
    let path = join(path, "function.arguments");
    findings.expect(object, &ARGUMENTS, path, function["arguments"].to_string());
}

/// Calls and results, in the order of the messages.
fn check_pairs(body: &Value, findings: &mut Findings) {
    let mut known = BTreeSet::new();
    let mut open: Vec<(String, String)> = Vec::new();
    for (path, message) in each(body, "", "messages") {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let before = open.len();
            open.retain(|(call, _)| call != id);
            findings.expect(
                open.len() < before,
                &ORPHAN,
                join(&path, "tool_call_id"),
                id,
            );
            continue;
        }
        tell_open(&mut open, findings);
        for (path, call) in each(message, &path, "tool_calls") {
            let id = call["id"].as_str().unwrap_or_default().to_owned();
            let fresh = !id.is_empty() && known.insert(id.clone());
            findings.expect(fresh, &UNIQUE, join(&path, "id"), &id);
            open.push((id, path));
        }
    }
    tell_open(&mut open, findings);
}

fn tell_open(open: &mut Vec<(String, String)>, findings: &mut Findings) {
    for (id, path) in open.drain(..) {
        findings.broken(
            &ANSWERED,
            path,
            format!("{id} has no tool message right behind it"),
        );
    }
}

/// The request in words that are the same for every provider.
pub(super) fn see(body: &Value) -> Seen {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let is = |role: &'static str| move |message: &&Value| message["role"] == role;
    let last_answer = messages
        .iter()
        .rposition(|message| message["role"] == "assistant");
    let since = &messages[last_answer.map_or(0, |at| at + 1)..];
    let text = |message: &Value| flat(&message["content"]);
    Seen {
        number: 0,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        streaming: body["stream"] == true,
        tools: each(body, "", "tools")
            .filter_map(|(_, tool)| tool["function"]["name"].as_str().map(str::to_owned))
            .collect(),
        answers: messages.iter().filter(is("assistant")).count(),
        results: since.iter().filter(is("tool")).map(text).collect(),
        prompt: messages
            .iter()
            .rfind(is("user"))
            .map(text)
            .unwrap_or_default(),
        body: body.clone(),
    }
}

/// Content as text, whatever its form.
fn flat(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
