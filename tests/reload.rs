//! The configuration while it changes, and the end of the service.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, provider};
use crate::harness::keys::Canary;
use crate::harness::upstream::{Answer, Gate, Upstream};
use crate::roads::Road;
use crate::scene;

fn config(providers: &[(&str, &Upstream)]) -> Value {
    let providers: Vec<Value> = providers
        .iter()
        .map(|(name, upstream)| {
            let mut provider = Road::Passthrough.provider(&upstream.url());
            provider["name"] = json!(name);
            provider
        })
        .collect();
    let default = format!(
        "{},model-1",
        providers[0]["name"].as_str().unwrap_or_default()
    );
    json!({ "providers": providers, "router": { "default": default } })
}

fn request() -> Value {
    json!({
        "model": "some-model", "max_tokens": 9, "stream": true,
        "messages": [{ "role": "user", "content": "hi" }],
    })
}

fn start(config: &Value) -> crate::harness::host::Host {
    let builder = Builder::new().set("providers", config["providers"].clone());
    builder.set("router", config["router"].clone()).start()
}

#[tokio::test]
async fn a_new_configuration_is_taken_up_and_a_running_exchange_keeps_its_own() {
    let gate = Gate::new();
    let (head, rest) = Road::Zai
        .stream()
        .split_at(Road::Zai.frames()[..3].concat().len());
    let held = Answer::stream().chunk(head).gate(&gate).chunk(rest).end();
    let first = Upstream::always(held).await;
    let second = Upstream::always(Answer::sse(Road::Zai.stream())).await;
    let host = start(&config(&[("first", &first)]));
    let mut running = client::open_messages(host.base(), &request()).await;
    running.event().await.expect("the stream has begun");
    host.write_config(&config(&[("second", &second)]));
    let taken = |status: &Value| status["config"]["generation"].as_u64() > Some(1);
    host.wait_for_status("the new configuration", taken).await;
    let reply = client::messages(host.base(), &request()).await;
    assert_eq!(reply.header("x-transom-provider"), Some("second"));
    gate.open();
    let reply = running.finish().await;
    assert_eq!(reply.header("x-transom-provider"), Some("first"));
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
}

#[tokio::test]
async fn a_broken_configuration_changes_nothing_but_a_message_and_mending_heals() {
    let upstream = Upstream::always(Answer::sse(Road::Zai.stream())).await;
    let good = config(&[("good", &upstream)]);
    let host = start(&good);
    let broken = [
        json!({ "providers": 7 }),
        json!({ "providers": good["providers"], "router": { "default": "nobody,m" } }),
        {
            let mut config = good.clone();
            config["providers"][0]["transformer"] = json!("no-such-transformer");
            config["router"]["background"] = json!("good,other");
            config
        },
    ];
    for config in broken {
        host.write_config(&config);
        let said = |status: &Value| status["config"]["error"].is_string();
        host.wait_for_status("the error", said).await;
        let reply = client::messages(host.base(), &request()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("x-transom-provider"), Some("good"));
        host.write_config(&good);
        let healed = |status: &Value| status["config"]["error"].is_null();
        host.wait_for_status("no error", healed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_configuration_stays_refused_however_often_it_is_saved() {
    let upstream = Upstream::always(Answer::sse(Road::Zai.stream())).await;
    let good = config(&[("good", &upstream)]);
    let host = start(&good);
    let mut broken = good.clone();
    broken["providers"][0]["transformer"] = json!("no-such-transformer");
    for save in 0..3 {
        // A comment's worth of difference, so that each save is a change.
        broken["aliases"] = json!({ format!("save-{save}"): "good,m" });
        host.write_config(&broken);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let said = |status: &Value| status["config"]["error"].is_string();
        let status = host.wait_for_status("the error", said).await;
        assert_eq!(status["config"]["generation"], 1, "save {save}");
        assert_eq!(status["transformers"], json!([]), "save {save}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_is_added_heals_the_component_it_names() {
    let upstream = Upstream::always(Answer::sse(Road::Cerebras.stream())).await;
    let bytes = scene::guest("cerebras");
    let provider = provider("p", &upstream.url(), "mine", "m");
    let builder = Builder::new()
        .component("mine", &bytes)
        .provider(provider.clone())
        .set("trust", json!("pinned"));
    let host = builder.start();
    let mine = host.transformer("mine").await;
    assert_eq!(mine["generation"], 0);
    let sha256 = scene::sha256(&bytes);
    host.write_config(&json!({
        "providers": [provider], "trust": "pinned", "pins": { "mine": sha256 },
    }));
    let live = |status: &Value| status["transformers"][0]["generation"] == 1;
    let status = host.wait_for_status("the component", live).await;
    assert!(status["transformers"][0]["last_error"].is_null());
}

#[tokio::test]
async fn a_stop_lets_running_streams_finish_and_takes_no_new_ones() {
    let gate = Gate::new();
    let (head, rest) = Road::Zai
        .stream()
        .split_at(Road::Zai.frames()[..3].concat().len());
    let held = Answer::stream().chunk(head).gate(&gate).chunk(rest).end();
    let upstream = Upstream::always(held).await;
    let mut host = start(&config(&[("only", &upstream)]));
    let mut running = client::open_messages(host.base(), &request()).await;
    running.event().await.expect("the stream has begun");
    host.terminate();
    let address = host.base().trim_start_matches("http://").to_owned();
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    gate.open();
    let reply = running.finish().await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    assert_eq!(host.wait_for_exit().await.code(), Some(0));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let (head, _) = Road::Zai
        .stream()
        .split_at(Road::Zai.frames()[..3].concat().len());
    let upstream = Upstream::always(Answer::stream().chunk(head).silence()).await;
    let config = config(&[("only", &upstream)]);
    let builder = Builder::new().set("providers", config["providers"].clone());
    let builder = builder.set("timeouts", json!({ "drain_ms": 100 }));
    let mut host = builder.set("router", config["router"].clone()).start();
    let mut running = client::open_messages(host.base(), &request()).await;
    running.event().await.expect("the stream has begun");
    host.terminate();
    assert_eq!(host.wait_for_exit().await.code(), Some(0));
    assert_eq!(grammar::check(&running.finish().await).told, Told::Cut);
}

/// A request of a known length whose first half is sent before anything happens.
async fn half_sent(host: &crate::harness::host::Host, body: &Value) -> (client::Upload, Vec<u8>) {
    let body = body.to_string().into_bytes();
    let mut upload = client::begin_messages(host.base(), body.len()).await;
    let (first, rest) = body.split_at(body.len() / 2);
    upload.send(first).await;
    (upload, rest.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_still_being_sent_keeps_the_configuration_it_began_with() {
    let first = Upstream::always(Answer::sse(Road::Cerebras.stream())).await;
    let second = Upstream::always(Answer::sse(Road::Zai.stream())).await;
    let mut provider = Road::Cerebras.provider(&first.url());
    provider["name"] = json!("first");
    let host = start(&json!({
        "providers": [provider], "router": { "default": "first,model-1" },
    }));
    let (upload, rest) = half_sent(&host, &request()).await;
    let begun = |status: &Value| status["in_flight"] == 1;
    host.wait_for_status("the host has begun to read", begun)
        .await;
    // Neither the provider nor its transformer is in the new configuration.
    host.write_config(&config(&[("second", &second)]));
    let taken = |status: &Value| status["config"]["generation"].as_u64() > Some(1);
    host.wait_for_status("the new configuration", taken).await;
    let reply = upload.finish(&rest).await.finish().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-transom-provider"), Some("first"));
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    let reply = client::messages(host.base(), &request()).await;
    assert_eq!(reply.header("x-transom-provider"), Some("second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_still_being_sent_is_served_by_the_component_that_is_live_when_it_is_whole()
 {
    let upstream = Upstream::always(Answer::sse(Road::Cerebras.stream())).await;
    let provider = provider("p", &upstream.url(), "cerebras", "m");
    let host = Builder::new().provider(provider).start();
    let (upload, rest) = half_sent(&host, &request()).await;
    let begun = |status: &Value| status["in_flight"] == 1;
    host.wait_for_status("the host has begun to read", begun)
        .await;
    let shout = scene::guest("shout");
    scene::put(&host.transformers().join("cerebras.wasm"), &shout);
    let live =
        |status: &Value| status["transformers"][0]["sha256"] == scene::sha256(&shout).as_str();
    host.wait_for_status("the new component", live).await;
    let reply = upload.finish(&rest).await.finish().await;
    let report = grammar::check(&reply);
    assert_eq!(report.assert_clean().told, Told::Complete);
    let label = reply.header("x-transom-transformer").unwrap_or_default();
    assert!(label.starts_with("cerebras@2 "), "{label}");
    assert_eq!(
        report.text(),
        report.text().to_uppercase(),
        "{}",
        reply.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_no_longer_configured_is_still_taken_out_of_the_errors_of_its_requests() {
    let key = Canary::plain("old");
    // Escaped letter by letter: only who reads the JSON sees that it is the key.
    let letters = key
        .key()
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)));
    let escaped = letters.collect::<Vec<_>>().concat();
    let body = format!("{{\"error\":{{\"message\":\"bad key {escaped}\"}}}}");
    let second = Upstream::always(Answer::sse(Road::Zai.stream())).await;
    for road in [Road::Passthrough, Road::OpenAi] {
        let gate = Gate::new();
        let error = Answer::new(401).header("content-type", "application/json");
        let error = error.head().gate(&gate).chunk(body.as_bytes()).end();
        let first = Upstream::always(error).await;
        let mut provider = road.provider(&first.url());
        provider["name"] = json!("first");
        provider["api_key"] = json!(key.key());
        let host = start(&json!({
            "providers": [provider], "router": { "default": "first,model-1" },
        }));
        let base = host.base().to_owned();
        let asked = tokio::spawn(async move { client::messages(&base, &request()).await });
        first
            .wait_until("the request", |records| !records.is_empty())
            .await;
        host.write_config(&config(&[("second", &second)]));
        let taken = |status: &Value| status["config"]["generation"].as_u64() > Some(1);
        host.wait_for_status("the new configuration", taken).await;
        gate.open();
        let reply = asked.await.expect("no panic");
        assert_eq!(reply.status, 401, "{road:?}: {}", reply.text());
        assert!(
            reply.text().contains("[redacted]"),
            "{road:?}: {}",
            reply.text()
        );
        key.assert_absent(&format!("{road:?}"), &reply.everything());
    }
}
