//! The messages of a request: roles in their places, blocks in their order, calls with results.

use std::collections::BTreeSet;

use serde_json::Value;

use super::signature;
use crate::strict::{Findings, Rule, each, join};

static ROLE: Rule = Rule {
    id: "role",
    source: "anthropic 2.12.0, MessageParam: user, assistant or system",
};
static FIRST: Rule = Rule {
    id: "first-message",
    source: "Messages API reference: the first message is the user's",
};
static SYSTEM_PLACE: Rule = Rule {
    id: "system-place",
    source: "Messages API, mid-conversation system: after a user message, last or followed by assistant, never two in a row, never first",
};
static CONTENT: Rule = Rule {
    id: "content",
    source: "anthropic 2.12.0, MessageParam: a non-empty string or a list of known blocks",
};
static EMPTY_TEXT: Rule = Rule {
    id: "empty-text",
    source: "Messages API errors: text content blocks must be non-empty",
};
static PAIR: Rule = Rule {
    id: "tool-use-without-result",
    source: "Messages API errors: tool_use ids were found without tool_result blocks immediately after",
};
static ORPHAN: Rule = Rule {
    id: "orphan-tool-result",
    source: "Messages API errors: each tool_result block must have a tool_use block in the previous message",
};
static RESULTS_FIRST: Rule = Rule {
    id: "tool-results-first",
    source: "Messages API, tool use: tool_result blocks come first in the user's content",
};
static UNIQUE: Rule = Rule {
    id: "tool-use-id",
    source: "Messages API errors: tool_use ids must be unique and match ^[a-zA-Z0-9_-]+$",
};
static INPUT: Rule = Rule {
    id: "tool-input",
    source: "anthropic 2.12.0, ToolUseBlockParam: input is an object",
};
static SIGNATURE: Rule = Rule {
    id: "thinking-signature",
    source: "Messages API, thinking: a block comes back unchanged with the signature it was given",
};

const USER_BLOCKS: &[&str] = &[
    "text",
    "image",
    "document",
    "search_result",
    "tool_result",
    "container_upload",
    "tool_reference",
    "tool_addition",
    "tool_removal",
];
const ASSISTANT_BLOCKS: &[&str] = &[
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "document",
    "compaction",
];
const SYSTEM_BLOCKS: &[&str] = &["text", "tool_addition", "tool_removal"];

pub(super) fn check(body: &Value, signed: bool, findings: &mut Findings) {
    let roles: Vec<&str> = each(body, "", "messages")
        .map(|(_, message)| message["role"].as_str().unwrap_or_default())
        .collect();
    for (at, (path, message)) in each(body, "", "messages").enumerate() {
        let known = match roles[at] {
            "user" => USER_BLOCKS,
            "assistant" => ASSISTANT_BLOCKS,
            "system" => SYSTEM_BLOCKS,
            other => {
                findings.broken(&ROLE, join(&path, "role"), other);
                continue;
            }
        };
        if roles[at] == "system" {
            check_system_place(&path, &roles, at, findings);
        } else if at == 0 {
            findings.expect(roles[at] == "user", &FIRST, join(&path, "role"), roles[at]);
        }
        check_content(&path, message, known, findings);
        check_signatures(&path, message, signed, findings);
    }
    check_pairs(body, findings);
}

fn check_system_place(path: &str, roles: &[&str], at: usize, findings: &mut Findings) {
    let before = at.checked_sub(1).map(|before| roles[before]);
    let after = roles.get(at + 1).copied().unwrap_or("assistant");
    let proper = before == Some("user") && after == "assistant";
    let found = format!("after {before:?}, before {after:?}");
    findings.expect(proper, &SYSTEM_PLACE, path, found);
}

fn check_content(path: &str, message: &Value, known: &[&str], findings: &mut Findings) {
    let content = &message["content"];
    let path = join(path, "content");
    if let Some(text) = content.as_str() {
        findings.expect(!text.is_empty(), &CONTENT, path, "an empty string");
        return;
    }
    if content.as_array().is_none_or(Vec::is_empty) {
        findings.broken(&CONTENT, path, content.to_string());
        return;
    }
    for (path, block) in each(message, path.trim_end_matches(".content"), "content") {
        let kind = block["type"].as_str().unwrap_or_default();
        findings.expect(known.contains(&kind), &CONTENT, join(&path, "type"), kind);
        match kind {
            "text" => {
                let text = block["text"].as_str().unwrap_or_default();
                findings.expect(!text.is_empty(), &EMPTY_TEXT, join(&path, "text"), "empty");
            }
            "tool_use" => {
                let input = &block["input"];
                findings.expect(
                    input.is_object(),
                    &INPUT,
                    join(&path, "input"),
                    input.to_string(),
                );
            }
            _ => {}
        }
    }
}

fn check_signatures(path: &str, message: &Value, signed: bool, findings: &mut Findings) {
    for (path, block) in each(message, path, "content") {
        if block["type"] == "thinking" {
            let given = match block["thinking"].as_str() {
                Some(thinking) if signed => signature(thinking),
                _ => String::new(),
            };
            let own = block["signature"].as_str().unwrap_or_default() == given;
            findings.expect(own, &SIGNATURE, join(&path, "signature"), block.to_string());
        }
    }
}

/// Calls of an assistant message, results of the user message behind it.
fn check_pairs(body: &Value, findings: &mut Findings) {
    let mut known = BTreeSet::new();
    let mut open: Vec<(String, String)> = Vec::new();
    for (path, message) in each(body, "", "messages") {
        if message["role"] == "user" {
            check_results(&path, message, &mut open, findings);
        }
        tell_open(&mut open, findings);
        if message["role"] != "assistant" {
            continue;
        }
        for (path, block) in each(message, &path, "content") {
            if block["type"] == "tool_use" {
                let id = block["id"].as_str().unwrap_or_default().to_owned();
                let fresh = is_id(&id) && known.insert(id.clone());
                findings.expect(fresh, &UNIQUE, join(&path, "id"), &id);
                open.push((id, path));
            }
        }
    }
    tell_open(&mut open, findings);
}

fn check_results(
    path: &str,
    message: &Value,
    open: &mut Vec<(String, String)>,
    findings: &mut Findings,
) {
    let mut other = false;
    for (path, block) in each(message, path, "content") {
        if block["type"] != "tool_result" {
            other = true;
            continue;
        }
        let id = block["tool_use_id"].as_str().unwrap_or_default();
        let before = open.len();
        open.retain(|(call, _)| call != id);
        findings.expect(open.len() < before, &ORPHAN, join(&path, "tool_use_id"), id);
        findings.expect(
            !other,
            &RESULTS_FIRST,
            path,
            "a tool_result behind other content",
        );
    }
}

fn tell_open(open: &mut Vec<(String, String)>, findings: &mut Findings) {
    for (id, path) in open.drain(..) {
        findings.broken(
            &PAIR,
            path,
            format!("{id} has no tool_result in the next message"),
        );
    }
}

fn is_id(id: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !id.is_empty() && id.bytes().all(known)
}
