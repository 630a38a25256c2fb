//! The conversation: messages of four roles, results right behind their calls, by the tool's name.

use std::collections::VecDeque;

use serde_json::Value;

use super::{TYPE, UNKNOWN};
use crate::strict::{Findings, Rule, Seen, each, join};

static RESULTS: Rule = Rule {
    id: "results-follow-calls",
    source: "ollama/ollama docs on tool calling: a tool message for each call, right behind it",
};
static TOOL_NAME: Rule = Rule {
    id: "tool-name",
    source: "ollama/ollama docs on tool calling: a result names its tool by tool_name",
};
static ARGUMENTS: Rule = Rule {
    id: "arguments",
    source: "ollama/ollama docs/openapi.yaml, ToolCall: arguments are an object",
};
static IMAGES: Rule = Rule {
    id: "images",
    source: "ollama/ollama docs/openapi.yaml, ChatMessage: images are base64 without a data: prefix",
};
static THINKING: Rule = Rule {
    id: "thinking",
    source: "ollama/ollama api/types.go, Message: thinking is the assistant's",
};

const MEMBERS: &[&str] = &[
    "role",
    "content",
    "images",
    "tool_calls",
    "thinking",
    "tool_name",
    "tool_call_id",
];

pub(super) fn check(body: &Value, findings: &mut Findings) {
    let messages = body["messages"].as_array();
    let some = messages.is_some_and(|all| !all.is_empty());
    findings.expect(some, &TYPE, "messages", "none");
    let mut open: VecDeque<String> = VecDeque::new();
    for (path, message) in each(body, "", "messages") {
        check_message(&path, message, findings);
        let role = message["role"].as_str().unwrap_or_default();
        if role == "tool" {
            let name = message["tool_name"].as_str().unwrap_or_default();
            let wanted = open.pop_front();
            let what = format!("{name:?}, called was {wanted:?}");
            findings.expect(wanted.as_deref() == Some(name), &TOOL_NAME, path, what);
            continue;
        }
        findings.expect(open.is_empty(), &RESULTS, path.as_str(), role);
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        open.extend(calls.map(|call| name_of(call).to_owned()));
    }
    findings.expect(open.is_empty(), &RESULTS, "messages", "the last call");
}

fn name_of(call: &Value) -> &str {
    call["function"]["name"].as_str().unwrap_or_default()
}

fn check_message(path: &str, message: &Value, findings: &mut Findings) {
    findings.only(&UNKNOWN, path, message, MEMBERS);
    let role = message["role"].as_str().unwrap_or_default();
    let known = ["system", "user", "assistant", "tool"].contains(&role);
    findings.expect(known, &TYPE, join(path, "role"), role);
    let content = &message["content"];
    findings.expect(
        content.is_string(),
        &TYPE,
        join(path, "content"),
        content.to_string(),
    );
    if let Some(thinking) = message.get("thinking") {
        let proper = role == "assistant" && thinking.is_string();
        findings.expect(proper, &THINKING, join(path, "thinking"), role);
    }
    for (path, image) in each(message, path, "images") {
        let base64 = |text: &str| {
            !text.is_empty()
                && text.len().is_multiple_of(4)
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
        };
        let proper = role == "user" && image.as_str().is_some_and(base64);
        findings.expect(proper, &IMAGES, path, "not plain base64 of the user's");
    }
    for (path, call) in each(message, path, "tool_calls") {
        findings.only(&UNKNOWN, &path, call, &["id", "function"]);
        let function = &call["function"];
        let known = ["name", "arguments", "index"];
        findings.only(&UNKNOWN, &join(&path, "function"), function, &known);
        let proper =
            role == "assistant" && !name_of(call).is_empty() && function["arguments"].is_object();
        findings.expect(proper, &ARGUMENTS, path, function.to_string());
    }
}

pub(super) fn see(body: &Value) -> Seen {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let role = |message: &Value, role: &str| message["role"] == role;
    let said = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let tools = body["tools"].as_array().into_iter().flatten();
    let last_answer = messages.iter().rposition(|one| role(one, "assistant"));
    let since = messages.iter().skip(last_answer.map_or(0, |at| at + 1));
    Seen {
        number: 0,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        streaming: body["stream"] != false,
        tools: tools.map(|tool| name_of(tool).to_owned()).collect(),
        answers: messages.iter().filter(|one| role(one, "assistant")).count(),
        results: since.filter(|one| role(one, "tool")).map(said).collect(),
        prompt: messages
            .iter()
            .rfind(|one| role(one, "user"))
            .map(said)
            .unwrap_or_default(),
        body: body.clone(),
    }
}
