//! The same provider again.

use serde_json::json;

use super::{alone, good, request, said};
use crate::harness::client;
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::error_of;

fn down(status: u16) -> Answer {
    said(status, "api_error", "down", &[])
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let limited = said(429, "rate_limit_error", "wait", &[("retry-after-ms", "50")]);
    for (first, tried) in [
        (down(500), "500 api_error"),
        (down(502), "502 api_error"),
        (down(503), "503 api_error"),
        (limited, "429 rate_limit_error"),
        (Answer::hang_up(), "502 api_error"),
    ] {
        for stream in [true, false] {
            let upstream = Upstream::in_turn(vec![first.clone(), good()]).await;
            let host = alone(&upstream.url()).start();
            let reply = client::messages(host.base(), &request(stream)).await;
            assert_eq!(reply.status, 200, "{tried}: {}", reply.text());
            let told = reply.header("x-transom-tried");
            assert_eq!(told, Some(format!("plain,model-1: {tried}").as_str()));
            let requests = upstream.requests();
            assert_eq!(requests.len(), 2, "{tried}");
            assert_eq!(requests[0].body, requests[1].body, "{tried}");
        }
    }
}

#[tokio::test]
async fn there_are_two_retries_and_then_the_error() {
    let upstream = Upstream::always(down(500)).await;
    let host = alone(&upstream.url()).start();
    let reply = client::messages(host.base(), &request(true)).await;
    assert_eq!(error_of(&reply, 500, "api_error"), "down");
    assert_eq!(upstream.requests().len(), 3);
    let tried = reply.header("x-transom-tried").unwrap_or_default();
    assert_eq!(tried.split("; ").count(), 3, "{tried}");
}

#[tokio::test]
async fn what_the_provider_does_not_want_again_is_told_at_once() {
    for (status, headers) in [
        (429, [("retry-after", "6")]),
        (529, [("retry-after", "60")]),
        (500, [("x-should-retry", "false")]),
        (400, [("x-should-retry", "true")]),
    ] {
        let answer = said(status, "api_error", "no", &headers);
        let upstream = Upstream::always(answer).await;
        let host = alone(&upstream.url()).start();
        let reply = client::messages(host.base(), &request(true)).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        let [(name, value)] = headers;
        assert_eq!(reply.header(name), Some(value));
        assert_eq!(upstream.requests().len(), 1, "{status}");
        assert_eq!(reply.header("x-transom-tried"), None, "{status}");
    }
}

#[tokio::test]
async fn retries_can_be_switched_off() {
    let upstream = Upstream::always(down(500)).await;
    let host = alone(&upstream.url()).set("retries", json!({ "attempts": 0 }));
    let host = host.start();
    client::messages(host.base(), &request(true)).await;
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn a_pooled_connection_that_is_dead_is_replaced() {
    let upstream = Upstream::in_turn(vec![good(), Answer::hang_up(), good()]).await;
    let host = alone(&upstream.url()).start();
    for _ in 0..2 {
        let reply = client::messages(host.base(), &request(false)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let connections: Vec<_> = upstream.requests().iter().map(|r| r.connection).collect();
    assert_eq!(connections, [0, 0, 1]);
}

#[tokio::test]
async fn a_client_that_leaves_while_transom_waits_ends_the_trying() {
    let limited = said(429, "rate_limit_error", "wait", &[("retry-after", "2")]);
    let upstream = Upstream::always(limited).await;
    let host = alone(&upstream.url()).start();
    let base = host.base().to_owned();
    let asking = tokio::spawn(async move { client::messages(&base, &request(true)).await });
    upstream
        .wait_until("the first attempt", |records| !records.is_empty())
        .await;
    asking.abort();
    let over = |status: &serde_json::Value| status["in_flight"] == 0;
    host.wait_for_status("the end of the exchange", over).await;
    assert_eq!(upstream.requests().len(), 1);
}
