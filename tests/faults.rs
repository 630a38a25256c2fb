//! Upstreams that fail: what a client is told lets it do the right thing, on every road.
//!
//! What the right thing is: Claude Code tries 408, 409, 429 and 5xx again, asks again after a cut
//! stream, asks without streaming after an `error` event, and repairs a 400 by its words.

use serde_json::{Value, json};

use crate::harness::client::{self, Reply};
use crate::harness::grammar::Told;
use crate::harness::host::Builder;
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::{Road, Roads, checked, error_of};

mod advice;
mod bodies;
mod breaks;
mod inside;

/// The same words in the shapes in which providers put them.
fn shapes(words: &str) -> [(&'static str, Value); 5] {
    [
        (
            "Anthropic",
            json!({ "type": "error", "error": { "type": "api_error", "message": words } }),
        ),
        (
            "OpenAI",
            json!({ "error": { "message": words, "type": "some_error", "param": null, "code": null } }),
        ),
        (
            "flat, as Cerebras",
            json!({ "message": words, "type": "some_error", "param": "messages", "code": "x" }),
        ),
        (
            "a list, as FastAPI",
            json!({ "detail": [{ "loc": ["body", "messages"], "msg": words, "type": "missing" }] }),
        ),
        ("a string", json!({ "error": words })),
    ]
}

/// What a client is told for an upstream's status. Which of them it tries again stays the same.
const STATUSES: [(u16, u16, &str); 15] = [
    (400, 400, "invalid_request_error"),
    (401, 401, "authentication_error"),
    (402, 402, "billing_error"),
    (403, 403, "permission_error"),
    (404, 404, "not_found_error"),
    (408, 504, "timeout_error"),
    (409, 409, "conflict_error"),
    (413, 413, "request_too_large"),
    (422, 400, "invalid_request_error"),
    (429, 429, "rate_limit_error"),
    (500, 500, "api_error"),
    (502, 502, "api_error"),
    (503, 529, "overloaded_error"),
    (504, 504, "timeout_error"),
    (529, 529, "overloaded_error"),
];

#[tokio::test]
async fn a_refused_connection_is_a_bad_gateway_that_names_the_provider() {
    let nobody = Upstream::refused().await;
    let roads = Road::ALL.into_iter();
    let builder = roads.fold(Builder::new(), |builder, road| {
        builder.provider(road.provider(&nobody))
    });
    let host = builder.start();
    for road in Road::ALL {
        for stream in [true, false] {
            let reply = client::messages(host.base(), &road.request(stream, "hi")).await;
            let message = error_of(&reply, 502, "api_error");
            assert!(message.contains(road.name()), "{message}");
            assert!(message.to_lowercase().contains("refused"), "{message}");
        }
    }
}

#[tokio::test]
async fn every_status_keeps_its_meaning_and_the_upstreams_words_in_every_shape() {
    // Hundreds of errors: trying each again would only take time.
    let roads = Roads::with(|host| host.set("retries", json!({ "attempts": 0 }))).await;
    let words = "tool_choice: `x` — is not one of the tools";
    for road in Road::ALL {
        for (status, told, kind) in STATUSES {
            for (shape, body) in shapes(words) {
                // Anthropic's shape names its own type, which is believed.
                let (told, kind) = match (shape, road) {
                    ("Anthropic", Road::Passthrough) => (status, "api_error"),
                    _ => (told, kind),
                };
                let reply = roads
                    .ask(road, status % 2 == 0, Answer::json(status, &body))
                    .await;
                let message = error_of(&reply, told, kind);
                assert!(
                    message.contains(words),
                    "{road:?} {status} {shape}: {message}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_upstreams_words_stand_alone_where_it_says_them() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for (shape, body) in shapes("Just these words.").into_iter().take(3) {
            let reply = roads.ask(road, true, Answer::json(400, &body)).await;
            let message = reply.json()["error"]["message"].clone();
            assert_eq!(message, "Just these words.", "{road:?} {shape}");
        }
    }
}

#[tokio::test]
async fn a_page_of_html_is_told_by_its_status_and_never_shown() {
    let roads = Roads::start().await;
    let page = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx/1.2 at /srv/www</body></html>";
    for road in Road::ALL {
        for stream in [true, false] {
            for (status, told) in [(502, 502), (503, 529), (500, 500), (404, 404), (200, 502)] {
                let answer = Answer::whole(status, "text/html", page);
                let reply = roads.ask(road, stream, answer).await;
                let body = reply.json();
                assert_eq!(reply.status, told, "{road:?} {status}: {body}");
                let message = body["error"]["message"].as_str().unwrap_or_default();
                assert!(!message.is_empty(), "{road:?} {status}: {body}");
                for leak in ["<", "nginx", "/srv"] {
                    assert!(!message.contains(leak), "{road:?} {status}: {message}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_error_without_a_body_is_told_with_its_status() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for (status, told) in [(500, 500), (429, 429), (401, 401)] {
            let reply = roads
                .ask(road, true, Answer::whole(status, "text/plain", b""))
                .await;
            assert_eq!(reply.status, told, "{road:?}: {}", reply.text());
            let message = reply.json()["error"]["message"].to_string();
            assert!(message.len() > 5, "{road:?} {status}: {message}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        let elsewhere = format!("{}/elsewhere", roads.upstream.url());
        let answer = Answer::new(307).header("location", &elsewhere).length(0);
        let before = roads.upstream.requests().len();
        let reply = roads.ask(road, true, answer).await;
        assert!(reply.status >= 400, "{road:?}: {}", reply.text());
        assert_eq!(roads.upstream.requests().len(), before + 1, "{road:?}");
    }
}

#[tokio::test]
async fn a_huge_error_is_no_huge_answer() {
    let roads = Roads::start().await;
    let text = "no ".repeat(1 << 20);
    for road in Road::ALL {
        let answer = Answer::whole(500, "text/plain", text.as_bytes());
        let reply = roads.ask(road, true, answer).await;
        assert_eq!(reply.status, 500, "{road:?}");
        assert!(reply.body.len() < 100_000, "{road:?}: {}", reply.body.len());
    }
}

/// The answer tells that something went wrong: as an error with its status, or inside the stream.
fn assert_told(road: Road, what: &str, reply: &Reply) {
    if reply.status == 200 {
        let report = checked(road, reply);
        assert_ne!(
            report.told,
            Told::Complete,
            "{road:?} {what}: {}",
            reply.text()
        );
    } else {
        let body = reply.json();
        assert_eq!(body["type"], "error", "{road:?} {what}: {body}");
        assert!(reply.status >= 400, "{road:?} {what}: {body}");
    }
}
