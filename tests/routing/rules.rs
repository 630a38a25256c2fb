//! Rules of the user's own: they route, and they set fields of the request.

use serde_json::{Value, json};

use super::{builder, send, upstream};

fn rules() -> Value {
    json!([
        { "name": "cap", "when": { "model": "claude-*" }, "set": { "max_tokens": 100, "output_config.effort": "low" } },
        { "name": "night", "when": { "header": { "x-job": "nightly*" } }, "route": "main,other-m", "set": { "max_tokens": 50, "temperature": 0.1 } },
        { "name": "files", "when": { "tools": ["mcp__files__*"], "tokens": { "under": 1000 } }, "route": "main,agent-m" },
        { "name": "legal", "when": { "system": "You are a lawyer", "image": false }, "route": "main,think-m" },
        { "name": "here", "when": { "project": "api", "effort": "high" }, "route": "main,long-m" },
        { "name": "seen", "when": { "image": true, "thinking": true }, "route": "main,search-m" },
    ])
}

fn ask(change: Value) -> Value {
    let mut body =
        json!({ "model": "m", "max_tokens": 8, "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn each_condition_decides_and_the_rule_is_told_by_its_name() {
    let upstream = upstream().await;
    let host = builder(&upstream)
        .edit(|config| config["router"]["rules"] = rules())
        .start();
    let image = json!([{ "role": "user", "content": [{ "type": "image", "source": { "type": "url", "url": "https://x.test/a.png" } }] }]);
    let tool = json!([{ "name": "mcp__files__read", "input_schema": {} }]);
    let directory = "Primary working directory: /home/me/api";
    for (change, header, route) in [
        (json!({}), "", "default"),
        (json!({}), "Nightly-7", "night"),
        (json!({ "tools": tool }), "", "files"),
        (json!({ "tools": [{ "name": "Read" }] }), "", "default"),
        (json!({ "system": "You are a lawyer." }), "", "legal"),
        (
            json!({ "system": directory, "output_config": { "effort": "high" } }),
            "",
            "here",
        ),
        (
            json!({ "system": directory, "output_config": { "effort": "low" } }),
            "",
            "default",
        ),
        (
            json!({ "messages": image, "thinking": { "type": "adaptive" } }),
            "",
            "seen",
        ),
        // Who names provider and model is not rerouted.
        (json!({ "model": "main,blind-m" }), "nightly", "explicit"),
    ] {
        let reply = send(&host, &ask(change.clone()), &[("x-job", header)]).await;
        assert_eq!(reply.header("x-transom-route"), Some(route), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_set_and_every_other_byte_stays() {
    let upstream = upstream().await;
    let host = builder(&upstream)
        .edit(|config| config["router"]["rules"] = rules())
        .start();
    let body = r#"{ "max_tokens" : 9999, "model":"claude-x", "messages": [ {"role":"user","content":"é"} ],"extra":[1 ,2]}"#;
    let headers = [("x-job", "nightly")];
    let post = crate::harness::client::post;
    let reply = post(host.base(), "/v1/messages", &headers, body.as_bytes()).await;
    assert_eq!(reply.header("x-transom-route"), Some("night"));
    let sent = upstream.requests().remove(0).body;
    // The first rule that sets a field wins; both have set something.
    let expected = r#"{"output_config":{"effort":"low"},"temperature":0.1, "max_tokens" : 100, "model":"other-m", "messages": [ {"role":"user","content":"é"} ],"extra":[1 ,2]}"#;
    assert_eq!(String::from_utf8(sent).unwrap(), expected);
}
