//! Each rule fires on the request that breaks it, and none on a proper one.

use serde_json::{Value, json};

use super::Ollama;
use crate::strict::{broken_rules, request};

const BEARER: (&str, &str) = ("authorization", "Bearer k");

fn proper() -> Value {
    json!({
        "model": "m",
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Read both.", "images": ["aGVsbG8="] },
            { "role": "assistant", "content": "", "thinking": "So.", "tool_calls": [
                { "id": "a", "function": { "name": "Read", "arguments": { "p": 1 } } },
                { "id": "b", "function": { "name": "Bash", "arguments": {} } },
            ] },
            { "role": "tool", "content": "A", "tool_name": "Read", "tool_call_id": "a" },
            { "role": "tool", "content": "B", "tool_name": "Bash" },
            { "role": "user", "content": "Go on." },
        ],
        "tools": [{ "type": "function", "function": {
            "name": "Read", "description": "reads", "parameters": { "type": "object" },
        } }],
        "options": { "num_ctx": 4096, "num_predict": 10, "temperature": 0.5, "stop": ["END"] },
        "think": "low",
        "truncate": false,
        "stream": true,
    })
}

fn rules(target: &str, headers: &[(&str, &str)], body: &Value) -> Vec<&'static str> {
    broken_rules(&Ollama::new("k", &["m"]), &request(target, headers, body))
}

/// The rules that fire once `change` was made to a proper request.
fn after(change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
    let mut body = proper();
    change(&mut body);
    rules("/api/chat", &[BEARER], &body)
}

#[test]
fn a_proper_request_breaks_no_rule() {
    assert_eq!(after(|_| ()), Vec::<&str>::new());
}

#[test]
fn each_rule_fires_on_what_breaks_it() {
    let message = |at: usize, name: &'static str, value: Value| {
        after(move |body| body["messages"][at][name] = value)
    };
    assert_eq!(
        after(|body| body["max_tokens"] = 1.into()),
        ["unknown-property"]
    );
    assert_eq!(
        after(|body| body["options"]["seeed"] = 1.into()),
        ["unknown-property"]
    );
    assert_eq!(
        after(|body| body["options"]["num_ctx"] = "4k".into()),
        ["type"]
    );
    assert_eq!(after(|body| body["think"] = "max".into()), ["type"]);
    assert_eq!(after(|body| body["stream"] = Value::Null), ["stream"]);
    assert_eq!(after(|body| body["model"] = "p,m".into()), ["model"]);
    assert_eq!(message(1, "content", json!([])), ["type"]);
    assert_eq!(message(1, "name", json!("x")), ["unknown-property"]);
    assert_eq!(
        message(1, "images", json!(["data:image/png;base64,aGVsbG8="])),
        ["images"]
    );
    assert_eq!(message(1, "thinking", json!("x")), ["thinking"]);
    assert_eq!(message(3, "tool_name", json!("Bash")), ["tool-name"]);
    let text = json!([{ "function": { "name": "Read", "arguments": "{}" } },
        { "function": { "name": "Bash", "arguments": {} } }]);
    assert_eq!(message(2, "tool_calls", text), ["arguments"]);
    let early = after(|body| {
        let messages = body["messages"].as_array_mut().expect("a list");
        messages.swap(4, 5);
    });
    assert_eq!(early, ["results-follow-calls"], "{early:?}");
}

#[test]
fn path_and_credential_are_ollamas_own() {
    assert_eq!(
        rules("/v1/chat/completions", &[BEARER], &proper()),
        ["path"]
    );
    assert_eq!(rules("/api/chat", &[], &proper()), ["auth"]);
}
