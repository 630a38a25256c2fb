//! The router component: asked before the rules, taken up when its file changes, and never in the way.

use serde_json::{Value, json};

use super::{builder, send, upstream};
use crate::harness::host::{Builder, Host};
use crate::harness::upstream::Upstream;
use crate::scene;

const NAME: &str = "signpost";

fn configured(upstream: &Upstream, options: Value) -> Builder {
    builder(upstream).edit(|config| {
        config["router"]["component"] = json!(NAME);
        config["router"]["component_options"] = options;
    })
}

fn ask(text: &str) -> Value {
    json!({ "model": "claude-x", "max_tokens": 8, "messages": [{ "role": "user", "content": text }] })
}

async fn route(host: &Host, text: &str) -> (String, String) {
    let reply = send(host, &ask(text), &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = |name: &str| reply.header(name).unwrap_or_default().to_owned();
    (told("x-transom-model"), told("x-transom-route"))
}

fn both(model: &str, route: &str) -> (String, String) {
    (model.to_owned(), route.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn its_answer_comes_before_the_rules_and_none_leaves_it_to_them() {
    let upstream = upstream().await;
    let bytes = scene::guest(NAME);
    let host = configured(&upstream, json!({}))
        .component(NAME, &bytes)
        .start();
    let translated = route(&host, "please translate this").await;
    assert_eq!(translated, both("background-m", "component:word"));
    assert_eq!(
        route(&host, "sum this up").await,
        both("default-m", "default")
    );
    let named = json!({ "model": "main,other-m", "max_tokens": 8, "messages": [{ "role": "user", "content": "translate" }] });
    let reply = send(&host, &named, &[]).await;
    assert_eq!(reply.header("x-transom-model"), Some("background-m"));
    let status = host.status().await;
    assert_eq!(status["router"]["calls"], 3, "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_in_it_the_rules_go_on() {
    for (options, what) in [
        (json!({ "fault": "trap" }), "as the option says"),
        (json!({ "fault": "loop" }), "limits.push_ms"),
        (json!({ "to": "nowhere,m" }), "no provider `nowhere`"),
    ] {
        let upstream = upstream().await;
        let bytes = scene::guest(NAME);
        let host = configured(&upstream, options)
            .component(NAME, &bytes)
            .start();
        for _ in 0..2 {
            let went = route(&host, "please translate this").await;
            assert_eq!(went, both("default-m", "default"), "{what}");
        }
        // The log is read by a thread of its own.
        let told = |_: &Value| {
            let log = host.log();
            log.contains("the router component is passed over") && log.contains(what)
        };
        host.wait_for_status(what, told).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_taken_up_when_its_file_comes_and_stays_when_a_bad_one_does() {
    let upstream = upstream().await;
    let host = configured(&upstream, json!({ "word": "order" })).start();
    assert_eq!(route(&host, "order").await, both("default-m", "default"));
    let error = host.status().await["router"]["last_error"].clone();
    assert!(
        error.as_str().unwrap().contains("put the component there"),
        "{error}"
    );
    let file = host.transformers().join("signpost.wasm");
    let put = |bytes: &[u8]| {
        let fresh = file.with_extension("new");
        std::fs::write(&fresh, bytes).unwrap();
        std::fs::rename(&fresh, &file).unwrap();
    };
    put(&scene::guest(NAME));
    let live = |status: &Value| status["router"]["generation"] == 1;
    host.wait_for_status("the router is live", live).await;
    assert_eq!(
        route(&host, "order").await,
        both("background-m", "component:word")
    );
    // A transformer is no router.
    put(&scene::guest("openai"));
    let refused = |status: &Value| {
        let error = status["router"]["last_error"].as_str().unwrap_or_default();
        error.contains("it exports no `transom:router/router@0.1.0`")
    };
    host.wait_for_status("the bad one is refused", refused)
        .await;
    assert_eq!(
        route(&host, "order").await,
        both("background-m", "component:word")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_it_refuses_are_told_with_its_own_words() {
    let upstream = upstream().await;
    let bytes = scene::guest(NAME);
    let host = configured(&upstream, json!({ "volume": "x" }))
        .component(NAME, &bytes)
        .start();
    assert_eq!(
        route(&host, "translate").await,
        both("default-m", "default")
    );
    let error = host.status().await["router"]["last_error"].clone();
    assert!(error.as_str().unwrap().contains("volume"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn route_explain_asks_it_too() {
    let upstream = upstream().await;
    let bytes = scene::guest(NAME);
    let builder = configured(&upstream, json!({})).component(NAME, &bytes);
    let transformers = builder.transformers();
    let file = transformers.join("request.json");
    std::fs::write(&file, ask("translate").to_string()).unwrap();
    let (file, transformers) = (file.to_string_lossy(), transformers.to_string_lossy());
    let output = builder.output(&["route", "--explain", &file, "--transformers", &transformers]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("goes to main,background-m by component:word"),
        "{text}"
    );
}
