//! Serving with transformers in JavaScript and Python, and what they take of the pool.

use serde_json::json;

use super::installed::file;
use crate::harness::client;
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Upstream};
use crate::scene;

fn component(path: &str) -> Vec<u8> {
    std::fs::read(file(path)).expect("a component")
}

fn host(upstream: &Upstream, instances: usize) -> Host {
    Builder::new()
        .component("twin", &component("cerebras.wasm"))
        .provider(provider("twin", &upstream.url(), "twin", "twin"))
        .provider(provider("rust", &upstream.url(), "cerebras", "rust"))
        .set("limits", json!({ "instances": instances }))
        .start()
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_makes_the_same_stream_as_rust() {
    let pieces = scene::pieces("Grüße", 50);
    let upstream = Upstream::always(Answer::sse(&scene::chat_events(&pieces).concat())).await;
    let host = host(&upstream, 8);
    for name in ["rust", "twin"] {
        let reply = client::messages(host.base(), &scene::ask(name, "hi")).await;
        let report = grammar::check(&reply);
        assert_eq!(report.assert_clean().told, Told::Complete, "{name}");
        assert_eq!(report.text(), pieces.concat(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_passes_a_stream_on() {
    let pieces = scene::pieces("it", 50);
    let upstream = Upstream::always(Answer::sse(&scene::message_events(&pieces).concat())).await;
    let host = Builder::new()
        .component("twin", &component("zai.wasm"))
        .provider(provider("twin", &upstream.url(), "twin", "twin"))
        .start();
    let reply = client::messages(host.base(), &scene::ask("twin", "hi")).await;
    let report = grammar::check(&reply);
    assert_eq!(report.assert_clean().told, Told::Complete);
    assert_eq!(report.text(), pieces.concat());
}

/// QuickJS comes with two memories: an instance counts twice, so that the pool has room for what it promised.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_with_two_memories_takes_two_places() {
    let pieces = scene::pieces("it", 5);
    let upstream = Upstream::always(Answer::sse(&scene::chat_events(&pieces).concat())).await;
    let crowded = host(&upstream, 1);
    let reply = client::messages(crowded.base(), &scene::ask("twin", "hi")).await;
    assert_eq!(reply.status, 500, "{}", reply.text());
    assert!(
        reply.text().contains("take 2 instances"),
        "{}",
        reply.text()
    );
    let roomy = host(&upstream, 2);
    let reply = client::messages(roomy.base(), &scene::ask("twin", "hi")).await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
}
