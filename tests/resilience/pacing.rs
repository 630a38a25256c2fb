//! Quotas: requests wait for their turn instead of being refused.

use serde_json::{Value, json};

use super::{alone, good, said};
use crate::harness::client;
use crate::harness::host;
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::{Road, error_of};

/// Answers whose headers say that nothing is left until this many seconds are over.
fn exhausted(reset: &'static str) -> Answer {
    let body = Road::Passthrough.whole().to_string();
    let answer = Answer::new(200).header("content-type", "application/json");
    let answer = answer
        .header("anthropic-ratelimit-requests-limit", "10")
        .header("x-ratelimit-remaining-requests-minute", "0")
        .header("x-ratelimit-reset-requests-minute", reset);
    answer.length(body.len()).raw(body.as_bytes())
}

fn request(words: &str) -> Value {
    Road::Passthrough.request(false, words)
}

#[tokio::test]
async fn a_held_request_is_told_nothing_and_shown_in_the_status() {
    let upstream = Upstream::always(exhausted("4")).await;
    let host = alone(&upstream.url()).start();
    client::messages(host.base(), &request("one")).await;
    let base = host.base().to_owned();
    let held = tokio::spawn(async move { client::messages(&base, &request("two")).await });
    let is_held = |status: &Value| status["providers"][0]["quota"]["held"] == 1;
    let status = host.wait_for_status("a held request", is_held).await;
    let account = &status["providers"][0]["quota"]["accounts"][0];
    assert_eq!(account["remaining_requests"], 0, "{status:#}");
    assert!(
        account["resets_in_s"].as_f64().is_some_and(|s| s > 0.0),
        "{status:#}"
    );
    assert_eq!(upstream.requests().len(), 1, "nothing was sent");
    held.abort();
    let left =
        |status: &Value| status["providers"][0]["quota"]["held"] == 0 && status["in_flight"] == 0;
    host.wait_for_status("nobody held", left).await;
    assert_eq!(upstream.requests().len(), 1, "its client left");
}

#[tokio::test]
async fn held_requests_go_in_the_order_in_which_they_came() {
    let upstream = Upstream::always(exhausted("0.6")).await;
    let host = alone(&upstream.url()).start();
    client::messages(host.base(), &request("first")).await;
    let mut clients = Vec::new();
    for number in 1..=3 {
        let base = host.base().to_owned();
        let asking =
            async move { client::messages(&base, &request(&format!("number {number}"))).await };
        clients.push(tokio::spawn(asking));
        let wanted = |status: &Value| status["in_flight"] == number;
        host.wait_for_status("one more held", wanted).await;
    }
    for client in clients {
        assert_eq!(client.await.expect("a client that ends").status, 200);
    }
    let requests = upstream.requests();
    let order = requests
        .iter()
        .map(|r| r.json()["messages"][0]["content"].clone());
    let order: Vec<_> = order.collect();
    assert_eq!(order, ["first", "number 1", "number 2", "number 3"]);
}

#[tokio::test]
async fn a_renewal_that_is_too_far_off_is_not_waited_for() {
    for (pacing, reset) in [(json!({}), "60"), (json!({ "hold_ms": 0 }), "4")] {
        let upstream = Upstream::always(exhausted(reset)).await;
        let host = alone(&upstream.url()).set("pacing", pacing).start();
        for _ in 0..2 {
            let reply = client::messages(host.base(), &request("now")).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        let status = host.status().await;
        assert_eq!(status["providers"][0]["quota"]["held"], 0, "{status:#}");
    }
}

#[tokio::test]
async fn a_limited_provider_is_left_alone_while_another_target_is_left() {
    let limited = said(
        429,
        "rate_limit_error",
        "slow down",
        &[("retry-after", "60")],
    );
    let (first, second) = (
        Upstream::always(limited).await,
        Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await,
    );
    let host = alone(&first.url())
        .provider(host::provider(
            "second",
            &second.url(),
            "anthropic",
            "model-2",
        ))
        .edit(|config| config["router"]["fallback"] = json!({ "default": ["second,model-2"] }))
        .start();
    for _ in 0..3 {
        let reply = client::messages(host.base(), &request("hello")).await;
        assert_eq!(reply.header("x-transom-provider"), Some("second"));
        let tried = reply.header("x-transom-tried");
        assert_eq!(tried, Some("plain,model-1: 429 rate_limit_error"));
    }
    assert_eq!(first.requests().len(), 1);
    assert_eq!(second.requests().len(), 3);
}

#[tokio::test]
async fn a_refusal_without_advice_is_waited_out() {
    let limited = said(429, "rate_limit_error", "slow down", &[]);
    let answers = [vec![limited; 4], vec![good()]].concat();
    let upstream = Upstream::in_turn(answers).await;
    let host = alone(&upstream.url()).start();
    let reply = client::messages(host.base(), &request("hello")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let tried = reply.header("x-transom-tried");
    assert_eq!(tried, Some("plain,model-1: 429 rate_limit_error (4 times)"));
}

#[tokio::test]
async fn an_account_that_answers_nobody_is_told_of_after_a_few_seconds() {
    let upstream = Upstream::always(said(429, "rate_limit_error", "slow down", &[])).await;
    let host = alone(&upstream.url()).start();
    let reply = client::messages(host.base(), &request("hello")).await;
    assert_eq!(error_of(&reply, 429, "rate_limit_error"), "slow down");
    // At once, after half a second, and then each second for as long as `hold_ms`.
    let asked = upstream.requests().len();
    assert!((5..=7).contains(&asked), "asked {asked} times");
}
