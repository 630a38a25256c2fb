//! Bad guests at run time: each ends its own exchange with an error that the client can work with,
//! and nothing else. The guest `faulty` passes Anthropic traffic on and misbehaves by its option.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::client::{self, End, Exchange, Reply};
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Gate, Recorded, Upstream};
use crate::scene;

mod ambient;
mod logs;
mod neighbours;
mod panics;
mod reach;

/// A provider whose transformer has this fault. Its name is its model's name too.
fn faulty(name: &str, base_url: &str, fault: &str) -> Value {
    let mut provider = provider(name, base_url, "faulty", name);
    provider["transformer"] = json!("faulty");
    provider["options"] = json!({ "fault": fault });
    provider
}

/// A host with one provider for each fault, of the same name, before one upstream.
fn host_of(upstream: &Upstream, faults: &[&str]) -> Builder {
    let builder = Builder::new().component("faulty", &scene::guest("faulty"));
    faults.iter().fold(builder, |builder, fault| {
        builder.provider(faulty(fault, &upstream.url(), fault))
    })
}

/// Answers in the form that was asked for.
async fn upstream() -> Upstream {
    let pieces = scene::pieces("it", 5);
    Upstream::start(move |request| {
        if request.json()["stream"] == true {
            Answer::sse(&scene::message_events(&pieces).concat())
        } else {
            Answer::json(200, &scene::message_whole(&pieces))
        }
    })
    .await
}

/// Time enough for a guest to fill its memory on a slow machine: it must hit that limit first.
fn patient() -> Value {
    json!({ "request_ms": 3000, "push_ms": 3000, "call_wall_ms": 60_000 })
}

/// The type and the words of an error, after checking its envelope.
fn error_of(what: &str, body: &Value) -> (String, String) {
    assert_eq!(body["type"], "error", "{what}: {body}");
    let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    assert!(!text("message").is_empty(), "{what}: {body}");
    (text("type"), text("message"))
}

/// A fault that ends an exchange, and what the client is told.
struct Ends {
    fault: &'static str,
    status: u16,
    kind: &'static str,
    words: &'static str,
}

const fn ends(fault: &'static str, words: &'static str) -> Ends {
    Ends {
        fault,
        status: 500,
        kind: "api_error",
        words,
    }
}

/// Faults on the way out. The upstream sees nothing of such an exchange.
const REQUEST: [Ends; 6] = [
    ends("request-trap", "trapped in `request`"),
    ends("request-loop", "`request` ran longer than 3000 ms"),
    Ends {
        status: 413,
        kind: "request_too_large",
        ..ends("request-memory", "ran out of memory in `request`")
    },
    ends("request-flood", "more than the 67108864 allowed"),
    ends(
        "log-flood",
        "trapped in `request`: log flood: 4001 lines in one exchange",
    ),
    Ends {
        status: 418,
        ..ends("request-fail", "told to fail")
    },
];

/// Faults on the way back, in `push` or `respond`.
const RESPONSE: [Ends; 7] = [
    ends("push-trap", "trapped in `"),
    ends("push-loop", "` ran longer than "),
    ends("push-memory", "ran out of memory in `"),
    ends("push-flood", "it returned 100663296 bytes, more than the "),
    ends("edit-out-of-range", "is not ascending inside 0.."),
    ends("edit-overlap", "the edit 1..3 is not ascending"),
    ends("edit-descending", "the edit 0..1 is not ascending"),
];

/// Faults that only a stream can have. `wake-loop` comes after the first byte.
const RULES: [Ends; 2] = [
    ends("rule-empty", "a splice rule with an empty prefix or suffix"),
    ends(
        "rule-overlap",
        "two splice rules could match the same frame",
    ),
];

fn faults(ends: &[&[Ends]]) -> Vec<&'static str> {
    ends.iter()
        .copied()
        .flatten()
        .map(|end| end.fault)
        .collect()
}

fn assert_refused(end: &Ends, reply: &Reply) {
    let what = end.fault;
    assert_eq!(reply.status, end.status, "{what}: {}", reply.text());
    assert_eq!(reply.end, End::Complete, "{what}");
    let (kind, message) = error_of(what, &reply.json());
    assert_eq!(kind, end.kind, "{what}: {message}");
    assert!(message.contains(end.words), "{what}: {message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_breaks_before_the_first_byte_becomes_an_error_with_its_status() {
    let upstream = upstream().await;
    let names = faults(&[&REQUEST, &RESPONSE, &RULES]);
    let host = host_of(&upstream, &names).set("limits", patient()).start();
    for end in &REQUEST {
        for body in [
            scene::ask(end.fault, "hi"),
            scene::ask_whole(end.fault, "hi"),
        ] {
            assert_refused(end, &client::messages(host.base(), &body).await);
        }
    }
    let sent = upstream.requests().len();
    assert_eq!(sent, 0, "none of these requests is sent on");
    for end in RESPONSE.iter().chain(&RULES) {
        let reply = client::messages(host.base(), &scene::ask(end.fault, "hi")).await;
        assert_refused(end, &reply);
    }
    for end in &RESPONSE {
        let reply = client::messages(host.base(), &scene::ask_whole(end.fault, "hi")).await;
        assert_refused(end, &reply);
    }
    let entry = host.transformer("faulty").await;
    // A failure that a guest says is no fault of it.
    let traps = 2 * (REQUEST.len() - 1 + RESPONSE.len()) + RULES.len();
    assert_eq!(entry["traps"], traps, "{entry}");
}

/// Opens a stream whose upstream waits before its first event, and reads its head and a ping.
async fn open_held(host: &Host, model: &str) -> Exchange {
    let mut exchange = client::open_messages(host.base(), &scene::ask(model, "hi")).await;
    assert_eq!(exchange.status(), 200, "{model}");
    let ping = exchange.event().await.expect("a ping while nothing comes");
    assert_eq!(ping.name, "ping", "{model}");
    exchange
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_breaks_after_the_first_byte_becomes_an_error_event() {
    let gate = Gate::new();
    let events = scene::message_events(&scene::pieces("it", 5)).concat();
    let held = Answer::stream().head().gate(&gate).chunk(&events).end();
    let upstream = Upstream::always(held).await;
    let names = faults(&[&RESPONSE, &RULES]);
    let host = host_of(&upstream, &names)
        .set("timeouts", json!({ "hold_ms": 1 }))
        .set("limits", patient())
        .start();
    let mut open = Vec::new();
    for end in RESPONSE.iter().chain(&RULES) {
        open.push((end, open_held(&host, end.fault).await));
    }
    gate.open();
    for (end, exchange) in open {
        let reply = exchange.finish().await;
        assert_error_event(end, &reply);
    }
}

fn assert_error_event(end: &Ends, reply: &Reply) {
    let report = grammar::check(reply);
    report.assert_clean();
    assert_eq!(report.told, Told::Error, "{}: {}", end.fault, reply.text());
    let (kind, message) = error_of(end.fault, &report.error);
    assert_eq!(kind, end.kind, "{}: {message}", end.fault);
    assert!(message.contains(end.words), "{}: {message}", end.fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_loops_when_it_is_woken_is_stopped_in_the_middle_of_its_stream() {
    let events = scene::message_events(&scene::pieces("it", 5));
    let upstream = Upstream::always(Answer::stream().chunk(&events[..3].concat()).silence()).await;
    let host = host_of(&upstream, &["wake-loop"]).start();
    let reply = client::messages(host.base(), &scene::ask("wake-loop", "hi")).await;
    assert_error_event(&ends("wake-loop", "`wake` ran longer than 100 ms"), &reply);
    assert!(reply.body.starts_with(&events[..3].concat()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_end_that_a_guest_makes_up_after_a_broken_transport_is_not_passed_on() {
    let events = scene::message_events(&scene::pieces("it", 5));
    let cut = Answer::stream()
        .chunk(&events[..4].concat())
        .pause(Duration::from_millis(50))
        .cut();
    for (on_broken, told) in [("cut", Told::Cut), ("error", Told::Error)] {
        let upstream = Upstream::always(cut.clone()).await;
        let host = host_of(&upstream, &["clean-after-break"])
            .set("on_broken", json!(on_broken))
            .start();
        let reply = client::messages(host.base(), &scene::ask("clean-after-break", "hi")).await;
        let report = grammar::check(&reply);
        report.assert_clean();
        assert_eq!(report.told, told, "{on_broken}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_fails_on_one_request_serves_the_next() {
    let upstream = upstream().await;
    let host = host_of(&upstream, &["request-trap", "none"]).start();
    for _ in 0..20 {
        let reply = client::messages(host.base(), &scene::ask("request-trap", "hi")).await;
        assert_eq!(reply.status, 500);
        let reply = client::messages(host.base(), &scene::ask("none", "hi")).await;
        assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    }
    let free = |status: &Value| status["pool"]["free"] == status["pool"]["instances"];
    host.wait_for_status("every instance is given back", free)
        .await;
    let played = |records: &[Recorded]| records.len() == 20;
    upstream
        .wait_until("twenty requests, no more", played)
        .await;
}
