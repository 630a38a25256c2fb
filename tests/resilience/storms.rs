//! Storms: more requests than an account takes, of accounts that tell different things of themselves.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Request, Upstream};
use crate::roads::Road;

/// Tokens that a window has: for three requests of the tests.
const LIMIT: u64 = 3500;

const WINDOW: Duration = Duration::from_millis(900);

/// What an account says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Tells {
    /// A 429 and nothing else.
    Nothing,
    /// When to come back.
    RetryAfter,
    /// The same, and the window's tokens in each answer, as Cerebras does.
    Tokens,
    /// The window's requests, under OpenAI's names, which usually grow steadily and here do not; no advice.
    Requests,
    /// The window's tokens, of which a request costs more than can be guessed; no advice.
    CostlyTokens,
    /// The window's requests, under Anthropic's names, and when to come back.
    Anthropic,
}

const ALL: [Tells; 6] = [
    Tells::Nothing,
    Tells::RetryAfter,
    Tells::Tokens,
    Tells::Requests,
    Tells::CostlyTokens,
    Tells::Anthropic,
];

/// An account that reserves what a request asks for at most, as Cerebras does.
struct Account {
    began: Instant,
    window: Duration,
    left: u64,
    tells: Tells,
}

impl Account {
    fn new(tells: Tells, window: Duration) -> Self {
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
        let refused = need > self.left;
        let (answer, body) = if refused {
            let words = "Tokens per minute limit exceeded - too many tokens processed.";
            let body = json!({ "message": words, "param": "quota" });
            (Answer::new(429), body)
        } else {
            self.left -= need;
            (Answer::new(200), Road::Cerebras.whole())
        };
        let answer = self.tell(answer, refused, need);
        let answer = answer.header("content-type", "application/json");
        let body = body.to_string();
        answer.length(body.len()).raw(body.as_bytes())
    }

    fn tell(&self, answer: Answer, refused: bool, need: u64) -> Answer {
        let reset = self.window.saturating_sub(self.began.elapsed());
        let seconds = reset.as_secs_f64();
        let of = |all: u64| all.to_string();
        let answer = match self.tells {
            Tells::Nothing | Tells::RetryAfter => answer,
            Tells::Tokens | Tells::CostlyTokens => {
                let scale = if self.tells == Tells::Tokens { 1 } else { 10 };
                answer
                    .header("x-ratelimit-limit-tokens-minute", &of(LIMIT * scale))
                    .header(
                        "x-ratelimit-remaining-tokens-minute",
                        &of(self.left * scale),
                    )
                    .header("x-ratelimit-reset-tokens-minute", &seconds.to_string())
            }
            Tells::Requests => answer
                .header("x-ratelimit-limit-requests", &of(LIMIT / need))
                .header("x-ratelimit-remaining-requests", &of(self.left / need))
                .header("x-ratelimit-reset-requests", &format!("{seconds:.3}s")),
            Tells::Anthropic => answer
                .header("anthropic-ratelimit-requests-limit", &of(LIMIT / need))
                .header(
                    "anthropic-ratelimit-requests-remaining",
                    &of(self.left / need),
                )
                .header("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
        };
        let advises = matches!(
            self.tells,
            Tells::RetryAfter | Tells::Tokens | Tells::Anthropic
        );
        if refused && advises {
            // Whole seconds, rounded up, as this header has them.
            return answer.header("retry-after", &seconds.ceil().to_string());
        }
        answer
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

#[tokio::test]
async fn no_429_reaches_a_client_whatever_the_account_tells_of_itself() {
    let storms = ALL.map(|tells| tokio::spawn(storm(tells, 12)));
    for storm in storms {
        storm.await.expect("a storm without a 429");
    }
}

async fn storm(tells: Tells, requests: usize) {
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
        assert_eq!(
            reply.status,
            200,
            "{tells:?}: {} {}",
            reply.text(),
            host.log()
        );
    }
}

/// A task's request after so many tools were used for it.
fn turn(task: usize, used: usize) -> Value {
    let mut request = Road::Cerebras.request(false, &format!("task {task}"));
    let messages = request["messages"].as_array_mut().expect("messages");
    for use_ in 0..used {
        let id = format!("call_{use_}");
        let call = json!({ "type": "tool_use", "id": id, "name": "Read", "input": {} });
        let result = json!({ "type": "tool_result", "tool_use_id": id, "content": "text" });
        messages.push(json!({ "role": "assistant", "content": [call] }));
        messages.push(json!({ "role": "user", "content": [result] }));
    }
    request
}

/// Asks as Claude Code does: after a 429 it waits as it is told, else for longer and longer, eleven
/// times. Gives how often.
async fn patiently(base: &str, request: &Value) -> usize {
    for refused in 0..11 {
        let reply = client::messages(base, request).await;
        if reply.status == 200 {
            return refused;
        }
        let told = reply
            .header("retry-after")
            .and_then(|text| text.parse().ok());
        let longer = 0.55 * 2_f64.powi(i32::try_from(refused).unwrap_or(10));
        tokio::time::sleep(Duration::from_secs_f64(told.unwrap_or(longer.min(36.0)))).await;
    }
    11
}

/// How long tasks take whose account is too small for them, and how many refusals their clients see.
#[tokio::test]
#[ignore = "a measurement: cargo test --test integration measured -- --ignored --nocapture"]
async fn a_storm_is_measured_with_and_without_pacing() {
    for tells in ALL {
        for (name, retries, hold_ms) in [("neither", 0, 0), ("retries", 2, 0), ("both", 2, 5000)] {
            let measured = measure(tells, retries, hold_ms).await;
            eprintln!("{tells:?}, {name}: {measured}");
        }
    }
}

async fn measure(tells: Tells, retries: u32, hold_ms: u32) -> String {
    let upstream = limited(Account::new(tells, Duration::from_secs(2))).await;
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
            for used in 0..3 {
                refused += patiently(&base, &turn(task, used)).await;
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
    format!(
        "429 seen {refused}, requests {asked}, tasks end after {mean:.1} s on average, the last after {last:.1?}"
    )
}
