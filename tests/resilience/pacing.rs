//! Quotas: requests wait for their turn instead of being refused.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{alone, said};
use crate::harness::client;
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Request, Upstream};
use crate::roads::Road;

/// Tokens that a window has: for three requests of the tests.
const LIMIT: u64 = 3500;

const WINDOW: Duration = Duration::from_millis(900);

/// An account that reserves what a request asks for at most, as Cerebras does.
struct Account {
    began: Instant,
    window: Duration,
    left: u64,
    /// The windows' limits are told in headers; else only when to come back.
    tells: bool,
}

impl Account {
    fn new(tells: bool, window: Duration) -> Self {
        let began = Instant::now();
        Self {
            began,
            window,
            left: LIMIT,
            tells,
        }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        if self.began.elapsed() >= self.window {
            *self = Self::new(self.tells, self.window);
        }
        let output = request.json()["max_completion_tokens"].as_u64();
        let need = output.unwrap_or_default() + 50;
        let reset = (self.window.saturating_sub(self.began.elapsed())).as_secs_f64();
        let (answer, body) = if need > self.left {
            // Whole seconds, rounded up, as this header has them.
            let answer = Answer::new(429).header("retry-after", &reset.ceil().to_string());
            let words = "Tokens per minute limit exceeded - too many tokens processed.";
            (answer, json!({ "message": words, "param": "quota" }))
        } else {
            self.left -= need;
            (Answer::new(200), Road::Cerebras.whole())
        };
        let answer = if self.tells {
            answer
                .header("x-ratelimit-limit-tokens-minute", &LIMIT.to_string())
                .header(
                    "x-ratelimit-remaining-tokens-minute",
                    &self.left.to_string(),
                )
                .header("x-ratelimit-reset-tokens-minute", &reset.to_string())
        } else {
            answer
        };
        let answer = answer.header("content-type", "application/json");
        let body = body.to_string();
        answer.length(body.len()).raw(body.as_bytes())
    }
}

fn cerebras(upstream: &Upstream) -> Builder {
    let provider = host::provider("cerebras", &upstream.url(), "cerebras", "model-1");
    let cache = format!("{}/transom-cache", env!("CARGO_TARGET_TMPDIR"));
    Builder::new()
        .env("XDG_CACHE_HOME", &cache)
        .provider(provider)
}

async fn limited(account: Account) -> Upstream {
    let account = Mutex::new(account);
    Upstream::start(move |request| {
        let mut account = account.lock().expect("a test that goes on");
        account.answer(request)
    })
    .await
}

async fn storm(tells: bool, requests: usize) {
    let upstream = limited(Account::new(tells, WINDOW)).await;
    let host = cerebras(&upstream).start();
    let base = host.base().to_owned();
    let clients = (0..requests).map(|number| {
        let base = base.clone();
        tokio::spawn(async move {
            let request = Road::Cerebras.request(false, &format!("request {number}"));
            client::messages(&base, &request).await
        })
    });
    let clients: Vec<_> = clients.collect();
    for client in clients {
        let reply = client.await.expect("a client that ends");
        assert_eq!(reply.status, 200, "{} {}", reply.text(), host.log());
    }
}

#[tokio::test]
async fn in_a_storm_no_429_reaches_a_client_of_an_account_that_tells_what_is_left() {
    storm(true, 12).await;
}

#[tokio::test]
async fn in_a_storm_no_429_reaches_a_client_of_an_account_that_only_says_when_to_come_back() {
    storm(false, 9).await;
}

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

/// Asks as Claude Code does: after a 429 it waits as it is told, else for longer and longer. Gives how often.
async fn patiently(base: &str, words: &str) -> usize {
    for refused in 0..11 {
        let reply = client::messages(base, &Road::Cerebras.request(false, words)).await;
        if reply.status == 200 {
            return refused;
        }
        let told = reply
            .header("retry-after")
            .and_then(|text| text.parse().ok());
        let longer = 0.55 * 2_f64.powi(i32::try_from(refused).unwrap_or(10));
        tokio::time::sleep(Duration::from_secs_f64(told.unwrap_or(longer.min(36.0)))).await;
    }
    panic!("it gave up");
}

/// How long tasks take whose account is too small for them, and how many refusals their clients see.
#[tokio::test]
#[ignore = "a measurement: cargo test --test integration measured -- --ignored --nocapture"]
async fn a_storm_is_measured_with_and_without_pacing() {
    for (name, retries, hold_ms) in [("neither", 0, 0), ("retries", 2, 0), ("both", 2, 5000)] {
        let upstream = limited(Account::new(true, Duration::from_secs(2))).await;
        let host = cerebras(&upstream)
            .set("retries", json!({ "attempts": retries }))
            .set("pacing", json!({ "hold_ms": hold_ms }))
            .start();
        let base = host.base().to_owned();
        let began = Instant::now();
        let tasks = (0..6).map(|task| {
            let base = base.clone();
            tokio::spawn(async move {
                let mut refused = 0;
                for turn in 0..3 {
                    refused += patiently(&base, &format!("task {task}, turn {turn}")).await;
                }
                (refused, began.elapsed())
            })
        });
        let mut ends = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            ends.push(task.await.expect("a task that ends"));
        }
        let refused: usize = ends.iter().map(|(refused, _)| refused).sum();
        let last = ends.iter().map(|(_, end)| *end).max().unwrap_or_default();
        let mean = ends.iter().map(|(_, end)| end.as_secs_f64()).sum::<f64>() / 6.0;
        let asked = upstream.requests().len();
        eprintln!(
            "{name}: 429 seen {refused}, requests {asked}, tasks end after {mean:.1} s on average, the last after {last:.1?}"
        );
    }
}
