//! Each rule fires on the request that breaks it, and none on a proper one.

use serde_json::{Value, json};

use super::Anthropic;
use crate::harness::{client, grammar};
use crate::strict::messages::signature;
use crate::strict::{Strict, Turn, broken_rules, request};

const TARGET: &str = "/v1/messages?beta=true";
const HEADERS: [(&str, &str); 2] = [("x-api-key", "k"), ("anthropic-version", "2023-06-01")];

fn proper() -> Value {
    json!({ "model": "m", "max_tokens": 10, "stream": true, "messages": [{ "role": "user", "content": "hi" }] })
}

fn after(change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
    let mut body = proper();
    change(&mut body);
    broken_rules(&Anthropic::new("k"), &request(TARGET, &HEADERS, &body))
}

fn with_messages(messages: Value) -> Vec<&'static str> {
    after(|body| body["messages"] = messages)
}

fn user() -> Value {
    json!({ "role": "user", "content": "hi" })
}

fn calls(id: &str) -> Value {
    json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": "Bash", "input": {} }] })
}

fn result(id: &str) -> Value {
    json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": "1" }] })
}

fn system() -> Value {
    json!({ "role": "system", "content": "s" })
}

#[test]
fn a_proper_conversation_breaks_no_rule() {
    let thinking = json!({ "type": "thinking", "thinking": "hm", "signature": signature("hm") });
    let broken = after(|body| {
        body["messages"] = json!([
            user(), system(),
            { "role": "assistant", "content": [thinking, { "type": "text", "text": "a" }] },
            user(), calls("a"), result("a"),
        ]);
        body["tools"] = json!([{ "name": "Bash", "input_schema": { "type": "object" } }]);
        body["unknown"] = json!(1);
    });
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn heads_are_checked() {
    let anthropic = Anthropic::new("k");
    let rules =
        |target, headers: &[_]| broken_rules(&anthropic, &request(target, headers, &proper()));
    assert_eq!(rules("/v1/chat/completions", &HEADERS), ["path"]);
    assert_eq!(rules(TARGET, &HEADERS[..1]), ["anthropic-version"]);
    assert_eq!(rules(TARGET, &HEADERS[1..]), ["auth"]);
    let both = [HEADERS[0], HEADERS[1], ("authorization", "Bearer k")];
    assert_eq!(rules(TARGET, &both), ["auth"]);
    assert_eq!(
        rules(TARGET, &[HEADERS[1], ("authorization", "Bearer x")]),
        ["auth"]
    );
    assert!(rules(TARGET, &[HEADERS[1], ("authorization", "Bearer k")]).is_empty());
}

#[test]
fn required_fields_and_types_are_checked() {
    assert_eq!(after(|body| body["max_tokens"] = Value::Null), ["required"]);
    assert_eq!(after(|body| body["stream"] = json!("yes")), ["type"]);
    assert_eq!(
        after(|body| body["system"] = json!([{ "type": "image" }])),
        ["type"]
    );
    assert_eq!(
        after(|body| body["thinking"] = json!({ "type": "enabled", "budget_tokens": 2000 })),
        ["thinking"]
    );
    let new = [HEADERS[0], ("anthropic-version", "2026-10-21")];
    let mut body = proper();
    body["temperature"] = json!(1);
    assert_eq!(
        broken_rules(&Anthropic::new("k"), &request(TARGET, &new, &body)),
        ["sampling"]
    );
    let nested = json!([{ "type": "function", "function": { "name": "Bash" } }]);
    assert_eq!(after(|body| body["tools"] = nested), ["tool"]);
    assert_eq!(
        after(|body| body["tool_choice"] = json!({ "type": "auto" })),
        ["tool-choice"]
    );
    let marked = json!([{ "type": "text", "text": "a", "cache_control": { "type": "ephemeral" } }]);
    let five = Value::Array(
        marked
            .as_array()
            .unwrap()
            .iter()
            .cycle()
            .take(5)
            .cloned()
            .collect(),
    );
    assert_eq!(after(|body| body["system"] = five), ["cache-control"]);
}

#[test]
fn messages_have_their_order() {
    assert_eq!(
        with_messages(json!([calls("a"), result("a")])),
        ["first-message"]
    );
    assert_eq!(with_messages(json!([system(), user()])), ["system-place"]);
    assert_eq!(
        with_messages(json!([user(), system(), user()])),
        ["system-place"]
    );
    assert_eq!(
        with_messages(json!([{ "role": "tool", "content": "a" }])),
        ["role"]
    );
    assert_eq!(
        with_messages(json!([{ "role": "user", "content": [] }])),
        ["content"]
    );
    assert_eq!(
        with_messages(json!([{ "role": "user", "content": [{ "type": "text", "text": "" }] }])),
        ["empty-text"]
    );
    let forged = json!({ "type": "thinking", "thinking": "hm", "signature": "th1.x" });
    assert_eq!(
        with_messages(json!([user(), { "role": "assistant", "content": [forged] }])),
        ["thinking-signature"]
    );
}

#[test]
fn calls_and_results_pair_up() {
    assert_eq!(
        with_messages(json!([user(), calls("a")])),
        ["tool-use-without-result"]
    );
    assert_eq!(
        with_messages(json!([user(), result("a")])),
        ["orphan-tool-result"]
    );
    let between = json!([user(), calls("a"), user(), result("a")]);
    assert_eq!(
        with_messages(between),
        ["tool-use-without-result", "orphan-tool-result"]
    );
    let twice = json!([user(), calls("a"), result("a"), calls("a"), result("a")]);
    assert_eq!(with_messages(twice), ["tool-use-id"]);
    assert_eq!(
        with_messages(json!([user(), calls("a:0"), result("a:0")])),
        ["tool-use-id"]
    );
    let mut late = result("a");
    late["content"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({ "type": "text", "text": "a" }));
    assert_eq!(
        with_messages(json!([user(), calls("a"), late])),
        ["tool-results-first"]
    );
}

#[tokio::test]
async fn its_streams_follow_the_grammar() {
    let turn = Turn::call("Bash", &json!({ "command": "ls" }))
        .reasoning("think")
        .saying("text");
    let strict = Strict::turns(Anthropic::new("k"), vec![turn]).await;
    let reply = client::post(
        &strict.url(),
        TARGET,
        &HEADERS,
        proper().to_string().as_bytes(),
    )
    .await;
    let report = grammar::check(&reply);
    report.assert_clean();
    assert_eq!(
        (report.thinking().as_str(), report.text().as_str()),
        ("think", "text")
    );
    assert_eq!(report.tools()[0].1, json!({ "command": "ls" }));
    strict.assert_no_violation();
}
