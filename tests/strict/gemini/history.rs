//! The conversation: two roles in turn, parts of one kind each, and a response for each call.

use serde_json::Value;

use super::{TYPE, UNKNOWN, text};
use crate::strict::{Findings, Rule, Seen, each, join};

static ROLE: Rule = Rule {
    id: "role",
    source: "refused in words: Please use a valid role: user, model",
};
static TURNS: Rule = Rule {
    id: "turns",
    source: "a guess on the safe side: the roles take turns and the user begins; refused in words is a call \
             that does not come immediately after a user turn or after a function response turn",
};
static EMPTY: Rule = Rule {
    id: "empty",
    source: "refused in words: contents.parts must not be empty; required oneof field 'data' must have one \
             initialized field",
};
static RESPONSES: Rule = Rule {
    id: "responses-follow-calls",
    source: "refused in words: Please ensure that the number of function response parts is equal to the \
             number of function call parts of the function call turn (gemini-cli issue 7410)",
};
static ORDER: Rule = Rule {
    id: "responses-name-their-calls",
    source: "google-genai 3.4.0, FunctionResponse: name and id match those of the call; their order as the \
             calls' is a guess on the safe side",
};
static OBJECTS: Rule = Rule {
    id: "objects",
    source: "google-genai 3.4.0, FunctionCall.args and FunctionResponse.response: JSON objects",
};
static BLOB: Rule = Rule {
    id: "inline-data",
    source: "google-genai 3.4.0, Blob: a MIME type and base64, without a data: prefix",
};
static THOUGHT: Rule = Rule {
    id: "thought",
    source: "a guess on the safe side: summaries of thoughts are not sent back",
};

const PART: &[&str] = &[
    "text",
    "thoughtSignature",
    "inlineData",
    "functionCall",
    "functionResponse",
];

pub(super) fn check(body: &Value, findings: &mut Findings) {
    if let Some(system) = body.get("systemInstruction") {
        findings.only(&UNKNOWN, "systemInstruction", system, &["parts", "role"]);
        for (path, part) in each(system, "systemInstruction", "parts") {
            findings.only(&UNKNOWN, &path, part, &["text"]);
            text(part, &path, "text", findings);
        }
    }
    let some = body["contents"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    findings.expect(some, &EMPTY, "contents", "none");
    let mut calls: Vec<&Value> = Vec::new();
    let mut before = "model";
    for (path, content) in each(body, "", "contents") {
        findings.only(&UNKNOWN, &path, content, &["role", "parts"]);
        let role = content["role"].as_str().unwrap_or_default();
        let known = role == "user" || role == "model";
        findings.expect(known, &ROLE, join(&path, "role"), role);
        findings.expect(role != before, &TURNS, path.as_str(), role);
        before = role;
        let some = content["parts"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
        findings.expect(some, &EMPTY, join(&path, "parts"), "none");
        for (path, part) in each(content, &path, "parts") {
            check_part(&path, part, role, findings);
        }
        answered(&path, content, &calls, findings);
        calls = parts(content, "functionCall").collect();
    }
    let answered = calls.is_empty() && before == "user";
    findings.expect(answered, &RESPONSES, "contents", "the last call");
}

fn parts<'a>(content: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    let parts = content["parts"].as_array().into_iter().flatten();
    parts.filter_map(move |part| part.get(kind))
}

/// The responses of a content answer the calls of the one before.
fn answered(path: &str, content: &Value, calls: &[&Value], findings: &mut Findings) {
    let responses: Vec<&Value> = parts(content, "functionResponse").collect();
    let numbers = format!("{} for {} calls", responses.len(), calls.len());
    findings.expect(responses.len() == calls.len(), &RESPONSES, path, numbers);
    for (call, response) in calls.iter().zip(&responses) {
        let same = call["name"] == response["name"] && call.get("id") == response.get("id");
        findings.expect(same, &ORDER, path, format!("{response} for {call}"));
    }
    let all = content["parts"].as_array().into_iter().flatten();
    let first = all.take(responses.len());
    let first = first.filter(|part| part.get("functionResponse").is_some());
    findings.expect(
        first.count() == responses.len(),
        &RESPONSES,
        path,
        "not at the beginning",
    );
}

fn check_part(path: &str, part: &Value, role: &str, findings: &mut Findings) {
    findings.expect(part.get("thought").is_none(), &THOUGHT, path, "a thought");
    findings.only(&UNKNOWN, path, part, PART);
    let kinds = ["text", "inlineData", "functionCall", "functionResponse"];
    let data = kinds
        .iter()
        .filter(|kind| part.get(**kind).is_some())
        .count();
    findings.expect(data == 1, &EMPTY, path, format!("{data} kinds of data"));
    if part.get("text").is_some() {
        text(part, path, "text", findings);
    }
    if let Some(blob) = part.get("inlineData") {
        findings.only(&UNKNOWN, path, blob, &["mimeType", "data"]);
        let base64 = |text: &str| {
            !text.is_empty()
                && text.len().is_multiple_of(4)
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
        };
        let kind = blob["mimeType"]
            .as_str()
            .is_some_and(|kind| kind.contains('/'));
        let proper = kind && blob["data"].as_str().is_some_and(base64);
        findings.expect(proper, &BLOB, path, "not plain base64");
    }
    for (kind, of, objects) in [
        ("functionCall", "model", "args"),
        ("functionResponse", "user", "response"),
    ] {
        let Some(function) = part.get(kind) else {
            continue;
        };
        let path = join(path, kind);
        findings.only(&UNKNOWN, &path, function, &["id", "name", objects]);
        findings.expect(role == of, &ROLE, path.as_str(), role);
        text(function, &path, "name", findings);
        let object = function[objects].is_object();
        findings.expect(object, &OBJECTS, join(&path, objects), function.to_string());
    }
    if let Some(response) = part.pointer("/functionResponse/response") {
        let known = ["output", "error"];
        findings.only(
            &TYPE,
            &join(path, "functionResponse.response"),
            response,
            &known,
        );
    }
}

pub(super) fn see(body: &Value, model: &str, streaming: bool) -> Seen {
    let contents = body["contents"].as_array().cloned().unwrap_or_default();
    let role = |content: &Value, role: &str| content["role"] == role;
    let last_answer = contents.iter().rposition(|one| role(one, "model"));
    let since = &contents[last_answer.map_or(0, |at| at + 1)..];
    let said = |content: &Value| {
        let texts = content["parts"].as_array().into_iter().flatten();
        let texts = texts.filter_map(|part| part["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    };
    let result = |response: &Value| {
        let response = &response["response"];
        let said = response["output"].as_str().or(response["error"].as_str());
        said.unwrap_or_default().to_owned()
    };
    let tools = body.pointer("/tools/0/functionDeclarations");
    let tools = tools.and_then(Value::as_array).into_iter().flatten();
    let name = |tool: &Value| tool["name"].as_str().unwrap_or_default().to_owned();
    Seen {
        number: 0,
        model: model.to_owned(),
        streaming,
        tools: tools.map(name).collect(),
        answers: contents.iter().filter(|one| role(one, "model")).count(),
        results: since
            .iter()
            .flat_map(|content| parts(content, "functionResponse"))
            .map(result)
            .collect(),
        prompt: contents
            .iter()
            .rfind(|one| role(one, "user"))
            .map(said)
            .unwrap_or_default(),
        body: body.clone(),
    }
}
