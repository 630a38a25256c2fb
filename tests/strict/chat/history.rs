//! The messages of a request: known members, plain types, calls that pair up with their results, and reasoning that
//! comes back where the house wants it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::houses::House;
use super::{NULL, TYPE, thinking};
use crate::strict::{Findings, Rule, Seen, each, join};

static EMPTY: Rule = Rule {
    id: "no-messages",
    source: "openai 3.54.0 (types): messages is not empty",
};
static ROLE: Rule = Rule {
    id: "role",
    source: "openai 3.54.0 (types): system, developer, user, assistant, tool",
};
static ANSWERED: Rule = Rule {
    id: "call-not-answered",
    source: "OpenAI's errors: an assistant message with tool_calls must be followed by tool messages for each tool_call_id",
};
static ORPHAN: Rule = Rule {
    id: "orphan-tool-message",
    source: "OpenAI's errors: messages with role 'tool' must be a response to a preceding message with tool_calls",
};
static UNIQUE: Rule = Rule {
    id: "tool-call-id",
    source: "Cerebras API version 2, and issues of others: ids of calls are unique",
};
static ARGUMENTS: Rule = Rule {
    id: "arguments",
    source: "openai 3.54.0 (types): function.arguments is a string; templates of models want an object in it",
};
static SYSTEM: Rule = Rule {
    id: "system-place",
    source: "templates of models (Qwen, Mistral): system message must be at the beginning; strictness from issues",
};

pub(super) fn check(house: &'static House, body: &Value, findings: &mut Findings) {
    let messages = body["messages"].as_array();
    let empty = messages.is_none_or(Vec::is_empty);
    findings.expect(!empty, &EMPTY, "messages", body["messages"].to_string());
    for (at, (path, message)) in each(body, "", "messages").enumerate() {
        let first = house.mid_system || at == 0 || message["role"] != "system";
        findings.expect(
            first,
            &SYSTEM,
            &path,
            "a system message amid the conversation",
        );
        check_message(house, &path, message, findings);
        check_reasoning(house, &path, message, findings);
    }
    check_pairs(body, findings);
}

fn check_message(house: &'static House, path: &str, message: &Value, findings: &mut Findings) {
    let role = message["role"].as_str().unwrap_or_default();
    let mut known = vec!["role", "content"];
    match role {
        "assistant" => known.extend(["tool_calls"].iter().chain(house.assistant)),
        "tool" => known.extend(["tool_call_id"]),
        "system" | "user" => {}
        "developer" if house.developer => {}
        _ => {
            findings.broken(&ROLE, join(path, "role"), message["role"].to_string());
            return;
        }
    }
    findings.only(&house.unknown, path, message, &known);
    let content = message.get("content");
    let calls = message.get("tool_calls").is_some();
    let absent = content.is_none_or(Value::is_null);
    findings.expect(
        !absent || calls,
        &TYPE,
        join(path, "content"),
        "neither content nor calls",
    );
    if !absent {
        check_content(house, path, message, findings);
    }
    for (path, call) in each(message, path, "tool_calls") {
        check_call(&path, call, findings);
    }
}

fn check_content(house: &'static House, path: &str, message: &Value, findings: &mut Findings) {
    let content = &message["content"];
    if content.is_string() {
        return;
    }
    let parts: &[&str] = match message["role"].as_str() {
        Some("user" | "system") => house.parts,
        Some("assistant") => house.assistant_parts,
        _ => house.tool_parts,
    };
    let some = content.as_array().is_some_and(|items| !items.is_empty());
    findings.expect(some, &TYPE, join(path, "content"), content.to_string());
    for (path, part) in each(message, path, "content") {
        let kind = part["type"].as_str().unwrap_or_default();
        findings.expect(parts.contains(&kind), &TYPE, join(&path, "type"), kind);
        findings.only(
            &house.unknown,
            &path,
            part,
            &["type", kind, "cache_control"],
        );
        let marked = part.get("cache_control").is_some();
        findings.expect(
            !marked || house.cache_control,
            &house.unknown,
            &path,
            "cache_control",
        );
        let url = part["image_url"]["url"].as_str();
        let proper = kind != "image_url" || url.is_some_and(|url| url.starts_with("data:image/"));
        findings.expect(proper, &TYPE, &path, part.to_string());
    }
}

fn check_call(path: &str, call: &Value, findings: &mut Findings) {
    let function = &call["function"];
    findings.only(&TYPE, path, call, &["id", "type", "function"]);
    findings.only(
        &TYPE,
        &join(path, "function"),
        function,
        &["name", "arguments"],
    );
    let proper = call["type"] == "function" && function["name"].is_string();
    findings.expect(proper, &TYPE, path, call.to_string());
    let arguments = function["arguments"].as_str().unwrap_or_default();
    let object = serde_json::from_str(arguments).is_ok_and(|value: Value| value.is_object());
    let path = join(path, "function.arguments");
    findings.expect(object, &ARGUMENTS, path, function["arguments"].to_string());
}

/// The ids of the calls tell which reasoning came before them.
fn check_reasoning(house: &'static House, path: &str, message: &Value, findings: &mut Findings) {
    let (Some(thinking), Some(rule)) = (house.thinking, &house.comes_back) else {
        return;
    };
    for (path, call) in each(message, path, "tool_calls") {
        let id = call["id"].as_str().unwrap_or_default();
        if let Some(mark) = thinking::mark_of(id) {
            let back = thinking.of(message);
            findings.expect(thinking::mark(&back) == mark, rule, path, back);
        }
    }
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
            let answers = open.len() < before;
            findings.expect(answers, &ORPHAN, join(&path, "tool_call_id"), id);
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
    for (path, message) in each(body, "", "messages") {
        for (name, value) in message.as_object().into_iter().flatten() {
            let nullable = message["role"] == "assistant" && name == "content";
            findings.expect(
                nullable || !value.is_null(),
                &NULL,
                join(&path, name),
                "null",
            );
        }
    }
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
    let last = messages
        .iter()
        .rposition(|message| message["role"] == "assistant");
    let since = &messages[last.map_or(0, |at| at + 1)..];
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
