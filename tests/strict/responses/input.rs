//! The conversation: items of four kinds, an output for each call, and what was thought before what it led to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{TYPE, UNKNOWN, answers, text};
use crate::strict::{Findings, Rule, Seen, each, join};

static OUTPUT: Rule = Rule {
    id: "output-for-each-call",
    source: "refused in words: No tool output found for function call call_x; No tool call found for \
             function call output with call_id call_x",
};
static TWICE: Rule = Rule {
    id: "call-id-twice",
    source: "a guess on the safe side: ids of calls are unique",
};
static ID: Rule = Rule {
    id: "call-id",
    source: "refused in words: Invalid 'input[4].call_id': string too long. Expected a string with maximum length 64 \
             (issue, openai/codex#14355); its characters as those of other ids, a guess on the safe side",
};
static FOLLOWED: Rule = Rule {
    id: "reasoning-is-followed",
    source: "refused in words: Item 'rs_x' of type 'reasoning' was provided without its required following item",
};
static SEALED: Rule = Rule {
    id: "reasoning-as-it-was",
    source: "refused in words: Item with id 'rs_x' not found. Items are not persisted when `store` is set to \
             false; The encrypted content could not be verified",
};
static ROLE: Rule = Rule {
    id: "content-of-role",
    source: "refused in words: Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'",
};
static FILE: Rule = Rule {
    id: "image-or-file",
    source: "openai 3.54.0, ResponseInputImageParam and ResponseInputFileParam: data URLs, files with a name; \
             refused in words: Invalid 'input[0].content[0].image_url'",
};

pub(super) fn check(body: &Value, findings: &mut Findings) {
    let some = body["input"].as_array().is_some_and(|all| !all.is_empty());
    findings.expect(some, &TYPE, "input", "none");
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut called: BTreeSet<&str> = BTreeSet::new();
    let mut thought: Option<String> = None;
    for (path, item) in each(body, "", "input") {
        let kind = item["type"].as_str().unwrap_or_default();
        let led_to = kind == "reasoning"
            || kind == "function_call"
            || (kind == "message" && item["role"] == "assistant");
        if let Some(thought) = thought.take() {
            findings.expect(led_to, &FOLLOWED, thought, kind);
        }
        let id = item["call_id"].as_str().unwrap_or_default();
        match kind {
            "message" => message(&path, item, findings),
            "reasoning" => {
                reasoning(&path, item, findings);
                thought = Some(path);
            }
            "function_call" => {
                findings.only(
                    &UNKNOWN,
                    &path,
                    item,
                    &["type", "call_id", "name", "arguments"],
                );
                for name in ["call_id", "name", "arguments"] {
                    text(item, &path, name, findings);
                }
                findings.expect(is_id(id), &ID, join(&path, "call_id"), id);
                let arguments = item["arguments"].as_str().unwrap_or_default();
                let object =
                    serde_json::from_str::<Value>(arguments).is_ok_and(|one| one.is_object());
                findings.expect(object, &TYPE, join(&path, "arguments"), arguments);
                findings.expect(called.insert(id), &TWICE, path.as_str(), id);
                open.insert(id);
            }
            "function_call_output" => {
                findings.only(&UNKNOWN, &path, item, &["type", "call_id", "output"]);
                text(item, &path, "output", findings);
                findings.expect(open.remove(id), &OUTPUT, path.as_str(), id);
            }
            other => findings.broken(&TYPE, join(&path, "type"), other),
        }
        // Nothing but other calls and their outputs before the outputs.
        let waits = kind == "message" && item["role"] != "assistant" && !open.is_empty();
        findings.expect(
            !waits,
            &OUTPUT,
            path_of(body, item),
            "a message before the outputs",
        );
    }
    let open = open.into_iter().collect::<Vec<_>>().join(", ");
    findings.expect(open.is_empty(), &OUTPUT, "input", open);
    if let Some(thought) = thought {
        findings.broken(&FOLLOWED, thought, "the end");
    }
}

fn is_id(id: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(known)
}

/// Where an item stands.
fn path_of(body: &Value, item: &Value) -> String {
    let all = body["input"].as_array().into_iter().flatten();
    let at = all.take_while(|one| !std::ptr::eq(*one, item)).count();
    format!("input[{at}]")
}

fn reasoning(path: &str, item: &Value, findings: &mut Findings) {
    let known = ["type", "id", "summary", "encrypted_content", "status"];
    findings.only(&UNKNOWN, path, item, &known);
    text(item, path, "id", findings);
    findings.expect(
        item["summary"].is_array(),
        &TYPE,
        join(path, "summary"),
        "Missing",
    );
    let id = item["id"].as_str().unwrap_or_default();
    let sealed = item["encrypted_content"] == answers::encrypted(id);
    findings.expect(sealed, &SEALED, path, item["encrypted_content"].to_string());
}

fn message(path: &str, item: &Value, findings: &mut Findings) {
    let role = item["role"].as_str().unwrap_or_default();
    let roles = ["user", "system", "developer", "assistant"];
    findings.expect(roles.contains(&role), &TYPE, join(path, "role"), role);
    let known: &[&str] = match role {
        "assistant" => &["type", "role", "content", "phase"],
        _ => &["type", "role", "content"],
    };
    findings.only(&UNKNOWN, path, item, known);
    let some = item["content"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    findings.expect(some, &TYPE, join(path, "content"), "none");
    for (path, part) in each(item, path, "content") {
        let kind = part["type"].as_str().unwrap_or_default();
        let proper = match role {
            "assistant" => kind == "output_text",
            "user" => ["input_text", "input_image", "input_file"].contains(&kind),
            _ => kind == "input_text",
        };
        findings.expect(proper, &ROLE, path.as_str(), kind);
        match kind {
            "input_text" | "output_text" => {
                findings.only(&UNKNOWN, &path, part, &["type", "text"]);
                text(part, &path, "text", findings);
            }
            "input_image" => {
                findings.only(&UNKNOWN, &path, part, &["type", "detail", "image_url"]);
                let url = &part["image_url"];
                let web = url.as_str().is_some_and(|url| url.starts_with("https://"));
                let proper = web || data_url(url, "data:image/");
                findings.expect(proper, &FILE, path, "not an image");
            }
            "input_file" => {
                findings.only(&UNKNOWN, &path, part, &["type", "filename", "file_data"]);
                text(part, &path, "filename", findings);
                let proper = data_url(&part["file_data"], "data:application/pdf");
                findings.expect(proper, &FILE, path, "not a file");
            }
            _ => {}
        }
    }
}

fn data_url(url: &Value, begins: &str) -> bool {
    let url = url.as_str().filter(|url| url.starts_with(begins));
    let data = url.and_then(|url| url.split_once(";base64,"));
    data.is_some_and(|(_, data)| {
        !data.is_empty()
            && data.len().is_multiple_of(4)
            && data
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
    })
}

/// Whether an item is the model's.
fn of_model(item: &Value) -> bool {
    let kind = &item["type"];
    kind == "reasoning" || kind == "function_call" || item["role"] == "assistant"
}

pub(super) fn see(body: &Value) -> Seen {
    let items = body["input"].as_array().cloned().unwrap_or_default();
    let said = |item: &Value| {
        let parts = item["content"].as_array().into_iter().flatten();
        let texts = parts.filter_map(|part| part["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    };
    let before = |at: usize| at.checked_sub(1).and_then(|at| items.get(at));
    let begins =
        |(at, item): &(usize, &Value)| of_model(item) && !before(*at).is_some_and(of_model);
    let since = items.iter().rposition(of_model).map_or(0, |at| at + 1);
    let tools = body["tools"].as_array().into_iter().flatten();
    let name = |tool: &Value| tool["name"].as_str().unwrap_or_default().to_owned();
    let results = items[since..].iter();
    let results = results.filter(|item| item["type"] == "function_call_output");
    let output = |item: &Value| item["output"].as_str().unwrap_or_default().to_owned();
    Seen {
        number: 0,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        streaming: body["stream"] == true,
        tools: tools.map(name).collect(),
        answers: items.iter().enumerate().filter(begins).count(),
        results: results.map(output).collect(),
        prompt: items
            .iter()
            .rfind(|item| item["role"] == "user")
            .map(said)
            .unwrap_or_default(),
        body: body.clone(),
    }
}
