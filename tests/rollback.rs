//! Going back to the generation before: by itself when a new one traps, by hand, and never to and fro.

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Gate, Upstream};
use crate::scene;

const NAME: &str = "subject";
const MODEL: &str = "m";

/// A host whose transformer is good at first.
struct Stage {
    host: Host,
    /// Answers as long as it lives.
    upstream: Upstream,
    provider: Value,
    settings: Value,
}

impl Stage {
    async fn new(settings: Value) -> Self {
        let upstream = upstream().await;
        let provider = provider("p", &upstream.url(), NAME, MODEL);
        let builder = Builder::new()
            .component(NAME, &scene::guest("faulty"))
            .provider(provider.clone())
            .edit(|config| {
                for (key, value) in settings.as_object().expect("settings") {
                    config[key] = value.clone();
                }
            });
        Self {
            host: builder.start(),
            upstream,
            provider,
            settings,
        }
    }

    fn put(&self, bytes: &[u8]) {
        let path = self.host.transformers().join(format!("{NAME}.wasm"));
        scene::put(&path, bytes);
    }

    async fn wait_for_generation(&self, generation: u64) -> Value {
        let serves = |status: &Value| status["transformers"][0]["generation"] == generation;
        let what = format!("generation {generation}");
        self.host.wait_for_status(&what, serves).await["transformers"][0].clone()
    }

    async fn ask(&self, prompt: &str) -> (u16, String) {
        let reply = client::messages(self.host.base(), &scene::ask(MODEL, prompt)).await;
        let label = reply.header("x-transom-transformer").unwrap_or_default();
        let label = label.split(' ').next().unwrap_or_default().to_owned();
        (reply.status, label)
    }

    fn config(&self) -> Value {
        let mut config = json!({
            "listen": self.host.base().trim_start_matches("http://"),
            "providers": [self.provider],
        });
        for (key, value) in self.settings.as_object().expect("settings") {
            config[key] = value.clone();
        }
        config
    }

    fn rollback(&self, more: &[&str]) -> Output {
        let arguments = [&["guest", "rollback", NAME], more].concat();
        self.host.beside(&arguments, &self.config())
    }
}

async fn upstream() -> Upstream {
    Upstream::start(|_| Answer::sse(&scene::message_events(&scene::pieces("it", 3)).concat())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_that_traps_on_three_requests_makes_way_for_the_one_before_once() {
    let stage = Stage::new(json!({})).await;
    assert_eq!(stage.ask("good").await, (200, format!("{NAME}@1")));
    let bad = scene::faulty("request-trap");
    stage.put(&bad);
    stage.wait_for_generation(2).await;
    // The same request again and again, as clients send it, is no proof.
    for _ in 0..5 {
        assert_eq!(stage.ask("the same").await, (500, format!("{NAME}@2")));
    }
    assert_eq!(stage.ask("a second").await, (500, format!("{NAME}@2")));
    assert_eq!(stage.ask("a third").await.0, 500);
    let entry = stage.wait_for_generation(1).await;
    assert_eq!(stage.ask("good again").await, (200, format!("{NAME}@1")));
    assert_eq!(entry["rolled_back"], 2, "{entry}");
    let why = entry["last_error"].as_str().unwrap_or_default();
    assert!(
        why.contains("generation 2 trapped on 3 different requests"),
        "{why}"
    );
    let log = stage.host.log();
    assert_eq!(log.matches("rolled back").count(), 1, "{log}");
    // Touched, or saved together with a configuration: the same bytes stay away.
    stage.put(&bad);
    let mut config = stage.config();
    config["aliases"] = json!({ "again": "p,m" });
    stage.host.write_config(&config);
    let taken = |status: &Value| status["config"]["generation"] == 2;
    stage.host.wait_for_status("the configuration", taken).await;
    assert_eq!(stage.ask("still good").await, (200, format!("{NAME}@1")));
    stage.put(&scene::faulty("splice"));
    let entry = stage.wait_for_generation(3).await;
    assert!(entry["last_error"].is_null(), "{entry}");
    assert!(entry["rolled_back"].is_null(), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_generation_that_was_brought_back_stays_even_if_it_traps_too() {
    let stage = Stage::new(json!({ "rollback_after": 1 })).await;
    stage.put(&scene::faulty("push-trap"));
    stage.wait_for_generation(2).await;
    assert_eq!(stage.ask("one").await.1, format!("{NAME}@2"));
    stage.wait_for_generation(1).await;
    stage.put(&scene::faulty("request-trap"));
    stage.wait_for_generation(3).await;
    assert_eq!(stage.ask("two").await.1, format!("{NAME}@3"));
    let entry = stage.wait_for_generation(1).await;
    assert!(entry["previous"].is_null(), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_rollback_after_0_a_generation_stays_however_often_it_traps() {
    let stage = Stage::new(json!({ "rollback_after": 0 })).await;
    stage.put(&scene::faulty("request-trap"));
    stage.wait_for_generation(2).await;
    for prompt in ["a", "b", "c", "d", "e"] {
        assert_eq!(stage.ask(prompt).await, (500, format!("{NAME}@2")));
    }
    assert_eq!(stage.host.transformer(NAME).await["generation"], 2);
    assert!(!stage.host.log().contains("rolled back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_large_for_a_guest_takes_nothing_back() {
    let stage = Stage::new(json!({ "rollback_after": 1 })).await;
    stage.put(&scene::faulty("request-memory"));
    stage.wait_for_generation(2).await;
    for prompt in ["a", "b"] {
        assert_eq!(stage.ask(prompt).await, (413, format!("{NAME}@2")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_rolls_back_while_a_stream_finishes_on_what_it_began_with() {
    let events = scene::message_events(&scene::pieces("it", 4));
    let (begin, rest) = events.split_at(3);
    let gate = Gate::new();
    let answer = Answer::stream().chunk(&begin.concat()).gate(&gate);
    let upstream = Upstream::always(answer.chunk(&rest.concat()).end()).await;
    let provider = provider("p", &upstream.url(), NAME, MODEL);
    let stage = Stage {
        host: Builder::new()
            .component(NAME, &scene::guest("faulty"))
            .provider(provider.clone())
            .start(),
        upstream,
        provider,
        settings: json!({}),
    };
    let nothing = stage.rollback(&[]);
    assert_eq!(nothing.status.code(), Some(1), "{nothing:?}");
    let said = String::from_utf8_lossy(&nothing.stderr);
    assert!(said.contains("the oldest there is"), "{said}");
    stage.put(&scene::faulty("splice"));
    stage.wait_for_generation(2).await;
    let mut running = client::open_messages(stage.host.base(), &scene::ask(MODEL, "hi")).await;
    running.event().await.expect("the stream has begun");
    let output = stage.rollback(&["--json"]);
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer, json!({ "name": NAME, "from": 2, "generation": 1 }));
    gate.open();
    let reply = running.finish().await;
    let label = reply.header("x-transom-transformer").unwrap_or_default();
    assert!(label.starts_with(&format!("{NAME}@2 ")), "{label}");
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    assert_eq!(stage.ask("hi").await, (200, format!("{NAME}@1")));
    let list = stage.host.beside(&["guest", "list"], &stage.config());
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("rolled back from generation 2"), "{list}");
    let again = stage.rollback(&[]);
    assert_eq!(again.status.code(), Some(1), "not to and fro: {again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_rolls_back_from_a_web_page_or_without_the_key() {
    let stage = Stage::new(json!({ "api_key": "a-key-of-transom-itself" })).await;
    let path = format!("/api/transformers/{NAME}/rollback");
    let base = stage.host.base();
    let key = ("x-api-key", "a-key-of-transom-itself");
    assert_eq!(client::post(base, &path, &[], b"").await.status, 401);
    let origin = ("origin", "https://evil.example");
    let from_page = client::post(base, &path, &[key, origin], b"").await;
    assert_eq!(from_page.status, 403);
    let nothing_before = client::post(base, &path, &[key], b"").await;
    assert_eq!(nothing_before.status, 409, "{}", nothing_before.text());
    let unknown = client::post(base, "/api/transformers/x/rollback", &[key], b"").await;
    assert_eq!(unknown.status, 404);
    let looked = client::send(base, "GET", &path, &[key], b"").await;
    assert_eq!(looked.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_the_generation_before_does_not_fit_keeps_it_from_coming_back() {
    let (old, new) = (scene::guest("faulty"), scene::faulty("request-trap"));
    let pinned =
        |bytes: &[u8]| json!({ "pins": { NAME: scene::sha256(bytes) }, "rollback_after": 1 });
    let mut stage = Stage::new(pinned(&old)).await;
    stage.put(&new);
    stage.settings = pinned(&new);
    stage.host.write_config(&stage.config());
    let taken = |status: &Value| status["config"]["generation"] == 2;
    stage.host.wait_for_status("the configuration", taken).await;
    stage.wait_for_generation(2).await;
    assert_eq!(stage.ask("one").await.0, 500);
    let told = |_: &Value| stage.host.log().contains("cannot be rolled back");
    stage.host.wait_for_status("it is told", told).await;
    assert_eq!(stage.ask("two").await.1, format!("{NAME}@2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_web_page_nor_another_user_takes_anything_back() {
    let stage = Stage::new(json!({})).await;
    stage.put(&scene::faulty("splice"));
    stage.wait_for_generation(2).await;
    let path = format!("/api/transformers/{NAME}/rollback");
    for header in [
        ("origin", "http://localhost:5173"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-origin"),
    ] {
        let token = stage.host.owner_token();
        for headers in [
            vec![header, ("x-transom-owner", &token)],
            vec![header],
            Vec::new(),
        ] {
            let reply = client::send(stage.host.base(), "POST", &path, &headers, b"").await;
            assert_eq!(reply.status, 403, "{headers:?}: {}", reply.text());
        }
    }
    assert_eq!(stage.host.transformer(NAME).await["generation"], 2);
    assert!(stage.rollback(&[]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_before_a_built_in_that_was_taken_back_serves_again_once_it_is_put_anew() {
    let upstream = upstream().await;
    let provider = provider("p", &upstream.url(), "zai", MODEL);
    let host = Builder::new().provider(provider.clone()).start();
    let file = host.transformers().join("zai.wasm");
    let source = async |wanted: &str| {
        let serves = |status: &Value| {
            let entry = &status["transformers"][0];
            entry["source"] == wanted && entry["last_error"].is_null()
        };
        host.wait_for_status(wanted, serves).await
    };
    source("builtin").await;
    scene::put(&file, &scene::guest("faulty"));
    source("file").await;
    let config = json!({
        "listen": host.base().trim_start_matches("http://"), "providers": [provider],
    });
    let output = host.beside(&["guest", "rollback", "zai"], &config);
    assert!(output.status.success(), "{output:?}");
    std::fs::remove_file(&file).expect("it is there");
    source("builtin").await;
    scene::put(&file, &scene::guest("faulty"));
    source("file").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_refused_brings_no_other_bytes_live() {
    let (one, other) = (scene::guest("faulty"), scene::faulty("splice"));
    let pins = |bytes: &[u8]| json!({ NAME: scene::sha256(bytes) });
    let stage = Stage::new(json!({ "trust": "pinned", "pins": pins(&one) })).await;
    stage.put(&other);
    let refused = |status: &Value| status["transformers"][0]["refused"].is_string();
    stage
        .host
        .wait_for_status("the other is refused", refused)
        .await;
    let mut config = stage.config();
    config["pins"] = pins(&other);
    let mut zai = provider("q", &stage.upstream.url(), "zai", MODEL);
    zai["options"] = json!({ "no_such_option": 1 });
    config["providers"] = json!([stage.provider, zai]);
    stage.host.write_config(&config);
    let told = |status: &Value| status["config"]["error"].is_string();
    let status = stage
        .host
        .wait_for_status("the configuration is refused", told)
        .await;
    assert_eq!(status["config"]["generation"], 1, "{status}");
    assert_eq!(
        status["transformers"][0]["sha256"],
        scene::sha256(&one),
        "{status}"
    );
    config["providers"] = json!([stage.provider]);
    stage.host.write_config(&config);
    let entry = stage.wait_for_generation(2).await;
    assert_eq!(entry["sha256"], scene::sha256(&other), "{entry}");
}
