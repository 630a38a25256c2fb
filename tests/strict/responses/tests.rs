//! Each rule fires on the request that breaks it, and none on a proper one.

use serde_json::{Value, json};

use super::{Responses, answers::encrypted};
use crate::strict::{broken_rules, request};

const BEARER: (&str, &str) = ("authorization", "Bearer k");
const TARGET: &str = "/v1/responses";

fn proper() -> Value {
    json!({
        "model": "gpt-5.4",
        "instructions": "Be brief.",
        "input": [
            { "type": "message", "role": "user", "content": [
                { "type": "input_text", "text": "Read both." },
                { "type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGVsbG8=" },
                { "type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0=" },
            ] },
            {
                "type": "reasoning", "id": "rs_1", "summary": [],
                "encrypted_content": encrypted("rs_1"),
            },
            { "type": "message", "role": "assistant", "phase": "commentary", "content": [
                { "type": "output_text", "text": "I look." },
            ] },
            { "type": "function_call", "call_id": "a", "name": "Read", "arguments": "{}" },
            { "type": "function_call", "call_id": "b", "name": "Bash", "arguments": "{\"c\":1}" },
            { "type": "function_call_output", "call_id": "b", "output": "B" },
            { "type": "function_call_output", "call_id": "a", "output": "A" },
            { "type": "message", "role": "system", "content": [{ "type": "input_text", "text": "s" }] },
        ],
        "tools": [{
            "type": "function", "name": "Read", "description": "reads", "strict": true,
            "parameters": { "type": "object", "properties": {}, "additionalProperties": false },
        }],
        "tool_choice": { "type": "function", "name": "Read" },
        "parallel_tool_calls": false,
        "reasoning": { "effort": "xhigh", "summary": "auto" },
        "max_output_tokens": 16,
        "store": false,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "p",
        "stream": true,
    })
}

fn rules(target: &str, headers: &[(&str, &str)], body: &Value) -> Vec<&'static str> {
    let responses = Responses::new("k", &["gpt-5.4", "gpt-4.1"]);
    broken_rules(&responses, &request(target, headers, body))
}

/// The rules that fire once `change` was made to a proper request.
fn after(change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
    let mut body = proper();
    change(&mut body);
    rules(TARGET, &[BEARER], &body)
}

/// The same with another value at `pointer`.
fn with(pointer: &str, value: Value) -> Vec<&'static str> {
    after(|body| *body.pointer_mut(pointer).expect("it is there") = value)
}

#[test]
fn a_proper_request_breaks_no_rule() {
    assert_eq!(after(|_| ()), Vec::<&str>::new());
}

#[test]
fn each_rule_of_the_conversation_fires_on_what_breaks_it() {
    let list = |body: &mut Value, change: fn(&mut Vec<Value>)| {
        change(body["input"].as_array_mut().expect("a list"));
    };
    let without = |at: fn(&mut Vec<Value>)| after(|body| list(body, at));
    assert_eq!(
        without(|all| drop(all.remove(6))),
        ["output-for-each-call"; 2]
    );
    assert_eq!(without(|all| drop(all.remove(4))), ["output-for-each-call"]);
    assert_eq!(without(|all| all.swap(6, 7)), ["output-for-each-call"]);
    assert_eq!(
        without(|all| drop(all.drain(2..7))),
        ["reasoning-is-followed"]
    );
    assert_eq!(without(|all| all.truncate(2)), ["reasoning-is-followed"]);
    let long = "c".repeat(65);
    for id in ["functions.Read:0", long.as_str()] {
        let broken = after(|body| {
            body["input"][3]["call_id"] = json!(id);
            body["input"][6]["call_id"] = json!(id);
        });
        assert_eq!(broken, ["call-id"], "{id}");
    }
    assert_eq!(
        with("/input/1/encrypted_content", Value::Null),
        ["reasoning-as-it-was"]
    );
    assert_eq!(with("/input/1/id", json!("rs_2")), ["reasoning-as-it-was"]);
    assert_eq!(with("/input/1/summary", Value::Null), ["type"]);
    assert_eq!(
        with("/input/2/content/0/type", json!("input_text")),
        ["content-of-role"]
    );
    assert_eq!(
        with("/input/7/role", json!("assistant")),
        ["content-of-role"]
    );
    assert_eq!(with("/input/3/arguments", json!({})), ["type", "type"]);
    assert_eq!(
        with("/input/4/call_id", json!("a")),
        ["call-id-twice", "output-for-each-call"]
    );
    assert_eq!(
        with("/input/0/content/1/image_url", json!("aGVsbG8=")),
        ["image-or-file"]
    );
    assert_eq!(
        with("/input/0/content/2/file_data", json!("JVBERi0=")),
        ["image-or-file"]
    );
    assert_eq!(
        after(|body| body["input"][3]["id"] = json!("fc_1")),
        ["unknown-parameter"]
    );
}

#[test]
fn each_rule_of_parameters_and_tools_fires_on_what_breaks_it() {
    assert_eq!(
        after(|body| body["max_tokens"] = json!(1)),
        ["unknown-parameter"]
    );
    assert_eq!(with("/max_output_tokens", json!(1)), ["least-output"]);
    assert_eq!(after(|body| body["temperature"] = json!(1)), ["sampling"]);
    assert_eq!(with("/reasoning/effort", json!("max")), ["reasoning"]);
    assert_eq!(with("/store", json!(true)), ["nothing-is-stored"]);
    assert_eq!(with("/include", json!([])), ["nothing-is-stored"]);
    assert_eq!(
        with("/model", json!("gpt-4.1")),
        ["nothing-is-stored", "reasoning"]
    );
    assert_eq!(
        with("/tools/0/name", json!("a b")),
        ["function-name", "tool-choice"]
    );
    assert_eq!(
        with("/tools/0/parameters", json!({ "type": "object" })),
        ["strict-schema"]
    );
    assert_eq!(with("/tool_choice", json!("any")), ["tool-choice"]);
    assert_eq!(with("/tools", json!([])), ["tool-choice", "type"]);
    let format =
        json!({ "format": { "type": "json_schema", "name": "o", "schema": {}, "strict": true } });
    assert_eq!(after(|body| body["text"] = format), ["strict-schema"]);
}

#[test]
fn path_model_and_credential_are_openais_own() {
    assert_eq!(
        rules("/v1/chat/completions", &[BEARER], &proper()),
        ["path"]
    );
    assert_eq!(rules(TARGET, &[], &proper()), ["auth"]);
    let both = [BEARER, ("x-api-key", "k")];
    assert_eq!(rules(TARGET, &both, &proper()), ["auth"]);
    assert_eq!(with("/model", json!("gpt-9"))[0], "model");
}
