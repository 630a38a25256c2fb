//! A file that was refused lies in the transformers folder still when transom starts again. The start
//! serves what served before, and says so.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Upstream};
use crate::scene;

const NAME: &str = "subject";
const MODEL: &str = "m";

/// A host and what it takes to start it again in the same home.
struct Stage {
    host: Option<Host>,
    upstream: Upstream,
}

impl Stage {
    async fn new(component: Option<&[u8]>, name: &str, settings: &Value) -> Self {
        let upstream = Upstream::start(|_| {
            Answer::sse(&scene::message_events(&scene::pieces("it", 3)).concat())
        });
        let upstream = upstream.await;
        let mut builder = Builder::new()
            .provider(provider("p", &upstream.url(), name, MODEL))
            .edit(|config| {
                for (key, value) in settings.as_object().expect("settings") {
                    config[key] = value.clone();
                }
            });
        if let Some(bytes) = component {
            builder = builder.component(name, bytes);
        }
        let host = Some(builder.start());
        Self { host, upstream }
    }

    fn host(&self) -> &Host {
        self.host.as_ref().expect("it runs")
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        scene::put(
            &self.host().transformers().join(format!("{name}.wasm")),
            bytes,
        );
    }

    async fn restart(&mut self) {
        let mut host = self.host.take().expect("it runs");
        host.terminate();
        host.wait_for_exit().await;
        self.host = Some(host.again());
    }

    async fn wait_for_error(&self, words: &str) {
        let told = |status: &Value| {
            let error = status["transformers"][0]["last_error"].as_str();
            error.is_some_and(|error| error.contains(words))
        };
        self.host().wait_for_status(words, told).await;
    }

    async fn ask(&self, prompt: &str) -> u16 {
        let body = scene::ask(MODEL, prompt);
        client::messages(self.host().base(), &body).await.status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_refused_is_not_what_the_next_start_breaks_on() {
    let good = scene::guest("faulty");
    let mut stage = Stage::new(Some(&good), NAME, &json!({})).await;
    for (bad, words) in [
        (scene::faulty("configure-error"), "and a second problem"),
        (b"not a component".to_vec(), "not a WebAssembly file"),
    ] {
        stage.put(NAME, &bad);
        stage.wait_for_error(words).await;
        stage.restart().await;
        let entry = stage.host().transformer(NAME).await;
        assert_eq!(entry["sha256"], scene::sha256(&good), "{entry}");
        let told = entry["last_error"].as_str().unwrap_or_default();
        assert!(told.contains(words), "the reason is still told: {told}");
        let words = "what served before the start serves again";
        let logged = |_: &Value| stage.host().log().contains(words);
        stage.host().wait_for_status(words, logged).await;
        assert_eq!(stage.ask("hi").await, 200);
    }
    let mended = scene::faulty("splice");
    stage.put(NAME, &mended);
    let live = |status: &Value| status["transformers"][0]["sha256"] == scene::sha256(&mended);
    let status = stage.host().wait_for_status("the mended file", live).await;
    assert!(
        status["transformers"][0]["last_error"].is_null(),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_differed_on_recorded_exchanges_does_not_go_live_by_a_restart() {
    let good = scene::guest("faulty");
    let settings = json!({ "recorder": { "on": true, "block_on_diff": true } });
    let mut stage = Stage::new(Some(&good), NAME, &settings).await;
    assert_eq!(stage.ask("hi").await, 200);
    let recorded = |status: &Value| status["recorder"]["exchanges"] == 1;
    stage.host().wait_for_status("a recording", recorded).await;
    let other = scene::faulty("request-fail");
    stage.put(NAME, &other);
    stage
        .wait_for_error("not the same on recorded exchanges")
        .await;
    stage.restart().await;
    let entry = stage.host().transformer(NAME).await;
    assert_eq!(entry["sha256"], scene::sha256(&good), "{entry}");
    stage
        .wait_for_error("not the same on recorded exchanges")
        .await;
    // The person says so: it may.
    let config = json!({
        "providers": [provider("p", &stage.upstream.url(), NAME, MODEL)],
        "router": { "default": format!("p,{MODEL}") },
        "recorder": { "on": true },
    });
    stage.host().write_config(&config);
    let live = |status: &Value| status["transformers"][0]["sha256"] == scene::sha256(&other);
    stage
        .host()
        .wait_for_status("the other version", live)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_stays_away_after_a_restart() {
    let good = scene::guest("faulty");
    let mut stage = Stage::new(Some(&good), NAME, &json!({ "rollback_after": 1 })).await;
    let bad = scene::faulty("request-trap");
    stage.put(NAME, &bad);
    let live = |status: &Value| status["transformers"][0]["generation"] == 2;
    stage.host().wait_for_status("the bad one", live).await;
    assert_eq!(stage.ask("hi").await, 500);
    stage.wait_for_error("generation 2 trapped").await;
    stage.restart().await;
    let entry = stage.host().transformer(NAME).await;
    assert_eq!(entry["sha256"], scene::sha256(&good), "{entry}");
    assert_eq!(stage.ask("hi").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_built_in_served_a_refused_file_leaves_it_at_a_restart_too() {
    let mut stage = Stage::new(None, "zai", &json!({})).await;
    let builtin = stage.host().transformer("zai").await["sha256"].clone();
    stage.put("zai", b"not a component");
    stage.wait_for_error("not a WebAssembly file").await;
    stage.restart().await;
    let entry = stage.host().transformer("zai").await;
    assert_eq!(
        (&entry["source"], &entry["sha256"]),
        (&json!("builtin"), &builtin)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_served_before_must_fit_a_pin_as_any_file_must() {
    let (good, other) = (scene::guest("faulty"), scene::faulty("splice"));
    let mut stage = Stage::new(Some(&good), NAME, &json!({})).await;
    stage.put(NAME, b"not a component");
    stage.wait_for_error("not a WebAssembly file").await;
    let pinned = |bytes: &[u8]| {
        json!({
            "providers": [provider("p", &stage.upstream.url(), NAME, MODEL)],
            "router": { "default": format!("p,{MODEL}") },
            "trust": "pinned", "pins": { NAME: scene::sha256(bytes) },
        })
    };
    let config = pinned(&other);
    stage.host().write_config(&config);
    stage.restart().await;
    assert_eq!(stage.host().transformer(NAME).await["generation"], 0);
    assert_eq!(stage.ask("hi").await, 500);
}
