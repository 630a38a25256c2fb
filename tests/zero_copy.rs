//! What the log counts of an exchange: nothing enters a guest on passthrough, a spliced event never
//! does, and many events that wait are one push. Pointer identity is proved beside the relay.

use serde_json::{Value, json};

use crate::harness::client::{self, End};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Gate, Upstream};
use crate::scene;

/// A host that logs in JSON, with the guest `faulty` by two of its faults, and passthrough.
fn host(upstream: &Upstream) -> Host {
    let mut builder = Builder::new()
        .set("log", json!({ "format": "json" }))
        .component("faulty", &scene::guest("faulty"))
        .provider(provider("plain", &upstream.url(), "anthropic", "plain"))
        .provider(provider("chat", &upstream.url(), "cerebras", "chat"));
    for fault in ["none", "splice"] {
        let mut faulty = provider(fault, &upstream.url(), "faulty", fault);
        faulty["options"] = json!({ "fault": fault });
        builder = builder.provider(faulty);
    }
    builder.start()
}

/// The log line of a provider's newest exchange.
async fn exchange_line(host: &Host, provider: &str) -> Value {
    let find = || {
        let log = host.log();
        let mut lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.rfind(|line: &Value| line["message"] == "exchange" && line["provider"] == provider)
    };
    host.wait_for_status("the exchange is logged", |_| find().is_some())
        .await;
    find().expect("it was just there")
}

#[tokio::test(flavor = "multi_thread")]
async fn passthrough_gives_no_byte_to_a_guest_and_every_byte_to_the_client() {
    let events = scene::message_events(&scene::pieces("it", 30)).concat();
    let upstream = Upstream::always(Answer::stream().chunks_of(100, &events).end()).await;
    let host = host(&upstream);
    let reply = client::messages(host.base(), &scene::ask("plain", "hi")).await;
    assert_eq!((reply.body, reply.end), (events, End::Complete));
    let line = exchange_line(&host, "plain").await;
    assert_eq!(line["transformer"], "anthropic");
    for counter in ["guest_in", "guest_out", "pushes"] {
        assert!(line[counter].is_null(), "a guest ran: {line}");
    }
    for name in ["cerebras", "faulty"] {
        assert_eq!(host.transformer(name).await["calls"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_in_one_write_are_one_push() {
    let events = scene::chat_events(&scene::pieces("it", 20)).concat();
    let upstream = Upstream::always(Answer::sse(&events)).await;
    let host = host(&upstream);
    let reply = client::messages(host.base(), &scene::ask("chat", "hi")).await;
    assert_eq!(reply.end, End::Complete);
    assert_eq!(exchange_line(&host, "chat").await["pushes"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spliced_event_never_enters_the_guest() {
    let events = scene::message_events(&scene::pieces("it", 30));
    let (begin, rest) = events.split_at(2);
    let (deltas, end) = rest.split_at(30);
    let (second, third) = (Gate::new(), Gate::new());
    let answer = Answer::stream()
        .chunk(&begin.concat())
        .gate(&second)
        .chunk(&deltas.concat())
        .gate(&third)
        .chunk(&end.concat())
        .end();
    let upstream = Upstream::always(answer).await;
    let host = host(&upstream);
    let body = scene::ask("splice", "hi");
    let mut exchange = client::open_messages(host.base(), &body).await;
    for _ in begin {
        exchange.event().await.expect("the beginning");
    }
    second.open();
    for _ in deltas {
        exchange.event().await.expect("a delta");
    }
    third.open();
    let reply = exchange.finish().await;
    assert_eq!((reply.body, reply.end), (events.concat(), End::Complete));
    let line = exchange_line(&host, "splice").await;
    let entered = body.to_string().len() + begin.concat().len() + end.concat().len();
    assert_eq!(line["guest_in"], entered, "{line}");
    assert_eq!(
        (&line["pushes"], &line["guest_out"]),
        (&json!(2), &json!(0))
    );
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        1 + (self.0 >> 33) as usize % most
    }
}

/// The body in pieces of any size up to `most`.
fn torn(seed: u64, most: usize, body: &[u8]) -> Answer {
    let (mut dice, mut rest, mut answer) = (Dice(seed), body, Answer::stream());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(dice.roll(most).min(rest.len()));
        answer = answer.chunk(piece);
        rest = after;
    }
    answer.end()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_on_and_off_give_the_same_bytes_however_the_stream_is_torn() {
    let mut texts = scene::pieces("it \"says\" \\ \u{1f600} \u{6f22}", 20);
    texts.push(String::new());
    texts.push("x".repeat(5000));
    texts.extend(scene::pieces("more", 5));
    let events = scene::message_events(&texts).concat();
    let body = events.clone();
    let upstream = Upstream::start(move |request| {
        let seed = request.number as u64 / 2;
        torn(seed, [3, 40, 400, 9000][seed as usize % 4], &body)
    })
    .await;
    let host = host(&upstream);
    for seed in 0..24 {
        for model in ["splice", "none"] {
            let reply = client::messages(host.base(), &scene::ask(model, "hi")).await;
            assert_eq!(reply.end, End::Complete, "seed {seed}, {model}");
            assert!(
                reply.body == events,
                "seed {seed}, {model}: {}",
                reply.text()
            );
        }
    }
}
