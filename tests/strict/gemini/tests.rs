//! Each rule fires on the request that breaks it, and none on a proper one.

use serde_json::{Value, json};

use super::{Gemini, signatures::sign};
use crate::strict::{broken_rules, request};

const KEY: (&str, &str) = ("x-goog-api-key", "k");
const TARGET: &str = "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse";

fn proper() -> Value {
    json!({
        "systemInstruction": { "parts": [{ "text": "Be brief." }] },
        "contents": [
            { "role": "user", "parts": [
                { "text": "Read both." },
                { "inlineData": { "mimeType": "image/png", "data": "aGVsbG8=" } },
            ] },
            { "role": "model", "parts": [
                { "text": "I look." },
                {
                    "functionCall": { "id": "a", "name": "Read", "args": { "p": 1 } },
                    "thoughtSignature": sign("Read"),
                },
                { "functionCall": { "id": "b", "name": "Bash", "args": {} } },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "id": "a", "name": "Read", "response": { "output": "A" } } },
                { "functionResponse": { "id": "b", "name": "Bash", "response": { "error": "B" } } },
                { "text": "Go on." },
            ] },
        ],
        "tools": [{ "functionDeclarations": [{
            "name": "Read", "description": "reads",
            "parametersJsonSchema": {
                "type": "object",
                "properties": { "p": { "type": "integer", "minimum": 1 } },
                "additionalProperties": false,
            },
        }] }],
        "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["Read"] } },
        "generationConfig": {
            "maxOutputTokens": 10, "temperature": 0.5, "stopSequences": ["END"],
            "thinkingConfig": { "includeThoughts": true, "thinkingLevel": "LOW" },
        },
    })
}

fn rules(target: &str, headers: &[(&str, &str)], body: &Value) -> Vec<&'static str> {
    let gemini = Gemini::new("k", &["gemini-3.8-flash", "gemini-2.5-pro"]);
    broken_rules(&gemini, &request(target, headers, body))
}

/// The rules that fire once the value at `pointer` of a proper request is another one.
fn with(pointer: &str, value: Value) -> Vec<&'static str> {
    let mut body = proper();
    *body.pointer_mut(pointer).expect("it is there") = value;
    rules(TARGET, &[KEY], &body)
}

/// The same with a member more.
fn more(pointer: &str, name: &str, value: Value) -> Vec<&'static str> {
    let mut body = proper();
    body.pointer_mut(pointer).expect("it is there")[name] = value;
    rules(TARGET, &[KEY], &body)
}

#[test]
fn a_proper_request_breaks_no_rule() {
    assert_eq!(rules(TARGET, &[KEY], &proper()), Vec::<&str>::new());
}

#[test]
fn each_rule_of_the_conversation_fires_on_what_breaks_it() {
    assert_eq!(with("/contents/0/role", json!("system")), ["role"]);
    assert_eq!(
        with("/contents/2/role", json!("model")),
        ["turns", "role", "role", "responses-follow-calls"]
    );
    assert_eq!(with("/contents/0/parts", json!([])), ["empty"]);
    assert_eq!(with("/contents/0/parts/0", json!({})), ["empty"]);
    assert_eq!(
        more("/contents/0/parts/0", "thought", json!(true)),
        ["thought", "unknown-name"]
    );
    assert_eq!(more("/contents/0", "name", json!("x")), ["unknown-name"]);
    let call = json!({ "text": "not called" });
    assert_eq!(
        with("/contents/1/parts/2", call),
        ["responses-follow-calls"]
    );
    assert_eq!(
        with("/contents/2/parts/1/functionResponse/name", json!("Read")),
        ["responses-name-their-calls"]
    );
    assert_eq!(
        with("/contents/1/parts/2/functionCall/args", json!("{}")),
        ["objects"]
    );
    assert_eq!(
        with("/contents/2/parts/0/functionResponse/response", json!("A")),
        ["objects"]
    );
    assert_eq!(
        with(
            "/contents/0/parts/1/inlineData/data",
            json!("data:image/png;base64,aGVsbG8=")
        ),
        ["inline-data"]
    );
}

#[test]
fn a_signature_must_be_there_and_in_its_place() {
    let unsigned = json!({ "functionCall": { "id": "a", "name": "Read", "args": {} } });
    assert_eq!(
        with("/contents/1/parts/1", unsigned.clone()),
        ["thought-signature"]
    );
    let signature = "/contents/1/parts/1/thoughtSignature";
    assert_eq!(
        with(signature, json!(sign("Bash"))),
        ["signature-in-its-place"]
    );
    assert_eq!(
        with(signature, json!("skip_thought_signature_validator")),
        Vec::<&str>::new()
    );
    let mut body = proper();
    body["contents"][1]["parts"][1] = unsigned;
    let contents = body["contents"].as_array_mut().expect("a list");
    contents.push(json!({ "role": "model", "parts": [{ "text": "Done." }] }));
    contents.push(json!({ "role": "user", "parts": [{ "text": "More." }] }));
    assert_eq!(
        rules(TARGET, &[KEY], &body),
        Vec::<&str>::new(),
        "an earlier turn"
    );
}

#[test]
fn each_rule_of_parameters_and_tools_fires_on_what_breaks_it() {
    let function = "/tools/0/functionDeclarations/0";
    let schema = "/tools/0/functionDeclarations/0/parametersJsonSchema";
    let config = "/generationConfig";
    assert_eq!(more("", "max_tokens", json!(1)), ["unknown-name"]);
    assert_eq!(more(config, "maxTokens", json!(1)), ["unknown-name"]);
    assert_eq!(
        with("/generationConfig/maxOutputTokens", json!("1")),
        ["type"]
    );
    let six = json!(["1", "2", "3", "4", "5", "6"]);
    assert_eq!(
        with("/generationConfig/stopSequences", six),
        ["stop-sequences"]
    );
    let thinking = "/generationConfig/thinkingConfig";
    assert_eq!(
        with(&format!("{thinking}/thinkingLevel"), json!("MAX")),
        ["thinking"]
    );
    assert_eq!(more(thinking, "thinkingBudget", json!(1024)), ["thinking"]);
    assert_eq!(more(config, "responseJsonSchema", json!({})), ["format"]);
    assert_eq!(more(schema, "$schema", json!("x")), ["schema-word"]);
    assert_eq!(
        more(
            &format!("{schema}/properties/p"),
            "exclusiveMinimum",
            json!(0)
        ),
        ["schema-word"]
    );
    assert_eq!(
        more(
            &format!("{schema}/properties/p"),
            "$ref",
            json!("#/$defs/x")
        )
        .first(),
        Some(&"schema-reference")
    );
    assert_eq!(more(function, "strict", json!(true)), ["unknown-name"]);
    assert_eq!(
        with(&format!("{function}/name"), json!("3d")),
        ["function-name", "tool-choice"]
    );
    let twice = proper()["tools"][0]["functionDeclarations"][0].clone();
    assert_eq!(
        with("/tools/0/functionDeclarations", json!([twice, twice])),
        ["function-twice"]
    );
    let mode = "/toolConfig/functionCallingConfig/mode";
    assert_eq!(with(mode, json!("AUTO")), ["tool-choice"]);
}

#[test]
fn path_model_and_credential_are_geminis_own() {
    let whole = "/v1beta/models/gemini-3.8-flash:generateContent";
    assert_eq!(rules(whole, &[KEY], &proper()), Vec::<&str>::new());
    for target in [
        "/v1beta/openai/chat/completions",
        "/v1beta/models/gemini-3.8-flash:streamGenerateContent",
        "/models/gemini-3.8-flash:generateContent",
    ] {
        assert_eq!(rules(target, &[KEY], &proper()), ["path"], "{target}");
    }
    let other = "/v1beta/models/gemini-9:generateContent";
    assert!(rules(other, &[KEY], &proper()).contains(&"model"));
    assert_eq!(
        rules(TARGET, &[("x-goog-api-key", "other")], &proper()),
        ["auth"]
    );
    let both = [KEY, ("authorization", "Bearer k")];
    assert_eq!(rules(TARGET, &both, &proper()), ["auth"]);
}
