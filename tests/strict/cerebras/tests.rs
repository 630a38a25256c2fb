//! Each rule fires on the request that breaks it, and none on a proper one.

use serde_json::{Value, json};

use super::{Cerebras, proper};
use crate::harness::client;
use crate::strict::{Delivery, Fault, Strict, Turn, broken_rules, request};

const TARGET: &str = "/v1/chat/completions";
const BEARER: (&str, &str) = ("authorization", "Bearer k");

fn cerebras() -> Cerebras {
    Cerebras::new("k", &["gpt-oss-120b", "qwen-3.8-27b"])
}

fn rules(body: &Value) -> Vec<&'static str> {
    broken_rules(&cerebras(), &request(TARGET, &[BEARER], body))
}

/// The rules that fire once `change` was made to a proper request.
fn after(change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
    let mut body = proper();
    change(&mut body);
    rules(&body)
}

fn with_messages(messages: Value) -> Vec<&'static str> {
    after(|body| body["messages"] = messages)
}

fn call(id: &str) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": "Bash", "arguments": "{}" } })
}

fn tool() -> Value {
    json!({ "type": "function", "function": {
        "name": "Bash", "description": "runs", "parameters": { "type": "object", "properties": {} },
    } })
}

#[test]
fn a_proper_conversation_breaks_no_rule() {
    assert!(rules(&proper()).is_empty());
    let broken = after(|body| {
        body["messages"] = json!([
            { "role": "system", "content": "s" },
            { "role": "user", "content": "hi" },
            { "role": "assistant", "reasoning": "hm", "tool_calls": [call("a"), call("b")] },
            { "role": "tool", "tool_call_id": "b", "content": "2" },
            { "role": "tool", "tool_call_id": "a", "content": "1" },
            { "role": "system", "content": "again" },
            { "role": "assistant", "content": "done" },
            { "role": "user", "content": [{ "type": "text", "text": "more" }] },
        ]);
        body["tools"] = json!([tool()]);
        body["tool_choice"] = json!("auto");
        body["reasoning_effort"] = json!("low");
        body["max_completion_tokens"] = json!(16384);
    });
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn path_and_credential_are_checked() {
    let elsewhere = request("/v1/messages", &[BEARER], &proper());
    assert_eq!(broken_rules(&cerebras(), &elsewhere), ["path"]);
    for headers in [
        &[][..],
        &[("authorization", "Bearer x")],
        &[BEARER, ("x-api-key", "k")],
    ] {
        let request = request(TARGET, headers, &proper());
        assert_eq!(broken_rules(&cerebras(), &request), ["auth"]);
    }
}

#[test]
fn unknown_properties_are_refused_wherever_they_are() {
    let places: [fn(&mut Value); 8] = [
        |body| body["thinking"] = json!({}),
        |body| body["messages"][0]["cache_control"] = json!({}),
        |body| {
            body["messages"][0]["content"] =
                json!([{ "type": "text", "text": "a", "cache_control": {} }]);
        },
        |body| body["stream_options"]["x"] = json!(1),
        |body| {
            body["messages"] =
                json!([{ "role": "assistant", "content": "a", "reasoning_content": "b" }]);
        },
        |body| {
            let mut tool = tool();
            tool["cache_control"] = json!({});
            body["tools"] = json!([tool]);
        },
        |body| {
            let mut tool = tool();
            tool["function"]["parameters"]["cache_control"] = json!({});
            body["tools"] = json!([tool]);
        },
        |body| {
            let mut call = call("a");
            call["function"]["extra"] = json!(1);
            body["messages"] = json!([
                { "role": "assistant", "tool_calls": [call] },
                { "role": "tool", "tool_call_id": "a", "content": "" },
            ]);
        },
    ];
    for place in places {
        assert_eq!(after(place), ["unknown-property"]);
    }
}

#[test]
fn every_call_is_answered_right_behind_it() {
    let user = json!({ "role": "user", "content": "hi" });
    let asks = json!({ "role": "assistant", "tool_calls": [call("a")] });
    let answers = json!({ "role": "tool", "tool_call_id": "a", "content": "1" });
    assert_eq!(with_messages(json!([user, asks])), ["call-not-answered"]);
    let late = with_messages(json!([user, asks, user, answers]));
    assert_eq!(late, ["call-not-answered", "orphan-tool-message"]);
    assert_eq!(
        with_messages(json!([user, answers])),
        ["orphan-tool-message"]
    );
    let twice = json!([asks, answers, asks, answers]);
    assert_eq!(with_messages(twice), ["tool-call-id"]);
}

#[test]
fn messages_have_known_roles_and_plain_types() {
    assert_eq!(with_messages(json!([])), ["no-messages"]);
    assert_eq!(
        with_messages(json!([{ "role": "human", "content": "a" }])),
        ["role"]
    );
    assert_eq!(
        with_messages(json!([{ "role": "user", "content": [] }])),
        ["type"]
    );
    assert_eq!(with_messages(json!([{ "role": "assistant" }])), ["type"]);
    assert_eq!(
        with_messages(json!([{ "role": "user", "content": "a", "name": null }])),
        ["null"]
    );
    let mut object = call("a");
    object["function"]["arguments"] = json!({});
    let messages = json!([
        { "role": "assistant", "tool_calls": [object] },
        { "role": "tool", "tool_call_id": "a", "content": "" },
    ]);
    assert_eq!(with_messages(messages), ["arguments"]);
}

#[test]
fn tools_are_checked() {
    let with_tool = |change: fn(&mut Value)| {
        let mut tool = tool();
        change(&mut tool["function"]);
        after(|body| body["tools"] = json!([tool]))
    };
    assert_eq!(after(|body| body["tools"] = json!([])), ["type"]);
    assert_eq!(
        after(|body| body["tools"] = json!([tool(), tool()])),
        ["tool-name"]
    );
    assert_eq!(
        with_tool(|function| function["name"] = json!("a.b")),
        ["tool-name"]
    );
    assert_eq!(
        with_tool(|function| function["strict"] = json!(true)),
        ["strict-schema"]
    );
    assert_eq!(
        with_tool(|function| function["parameters"]["definitions"] = json!({})),
        ["definitions"]
    );
    assert_eq!(
        after(|body| body["tool_choice"] = json!("auto")),
        ["tool-choice"]
    );
    let unknown = after(|body| {
        body["tools"] = json!([tool()]);
        body["tool_choice"] = json!("any");
    });
    assert_eq!(unknown, ["tool-choice"]);
}

#[test]
fn parameters_are_checked() {
    assert_eq!(
        after(|body| body["model"] = json!("cerebras,gpt-oss-120b")),
        ["model"]
    );
    assert_eq!(
        after(|body| body["reasoning_effort"] = json!("none")),
        ["reasoning-effort"]
    );
    assert_eq!(
        after(|body| body["reasoning_effort"] = json!("max")),
        ["type"]
    );
    assert_eq!(
        after(|body| body["disable_reasoning"] = json!(true)),
        ["retired-parameter"]
    );
    assert_eq!(
        after(|body| body["max_completion_tokens"] = json!(0)),
        ["type"]
    );
    assert_eq!(
        after(|body| body["stop"] = json!(["1", "2", "3", "4", "5"])),
        ["type"]
    );
    assert_eq!(after(|body| body["seed"] = json!(null)), ["null"]);
    let both = after(|body| {
        body["tools"] = json!([tool()]);
        body["response_format"] = json!({ "type": "text" });
    });
    assert_eq!(both, ["tools-with-response-format"]);
}

async fn ask(strict: &Strict, body: &Value) -> client::Reply {
    client::post(
        &strict.url(),
        TARGET,
        &[BEARER],
        body.to_string().as_bytes(),
    )
    .await
}

#[tokio::test]
async fn a_violation_is_counted_and_refused_with_a_flat_body() {
    let strict = Strict::turns(cerebras(), vec![Turn::text("hello")]).await;
    let mut body = proper();
    body["store"] = json!(true);
    let reply = ask(&strict, &body).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["code"], "wrong_api_format");
    assert_eq!(
        reply.json()["message"],
        "store: property 'store' is unsupported"
    );
    assert_eq!(strict.violations()[0].path, "store");
    assert!(strict.seen().is_empty());
}

#[tokio::test]
async fn tool_calls_are_streamed_whole_and_the_end_carries_usage() {
    let turn = Turn::call("Bash", &json!({ "command": "ls" }))
        .reasoning("think")
        .saying("text");
    let strict = Strict::turns(cerebras(), vec![turn]).await;
    let reply = ask(&strict, &proper()).await;
    let events: Vec<Value> = reply
        .events()
        .iter()
        .map(super::super::super::harness::sse::Event::json)
        .collect();
    let calls: Vec<&Value> = events
        .iter()
        .filter(|event| event["choices"][0]["delta"].get("tool_calls").is_some())
        .collect();
    assert_eq!(calls.len(), 1);
    let call = &calls[0]["choices"][0]["delta"]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], "{\"command\":\"ls\"}");
    assert_eq!(call["id"].as_str().map(str::len), Some(9));
    let finishing: Vec<&Value> = events
        .iter()
        .filter(|event| event["choices"][0].get("finish_reason").is_some())
        .collect();
    assert_eq!(finishing.len(), 1);
    assert!(finishing[0]["usage"]["prompt_tokens"].is_u64());
    assert_eq!(
        reply.events().last().map(|event| event.data.clone()),
        Some("[DONE]".to_owned())
    );
}

#[tokio::test]
async fn faults_are_told_in_the_providers_words() {
    let strict = Strict::turns(
        cerebras(),
        vec![Turn::text("x").failing(Fault::ContextOverflow)],
    )
    .await;
    let reply = ask(&strict, &proper()).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .text()
            .contains("Please reduce the length of the messages")
    );
    let turn = Turn::text("whole")
        .failing(Fault::StreamError)
        .delivered(Delivery::Whole);
    let strict = Strict::turns(cerebras(), vec![turn]).await;
    assert!(ask(&strict, &proper()).await.text().contains("status_code"));
    let mut body = proper();
    body["stream"] = json!(false);
    let reply = ask(&strict, &body).await;
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "whole");
}
