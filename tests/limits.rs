//! Limits at their edge: a full pool, answers that are too large, addresses that do not answer,
//! guests that are starved, and machines with little address space.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::client::{self, Exchange, Reply};
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Gate, Upstream};
use crate::roads::{Road, Roads, error_of};
use crate::scene;

mod names;
mod space;

/// A stream that waits in its middle until the gate opens.
fn held(gate: &Gate) -> Answer {
    let events = scene::message_events(&scene::pieces("it", 3));
    let (begin, rest) = events.split_at(3);
    let answer = Answer::stream().chunk(&begin.concat()).gate(gate);
    answer.chunk(&rest.concat()).end()
}

/// A provider of one stage, one of two stages, one of none, before an upstream that holds its streams.
async fn crowded(instances: usize, gate: &Gate) -> (Upstream, Host) {
    let upstream = Upstream::always(held(gate)).await;
    let url = upstream.url();
    let two = json!(["faulty", "faulty"]);
    let host = Builder::new()
        .component("faulty", &scene::guest("faulty"))
        .provider(provider("one", &url, "faulty", "one"))
        .provider(scene::chain("two", &url, &two))
        .provider(provider("none", &url, "anthropic", "none"))
        .set("limits", json!({ "instances": instances }))
        .start();
    (upstream, host)
}

async fn begun(host: &Host, model: &str) -> Exchange {
    let mut exchange = client::open_messages(host.base(), &scene::ask(model, "hi")).await;
    assert_eq!(exchange.status(), 200, "{model}");
    exchange.event().await.expect("the stream has begun");
    exchange
}

async fn assert_full(host: &Host, model: &str) {
    for body in [scene::ask(model, "hi"), scene::ask_whole(model, "hi")] {
        let reply = client::messages(host.base(), &body).await;
        let message = error_of(&reply, 529, "overloaded_error");
        assert!(message.contains("limits.instances"), "{message}");
        assert_eq!(reply.header("retry-after"), Some("1"), "{model}");
    }
}

fn free(status: &Value) -> u64 {
    status["pool"]["free"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_says_when_to_come_back_and_passthrough_needs_no_room_in_it() {
    let gate = Gate::new();
    let (upstream, host) = crowded(2, &gate).await;
    let mut running = vec![begun(&host, "one").await, begun(&host, "one").await];
    assert_eq!(free(&host.status().await), 0);
    assert_full(&host, "one").await;
    assert_full(&host, "two").await;
    running.push(begun(&host, "none").await);
    assert_eq!(upstream.requests().len(), 3, "what is refused is not sent");
    gate.open();
    for exchange in running {
        let report = grammar::check(&exchange.finish().await);
        assert_eq!(report.assert_clean().told, Told::Complete);
    }
    host.wait_for_status("the pool is free again", |status| free(status) == 2)
        .await;
    let report = grammar::check(&begun(&host, "one").await.finish().await);
    assert_eq!(report.assert_clean().told, Told::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_takes_room_for_all_its_stages_or_none() {
    let gate = Gate::new();
    let (_upstream, host) = crowded(3, &gate).await;
    let two = begun(&host, "two").await;
    assert_eq!(free(&host.status().await), 1);
    assert_full(&host, "two").await;
    assert_eq!(free(&host.status().await), 1, "half a chain holds nothing");
    let one = begun(&host, "one").await;
    assert_full(&host, "one").await;
    // A client that leaves gives its room back.
    drop(two);
    host.wait_for_status("two instances are given back", |status| free(status) == 2)
        .await;
    let two = begun(&host, "two").await;
    gate.open();
    for exchange in [one, two] {
        let report = grammar::check(&exchange.finish().await);
        assert_eq!(report.assert_clean().told, Told::Complete);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_never_fits_the_pool_is_not_told_to_come_back() {
    let (upstream, host) = crowded(1, &Gate::new()).await;
    let reply = client::messages(host.base(), &scene::ask("two", "hi")).await;
    let message = error_of(&reply, 500, "api_error");
    assert!(message.contains("2 stages"), "{message}");
    assert!(message.contains("limits.instances"), "{message}");
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert_eq!(reply.header("retry-after"), None);
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_a_bad_gateway_on_every_road() {
    let limits = json!({ "response_body": 100_000 });
    let roads = Roads::with(|host| host.set("limits", limits)).await;
    for road in Road::ALL {
        let mut large = road.whole();
        large["padding"] = json!("x".repeat(1 << 20));
        for stream in [true, false] {
            let fine = roads
                .ask(road, stream, Answer::json(200, &road.whole()))
                .await;
            assert_eq!(fine.status, 200, "{road:?} {stream}: {}", fine.text());
            let text = large.to_string();
            for answer in [
                Answer::json(200, &large),
                Answer::new(200)
                    .header("content-type", "application/json")
                    .chunks_of(10_000, text.as_bytes())
                    .end(),
            ] {
                let reply = roads.ask(road, stream, answer).await;
                let message = error_of(&reply, 502, "api_error");
                assert!(
                    message.contains("100000 bytes (limits.response_body)"),
                    "{message}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_stream_may_be_longer_than_a_whole_answer_may_be() {
    let limits = json!({ "response_body": 100 });
    let roads = Roads::with(|host| host.set("limits", limits)).await;
    for road in Road::ALL {
        let report = roads.stream(road, Answer::sse(road.stream())).await;
        assert_eq!(report.told, Told::Complete, "{road:?}");
    }
}

/// An address of loopback that takes no connection and refuses none: its queue is full.
struct Deaf {
    listener: tokio::net::TcpListener,
    _waiting: Vec<tokio::net::TcpStream>,
}

impl Deaf {
    async fn start() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        let any = "127.0.0.1:0".parse().expect("an address");
        socket.bind(any).expect("bind loopback");
        let listener = socket.listen(1).expect("listen");
        let address = listener.local_addr().expect("bound address");
        let mut waiting = Vec::new();
        loop {
            let connecting = tokio::net::TcpStream::connect(address);
            let patience = std::time::Duration::from_millis(300);
            match tokio::time::timeout(patience, connecting).await {
                Ok(stream) => waiting.push(stream.expect("it queues")),
                Err(_) => break,
            }
            assert!(waiting.len() < 100, "the queue is never full");
        }
        Self {
            listener,
            _waiting: waiting,
        }
    }

    fn url(&self) -> String {
        let address = self.listener.local_addr().expect("bound address");
        format!("http://{address}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_answer_is_given_up_after_the_time_to_connect() {
    let deaf = Deaf::start().await;
    let host = Builder::new()
        .provider(provider("chat", &deaf.url(), "cerebras", "chat"))
        .provider(provider("plain", &deaf.url(), "anthropic", "plain"))
        .set("timeouts", json!({ "connect_ms": 100 }))
        .start();
    for model in ["chat", "plain"] {
        for body in [scene::ask(model, "hi"), scene::ask_whole(model, "hi")] {
            let reply = client::messages(host.base(), &body).await;
            let message = error_of(&reply, 504, "timeout_error");
            assert!(message.contains("cannot be reached"), "{message}");
            assert!(message.contains(&deaf.url()), "{message}");
        }
    }
}

/// So many loops that each gets an eighth of a core's time.
fn loops() -> usize {
    let cores = std::thread::available_parallelism().map_or(8, usize::from);
    (8 * cores).min(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_is_starved_by_its_neighbours_is_stopped_by_the_clock_on_the_wall() {
    // Each loop may run for a second of its own, which takes eight seconds beside the others.
    let events = scene::message_events(&scene::pieces("it", 3)).concat();
    let upstream = Upstream::always(Answer::sse(&events)).await;
    let mut looping = provider("loop", &upstream.url(), "faulty", "loop");
    looping["options"] = json!({ "fault": "push-loop" });
    let host = Builder::new()
        .component("faulty", &scene::guest("faulty"))
        .provider(looping)
        .set("limits", json!({ "push_ms": 1000, "call_wall_ms": 1001 }))
        .start();
    let mut running = JoinSet::new();
    for _ in 0..loops() {
        let base = host.base().to_owned();
        running.spawn(async move { client::messages(&base, &scene::ask("loop", "hi")).await });
    }
    let told = |reply: &Reply| error_of(reply, 500, "api_error");
    let messages: Vec<String> = running.join_all().await.iter().map(told).collect();
    let by_the_wall = messages
        .iter()
        .filter(|message| message.contains("longer than 1001 ms"));
    assert!(by_the_wall.count() > 0, "{messages:#?}");
    for message in &messages {
        assert!(message.contains("`push` ran longer than 100"), "{message}");
    }
    let all = |status: &Value| status["pool"]["free"] == status["pool"]["instances"];
    host.wait_for_status("every instance is given back", all)
        .await;
}
