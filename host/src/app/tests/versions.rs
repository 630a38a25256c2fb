//! Two versions of the interface, served side by side by one host. The newer one is a draft that
//! only these tests know; the older one is the golden component, as it was built once.
#![expect(
    clippy::disallowed_methods,
    reason = "the answers are those of our own upstream"
)]

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value, json};

use crate::app::{Running, Start};
use crate::config::Config;

const EVENTS: &str = concat!(
    "event: message_start\n",
    r#"data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}"#,
    "\n\nevent: content_block_start\n",
    r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#,
    "\n\nevent: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":0}"#,
    "\n\nevent: message_delta\n",
    r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}"#,
    "\n\nevent: message_stop\n",
    r#"data: {"type":"message_stop"}"#,
    "\n\n",
);

/// Answers with a stream, and tells in headers of its own what it was asked.
async fn upstream() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(|_: Request| async {
        let answer = Response::builder().header("content-type", "text/event-stream");
        answer.body(Body::from(EVENTS)).unwrap()
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn component(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `just guests`", path.display()))
}

/// A host with a provider for each version.
async fn host() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let golden = component("tests/interface/0.1.0/golden.wasm");
    let draft = component("guests/target/wasm32-wasip2/release/draft.wasm");
    std::fs::write(dir.path().join("old.wasm"), golden).unwrap();
    std::fs::write(dir.path().join("new.wasm"), draft).unwrap();
    let base = format!("http://{}", upstream().await);
    let provider = |name: &str| json!({ "name": name, "base_url": base, "api_key": "k-0123456789", "models": ["m"], "transformer": name });
    let config = json!({ "providers": [provider("old"), provider("new")] }).to_string();
    let running = Running::start(Start {
        config: Config::parse(&config, None, &|_| None).unwrap().config,
        transformers: dir.path().to_owned(),
        cache: None,
        state: None,
        listen: Some(([127, 0, 0, 1], 0).into()),
        listener: None,
        watch: false,
        record: false,
    });
    let running = running.await.unwrap();
    let url = running.url();
    tokio::spawn(running.serve(std::future::pending()));
    (dir, url)
}

async fn post(url: &str, path: &str, provider: &str) -> (String, String) {
    let body = json!({
        "model": format!("{provider},m"), "max_tokens": 9, "stream": true,
        "messages": [{ "role": "user", "content": "hello" }],
    });
    let client = reqwest::Client::new();
    let request = client.post(format!("{url}{path}")).body(body.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{provider} {path}");
    let label = answer.headers().get("x-transom-transformer").cloned();
    let label = label.map(|label| label.to_str().unwrap().to_owned());
    (label.unwrap_or_default(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn components_of_two_versions_are_served_side_by_side_and_each_by_its_own_rules() {
    let (_dir, url) = host().await;
    let status = reqwest::get(format!("{url}/api/status")).await.unwrap();
    let status: Value = serde_json::from_str(&status.text().await.unwrap()).unwrap();
    let versions = status["transformers"].as_array().unwrap().iter();
    let versions: Vec<_> = versions.map(|one| (&one["name"], &one["wit"])).collect();
    assert_eq!(
        versions,
        [
            (&json!("new"), &json!("0.2.0")),
            (&json!("old"), &json!("0.1.0"))
        ],
        "{status:#}"
    );
    // At the same time, and more than once: neither disturbs the other.
    for _ in 0..3 {
        let asked = tokio::join!(
            post(&url, "/v1/messages", "old"),
            post(&url, "/v1/messages", "new"),
        );
        let ((old_label, old), (new_label, new)) = asked;
        assert!(old_label.starts_with("old@1 "), "{old_label}");
        assert!(new_label.starts_with("new@1 "), "{new_label}");
        let end = old.strip_prefix(EVENTS).unwrap_or_else(|| panic!("{old}"));
        assert!(end.starts_with(": golden saw 200 and "), "{end}");
        assert_eq!(new, format!("{EVENTS}: the draft ends\n\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_the_newer_version_adds_is_called_there_and_nowhere_else() {
    let (_dir, url) = host().await;
    let (_, counted) = post(&url, "/v1/messages/count_tokens", "new").await;
    let counted: Value = serde_json::from_str(&counted).unwrap();
    // The draft counts bytes; the golden component leaves it to the host, which estimates tokens.
    assert!(counted["input_tokens"].as_u64().unwrap() > 90, "{counted}");
    let (_, estimated) = post(&url, "/v1/messages/count_tokens", "old").await;
    let estimated: Value = serde_json::from_str(&estimated).unwrap();
    assert!(
        estimated["input_tokens"].as_u64().unwrap() < 30,
        "{estimated}"
    );
}
