//! How many tokens a request has, as clients and routes see it; and thinking and ids of one provider on their way to another.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Upstream};

const COUNT: &str = "/v1/messages/count_tokens?beta=true";

async fn count(base: &str, body: &Value) -> u64 {
    let reply = client::post(base, COUNT, &[], body.to_string().as_bytes()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["input_tokens"].as_u64().expect("a count")
}

fn hello(model: &str, text: &str) -> Value {
    json!({ "model": model, "max_tokens": 64, "messages": [{ "role": "user", "content": text }] })
}

#[tokio::test]
async fn a_provider_that_does_not_count_is_asked_once_and_counted_for() {
    let nowhere = json!({ "type": "error", "error": { "type": "not_found_error", "message": "no such path" } });
    let upstream = Upstream::start(move |_| Answer::json(404, &nowhere)).await;
    let plain = host::provider("plain", &upstream.url(), "anthropic", "m");
    let chat = host::provider("chat", &format!("{}/v1", upstream.url()), "openai", "m");
    let host = Builder::new().provider(plain).provider(chat).start();
    for model in ["plain,m", "chat,m"] {
        // Two words and what stands around a message.
        assert_eq!(count(host.base(), &hello(model, "hello world")).await, 6);
        let long = "hello".to_owned() + &" hello".repeat(999);
        assert_eq!(count(host.base(), &hello(model, &long)).await, 1004);
    }
    assert_eq!(upstream.records().len(), 1);
}

#[tokio::test]
async fn two_dozen_counts_at_once_are_all_answered() {
    let upstream = Upstream::start(|_| Answer::hang_up()).await;
    let chat = host::provider("chat", &format!("{}/v1", upstream.url()), "openai", "m");
    let host = Builder::new().provider(chat).start();
    let base = host.base().to_owned();
    let counts = (1..=25).map(|number| {
        let base = base.clone();
        tokio::spawn(async move { count(&base, &hello("chat,m", &" a".repeat(number))).await })
    });
    for (number, one) in counts.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(one.await.expect("a count"), number as u64 + 5);
    }
}

#[tokio::test]
async fn a_long_context_is_counted_where_its_length_leaves_it_open() {
    let upstream = Upstream::start(|_| Answer::json(500, &json!({}))).await;
    let near = host::provider("near", &upstream.url(), "anthropic", "m");
    let host = Builder::new()
        .provider(near)
        .edit(|config| {
            config["router"]["long_context"] = json!("near,long");
            config["router"]["long_context_threshold"] = json!(1000);
            config["retries"] = json!({ "attempts": 0 });
        })
        .start();
    // Bytes, and whether they are more than a thousand tokens: five letters and a space are one.
    for (text, rule) in [
        ("hello ".repeat(700), "default"),
        ("hello ".repeat(960), "default"),
        ("a b c ".repeat(640), "long_context"),
        ("hello ".repeat(1100), "long_context"),
    ] {
        let reply = client::messages(host.base(), &hello("claude-x", &text)).await;
        assert_eq!(
            reply.header("x-transom-route"),
            Some(rule),
            "{} bytes",
            text.len()
        );
    }
}

#[tokio::test]
async fn the_estimate_of_a_message_follows_what_the_provider_reports() {
    let upstream = Upstream::start(|_| {
        let text = json!({ "choices": [{ "index": 0, "delta": { "content": "Hi" }, "finish_reason": "stop" }] });
        let usage = json!({ "choices": [], "usage": { "prompt_tokens": 3000, "completion_tokens": 1 } });
        Answer::sse(format!("data: {text}\n\ndata: {usage}\n\ndata: [DONE]\n\n").as_bytes())
    })
    .await;
    let chat = host::provider("chat", &format!("{}/v1", upstream.url()), "openai", "m");
    let host = Builder::new().provider(chat).start();
    let mut body = hello("chat,m", &"word ".repeat(800));
    body["stream"] = json!(true);
    let mut estimates = Vec::new();
    for _ in 0..2 {
        let reply = client::messages(host.base(), &body).await;
        let start = reply
            .events()
            .into_iter()
            .find(|event| event.name == "message_start");
        let start = start.expect("a message").json();
        estimates.push(start["message"]["usage"]["input_tokens"].as_u64());
    }
    assert!(
        estimates[0].is_some_and(|first| first < 1100),
        "{estimates:?}"
    );
    assert_eq!(estimates[1], Some(3000));
}

#[tokio::test]
async fn thinking_of_another_provider_is_cut_out_and_every_other_byte_is_passed_on() {
    let upstream =
        Upstream::start(|_| Answer::json(200, &json!({ "type": "message", "content": [] }))).await;
    let plain = host::provider("plain", &upstream.url(), "anthropic", "m");
    let host = Builder::new().provider(plain).start();
    let with = |thoughts: &str, more: &str| {
        format!(
            r#"{{ "model":"m","messages" : [{{"role":"user","content":"a"}},
            {{"content":[{thoughts}{{"type":"text", "text":"\u0062"}}],"role":"assistant"}},{more}
            {{"role":"user","content":"c"}} ],"new":{{"x":1.0}},"max_tokens":9}}"#
        )
    };
    let own = r#"{"type":"thinking","thinking":"t","signature":"EqQBCg"},"#;
    let foreign = r#"{"type":"thinking","thinking":"t","signature":"th1.e30"}, {"type":"thinking","thinking":"t","signature":""} ,
        {"type":"redacted_thinking","data":"th1.e30"},"#;
    let whole =
        r#"{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":""}]},"#;
    for (sent, arrives) in [
        (with(own, ""), with(own, "")),
        (with(&format!("{own}{foreign}"), ""), with(own, "")),
        (with(foreign, ""), with("", "")),
    ] {
        let reply = client::post(host.base(), "/v1/messages", &[], sent.as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let records = upstream.records();
        let body = &records.last().expect("a request").request.body;
        assert_eq!(String::from_utf8_lossy(body), arrives);
    }
    let reply = client::post(
        host.base(),
        "/v1/messages",
        &[],
        with(own, whole).as_bytes(),
    )
    .await;
    assert_eq!(reply.status, 200);
    let last: Value = upstream.records().last().expect("a request").request.json();
    assert_eq!(last["messages"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn ids_of_another_providers_calls_are_fitted_beside_its_thinking_and_every_other_byte_is_passed_on()
 {
    let upstream =
        Upstream::start(|_| Answer::json(200, &json!({ "type": "message", "content": [] }))).await;
    let plain = host::provider("plain", &upstream.url(), "anthropic", "m");
    let host = Builder::new().provider(plain).start();
    let with = |thought: &str, id: &str| {
        format!(
            r#"{{ "model":"m","messages" : [{{"role":"user","content":"a"}},
            {{"content":[{thought}{{"type":"tool_use", "id":"{id}","name":"Read","input":{{"id":"a.b"}}}}],"role":"assistant"}},
            {{"role":"user","content":[{{"tool_use_id" : "{id}","type":"tool_result","content":"\u0062"}}]}} ],"max_tokens":9}}"#
        )
    };
    let foreign = r#"{"type":"thinking","thinking":"t","signature":"th1.e30"},"#;
    for (thought, id) in [
        ("", "toolu_01-Ab"),
        ("", "functions.Read:0"),
        (foreign, "functions.Read:0"),
    ] {
        let sent = with(thought, id);
        let reply = client::post(host.base(), "/v1/messages", &[], sent.as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let last = upstream.records().pop().expect("a request").request;
        let fitted = last.json()["messages"][1]["content"][0]["id"].clone();
        let fitted = fitted.as_str().expect("an id");
        let taken = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        assert!(fitted.chars().all(taken), "{fitted}");
        assert_eq!(fitted == id, id.chars().all(taken), "{fitted}");
        assert_eq!(String::from_utf8_lossy(&last.body), with("", fitted));
    }
}
