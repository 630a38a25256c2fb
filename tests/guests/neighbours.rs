//! Others are not disturbed: their streams keep every byte, and the host answers while guests loop.

use super::*;

/// Streams beside the bad guests.
const NEIGHBOURS: usize = 32;

/// Every fault that ends an exchange.
fn all_bad() -> Vec<&'static str> {
    let mut all = faults(&[&REQUEST, &RESPONSE, &RULES]);
    all.extend(["wake-loop", "log-long", "clean-after-break"]);
    all
}

/// A paced stream of the neighbour that the prompt names: a plain Anthropic one, or a chat completion.
fn neighbour(prompt: &str, chat: bool, gate: &Gate) -> Answer {
    let pieces = scene::pieces(prompt, 40);
    let events = if chat {
        scene::chat_events(&pieces)
    } else {
        scene::message_events(&pieces)
    };
    let (paced, rest) = events.split_at(30);
    let answer = paced.iter().fold(Answer::stream(), |answer, event| {
        answer.chunk(event).pause(Duration::from_millis(20))
    });
    answer.gate(gate).chunk(&rest.concat()).end()
}

/// A neighbour's answer without its message id, which is the exchange's own.
fn comparable(reply: &Reply) -> String {
    let report = grammar::check(reply);
    assert_eq!(report.assert_clean().told, Told::Complete);
    let id = report.message["id"].as_str().unwrap_or_default();
    reply.text().replace(id, "msg_")
}

async fn neighbours(host: &Host) -> JoinSet<(usize, String)> {
    let mut set = JoinSet::new();
    for number in 0..NEIGHBOURS {
        let base = host.base().to_owned();
        let model = ["none", "splice", "chat", "plain"][number % 4];
        let body = scene::ask(model, &format!("neighbour {number}"));
        let mut exchange = client::open_messages(&base, &body).await;
        assert!(
            exchange.event().await.is_some(),
            "neighbour {number} has begun"
        );
        set.spawn(async move { (number, comparable(&exchange.finish().await)) });
    }
    set
}

async fn sorted(set: JoinSet<(usize, String)>) -> Vec<(usize, String)> {
    let mut all = set.join_all().await;
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_streams_keep_every_byte_while_all_bad_guests_run_beside_them() {
    let gate = std::sync::Arc::new(Gate::new());
    let held = std::sync::Arc::clone(&gate);
    let quick = upstream().await;
    let slow = Upstream::start(move |request| {
        let body = request.json();
        let prompt = body["messages"][0]["content"]
            .as_str()
            .unwrap_or("neighbour");
        let chat = request.path().ends_with("/chat/completions");
        neighbour(prompt, chat, &held)
    })
    .await;
    let host = host_of(&quick, &all_bad())
        .provider(faulty("none", &slow.url(), "none"))
        .provider(faulty("splice", &slow.url(), "splice"))
        .provider(provider("chat", &slow.url(), "openai", "chat"))
        .provider(provider("plain", &slow.url(), "anthropic", "plain"))
        .start();
    let beside = neighbours(&host).await;
    let mut bad = JoinSet::new();
    for fault in all_bad() {
        for _ in 0..2 {
            let base = host.base().to_owned();
            bad.spawn(async move { client::messages(&base, &scene::ask(fault, "hi")).await });
        }
    }
    let replies = bad.join_all().await;
    assert!(replies.iter().filter(|reply| reply.status == 500).count() >= 20);
    gate.open();
    let disturbed = sorted(beside).await;
    // The gate stays open: the same streams again, with nobody beside them.
    let alone = sorted(neighbours(&host).await).await;
    assert_eq!(disturbed.len(), NEIGHBOURS);
    assert_eq!(disturbed, alone);
}

/// Starts loops, waits until all of them run, and asks for `/health`.
async fn health_comes_before_the_loops_end(fault: &'static str) {
    const LOOPS: usize = 8;
    let upstream = upstream().await;
    let host = host_of(&upstream, &[fault])
        .set(
            "limits",
            json!({ "request_ms": 1500, "push_ms": 1500, "call_wall_ms": 60_000 }),
        )
        .start();
    let mut loops = JoinSet::new();
    for _ in 0..LOOPS {
        let base = host.base().to_owned();
        loops.spawn(async move { client::messages(&base, &scene::ask(fault, "hi")).await });
    }
    let running = |status: &Value| status["transformers"][0]["calls"] == LOOPS;
    host.wait_for_status("all loops run", running).await;
    if fault == "push-loop" {
        let asked = |records: &[Recorded]| records.len() == LOOPS;
        upstream.wait_until("all are answered", asked).await;
    }
    for _ in 0..5 {
        let health = client::get(host.base(), "/health").await;
        assert_eq!(health.status, 200);
        assert!(
            loops.try_join_next().is_none(),
            "a loop ended before /health was answered"
        );
    }
    for reply in loops.join_all().await {
        assert_eq!(reply.status, 500);
        let (_, message) = error_of(fault, &reply.json());
        assert!(message.contains("ran longer than"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_answered_while_more_guests_loop_over_requests_than_there_are_cores() {
    health_comes_before_the_loops_end("request-loop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_answered_while_more_guests_loop_over_pushes_than_there_are_cores() {
    health_comes_before_the_loops_end("push-loop").await;
}
