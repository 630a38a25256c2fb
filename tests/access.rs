//! Who may ask, what every answer carries, what happens to keys, and clients that leave.

use serde_json::json;

use crate::harness::client;
use crate::harness::upstream::Answer;
use crate::roads::{Road, Roads, error_of};

mod auth;
mod gone;
mod keys;

const PATHS: [(&str, &str); 11] = [
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
    ("GET", "/v1/models"),
    ("GET", "/health"),
    ("GET", "/api/status"),
    ("GET", "/metrics"),
    ("GET", "/api/recordings"),
    ("GET", "/api/recordings/x"),
    ("PUT", "/api/recorder"),
    ("GET", "/api/hello"),
    ("GET", "/nowhere"),
];

#[tokio::test]
async fn a_page_of_another_site_reaches_no_path() {
    let roads = Roads::start().await;
    let base = roads.host.base();
    let strangers = [
        ("host", "evil.example"),
        ("host", "evil.example:3456"),
        ("host", "127.0.0.1.evil.example"),
        ("host", "localhost.evil.example:80"),
        ("origin", "https://evil.example"),
        ("origin", "http://localhost.evil.example"),
        ("origin", "null"),
    ];
    for (method, path) in PATHS {
        for header in strangers {
            let reply = client::send(base, method, path, &[header], b"{}").await;
            error_of(&reply, 403, "permission_error");
        }
    }
    assert!(roads.upstream.requests().is_empty());
}

#[tokio::test]
async fn loopback_names_and_allowed_hosts_are_let_in() {
    let allowed = json!(["box.local"]);
    let roads = Roads::with(|host| host.set("allowed_hosts", allowed)).await;
    for header in [
        ("host", "localhost:3456"),
        ("host", "127.0.0.1"),
        ("host", "[::1]:3456"),
        ("host", "box.local:99"),
        ("host", "Box.Local"),
        ("origin", "http://localhost:3000"),
        ("origin", "http://box.local"),
    ] {
        let reply = client::send(roads.host.base(), "GET", "/health", &[header], b"").await;
        assert_eq!(reply.status, 200, "{header:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn with_a_key_everything_but_health_wants_it_in_either_header() {
    let key = "the-key-of-the-clients";
    let roads = Roads::with(|host| host.set("api_key", json!(key))).await;
    let base = roads.host.base();
    let bearer = format!("Bearer {key}");
    for (method, path) in PATHS {
        if path == "/health" {
            assert_eq!(client::get(base, path).await.status, 200);
            continue;
        }
        let wrong = [
            ("x-api-key", "another-key"),
            ("authorization", "Bearer x"),
            ("x-app", "cli"),
        ];
        for header in wrong {
            let reply = client::send(base, method, path, &[header], b"{}").await;
            error_of(&reply, 401, "authentication_error");
            assert_eq!(reply.header("x-should-retry"), Some("false"));
        }
        for header in [("x-api-key", key), ("authorization", bearer.as_str())] {
            let reply = client::send(base, method, path, &[header], b"{}").await;
            assert_ne!(reply.status, 401, "{path}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn what_claude_code_asks_at_its_start_is_answered() {
    let roads = Roads::start().await;
    let base = roads.host.base();
    for path in ["/", "/api/hello"] {
        assert_eq!(client::send(base, "HEAD", path, &[], b"").await.status, 200);
    }
    let models = client::get(base, "/v1/models?limit=1000").await.json();
    let ids: Vec<&str> = models["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|model| model["id"].as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "cerebras,model-1",
            "openai,model-1",
            "gemini,model-1",
            "ollama,model-1",
            "responses,model-1",
            "zai,model-1",
            "plain,model-1"
        ]
    );
    assert_eq!(models["data"][0]["type"], "model");
}

#[tokio::test]
async fn answers_and_errors_say_who_served_them() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        let answers = [
            (true, Answer::sse(road.stream())),
            (false, Answer::json(200, &road.whole())),
            (
                true,
                Answer::json(400, &json!({ "error": { "message": "no" } })),
            ),
        ];
        let mut ids = Vec::new();
        for (stream, answer) in answers {
            let reply = roads.ask(road, stream, answer).await;
            assert_eq!(reply.header("x-transom-provider"), Some(road.name()));
            assert_eq!(reply.header("x-transom-model"), Some("model-1"));
            assert_eq!(reply.header("x-transom-route"), Some("explicit"));
            let transformer = reply.header("x-transom-transformer").unwrap_or_default();
            match road {
                Road::Passthrough => assert_eq!(transformer, "anthropic"),
                _ => assert!(
                    transformer.starts_with(&format!("{}@1 sha256:", road.name())),
                    "{transformer}"
                ),
            }
            ids.push(reply.header("request-id").expect("a request-id").to_owned());
        }
        ids.dedup();
        assert_eq!(ids.len(), 3, "{ids:?}");
    }
}
