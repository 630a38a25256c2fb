//! A key is in the request to its provider and nowhere else: not in what a guest is given, not in
//! an answer, not in the log at its most talkative, even when the upstream echoes it.

use serde_json::{Value, json};

use crate::harness::client::{self, Reply};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::keys::Canary;
use crate::harness::upstream::{Answer, Request, Upstream};
use crate::scene;

mod every_split;

const REDACTED: &str = "[redacted]";

/// Says the key wherever it can: in a header, and in the body in every form of body.
fn echo(request: &Request) -> Answer {
    let key = request
        .header("authorization")
        .or(request.header("x-api-key"));
    let key = key.unwrap_or_default().to_owned();
    let body = request.json();
    let pieces = [format!("your key is {key}"), "that is all".to_owned()];
    if body["messages"][0]["content"] == "fail" {
        let error = json!({ "error": { "type": "auth", "message": format!("bad key {key}") } });
        return Answer::new(401)
            .header("content-type", "application/json")
            .header("x-echo", &key)
            .chunk(error.to_string().as_bytes())
            .end();
    }
    if body["stream"] == true {
        let events = scene::message_events(&pieces).concat();
        return Answer::stream()
            .header("x-echo", &key)
            .chunks_of(7, &events)
            .end();
    }
    let message = scene::message_whole(&pieces).to_string();
    Answer::new(200)
        .header("content-type", "application/json")
        .header("x-echo", &key)
        .chunks_of(11, message.as_bytes())
        .end()
}

/// The provider's key from the environment, a key for clients, and every guest that tells all it knows.
fn host(upstream: &Upstream, key: &Canary, own: &Canary) -> Host {
    let mut builder = Builder::new()
        .env("ECHO_API_KEY", key.key())
        .env("TRANSOM_LOG", "trace")
        .env("TRANSOM_API_KEY", own.key())
        .set("api_key", json!("${TRANSOM_API_KEY}"))
        .component("faulty", &scene::guest("faulty"));
    let kinds = [
        ("answer-dump", "faulty"),
        ("response-dump", "faulty"),
        ("none", "faulty"),
        ("plain", "anthropic"),
    ];
    for (name, transformer) in kinds {
        let mut provider = provider(name, &upstream.url(), transformer, name);
        provider["api_key"] = json!("${ECHO_API_KEY}");
        if transformer == "faulty" {
            provider["options"] = json!({ "fault": name });
        }
        builder = builder.provider(provider);
    }
    builder.start()
}

async fn send(host: &Host, own: &Canary, body: &Value) -> Reply {
    let headers = [
        ("x-api-key", own.key()),
        ("anthropic-version", "2023-06-01"),
    ];
    let body = body.to_string();
    client::post(host.base(), "/v1/messages", &headers, body.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reaches_its_provider_and_nothing_else_however_it_is_echoed() {
    let (key, own) = (Canary::new("provider"), Canary::plain("client"));
    let upstream = Upstream::start(echo).await;
    let host = host(&upstream, &key, &own);
    let mut redacted = 0;
    for model in ["answer-dump", "response-dump", "none", "plain"] {
        let bodies = [
            scene::ask(model, "hi"),
            scene::ask_whole(model, "hi"),
            scene::ask(model, "fail"),
            scene::ask_whole(model, "fail"),
        ];
        for body in bodies {
            let reply = send(&host, &own, &body).await;
            let place = format!("the answer of {model} to {body}");
            key.assert_absent(&place, &reply.everything());
            own.assert_absent(&place, &reply.everything());
            assert!(!reply.body.is_empty(), "{place}");
            redacted += usize::from(reply.text().contains(REDACTED));
        }
    }
    // All but the local answers came from an upstream that said the key.
    assert_eq!(
        redacted, 12,
        "what the upstream echoed is taken out, not lost"
    );
    let requests = upstream.requests();
    assert_eq!(requests.len(), 12);
    for request in &requests {
        let head = request.head.headers.iter();
        let carried = head.filter(|(_, value)| value.contains(key.key())).count();
        assert_eq!(carried, 1, "the key is in one header: {:?}", request.head);
        own.assert_absent("a request to the upstream", &request.body);
        let all = format!("{:?}", request.head);
        own.assert_absent("a head to the upstream", all.as_bytes());
        key.assert_absent("a body to the upstream", &request.body);
    }
    let headers = [("x-api-key", own.key())];
    let status = client::send(host.base(), "GET", "/api/status", &headers, b"").await;
    for (place, bytes) in [
        ("the log", host.log().into_bytes()),
        ("the output", host.stdout().into_bytes()),
        ("the status", status.everything()),
    ] {
        assert!(!bytes.is_empty(), "{place}");
        key.assert_absent(place, &bytes);
        own.assert_absent(place, &bytes);
    }
    assert!(
        host.log().contains("TRACE"),
        "the log is at its most talkative"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_given_no_environment_and_no_header_but_those_of_the_list() {
    let (key, own) = (Canary::new("provider"), Canary::plain("client"));
    let upstream = Upstream::start(echo).await;
    let host = host(&upstream, &key, &own);
    let reply = send(&host, &own, &scene::ask_whole("answer-dump", "hi")).await;
    let message = reply.json();
    let told = message["content"][0]["text"].as_str().unwrap_or_default();
    for expected in [
        "environment: []",
        "arguments: []",
        "headers: [(\"anthropic-version\", \"2023-06-01\")]",
        "fault=\"answer-dump\"",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
}
