//! The golden component of each released version of the interface: built once, and served by every
//! later host as it was on its first day.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Gate, Upstream};
use crate::scene;

/// It must not change: that it is these very bytes is what the promise is about.
const GOLDEN: &[u8] = include_bytes!("interface/0.1.0/golden.wasm");
const SHA256: &str = "2dac455ddc24e0c57a50d47a59059208b4fd36385d8a2b473b1c597e56c86bd7";

const MODEL: &str = "m";

struct Stage {
    host: Host,
    upstream: Upstream,
}

impl Stage {
    async fn with(answer: Answer) -> Self {
        let upstream = Upstream::always(answer).await;
        let host = Builder::new()
            .component("golden", GOLDEN)
            .provider(provider("p", &upstream.url(), "golden", MODEL))
            .start();
        Self { host, upstream }
    }

    async fn ask(&self, body: &Value) -> client::Reply {
        client::messages(self.host.base(), body).await
    }
}

fn message() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
        "content": [{ "type": "text", "text": "hi" }], "stop_reason": "end_turn",
        "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
    })
}

#[test]
fn the_golden_component_is_the_one_that_was_built_first() {
    assert_eq!(
        scene::sha256(GOLDEN),
        SHA256,
        "see tests/interface/README.md"
    );
}

/// What a WIT says, without comments and line ends.
fn said(wit: &str) -> Vec<&str> {
    let lines = wit.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect()
}

#[test]
fn the_interface_is_the_one_that_the_golden_component_was_built_for() {
    let now = include_str!("../wit/transformer/transformer.wit");
    assert_eq!(
        said(now),
        said(include_str!("interface/0.1.0/transformer.wit"))
    );
}

#[test]
fn the_draft_of_the_next_version_is_this_one_with_one_function_more() {
    let draft = said(include_str!("interface/draft-0.2.0/transformer.wit"));
    let added = "estimate: func(body: list<u8>) -> option<u32>;";
    let mut rest: Vec<_> = draft
        .iter()
        .filter(|line| **line != added)
        .copied()
        .collect();
    assert_eq!(rest.len() + 1, draft.len(), "one function");
    rest[0] = "package transom:transformer@0.1.0;";
    assert_eq!(
        rest,
        said(include_str!("../wit/transformer/transformer.wit"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_through_the_golden_component_of_0_1_0_is_what_it_was() {
    // Splice rules count from the push after the one that brought them.
    let events = scene::message_events(&scene::pieces("it", 3));
    let (first, rest) = events.split_at(1);
    let gate = Gate::new();
    let answer = Answer::stream().chunk(&first.concat()).gate(&gate);
    let stage = Stage::with(answer.chunk(&rest.concat()).end()).await;
    let mut running = client::open_messages(stage.host.base(), &scene::ask(MODEL, "hi")).await;
    running.event().await.expect("the stream has begun");
    gate.open();
    let reply = running.finish().await;
    let report = grammar::check(&reply);
    assert_eq!(report.assert_clean().told, Told::Complete);
    assert!(report.text().contains(&scene::pieces("it", 3).concat()));
    let told = reply.text();
    assert!(told.contains(": golden saw 200 and 3 spliced\n"), "{told}");
    let sent = stage.upstream.requests();
    let sent = sent.last().expect("a request");
    assert_eq!(sent.target(), "/v1/messages?golden=1");
    assert_eq!(sent.header("x-golden"), Some("yes"));
    assert_eq!(sent.json()["golden"], true);
    let entry = stage.host.transformer("golden").await;
    assert_eq!(entry["wit"], "0.1.0", "{entry}");
    let said = |_: &Value| stage.host.log().contains("request to m, path so far None");
    stage
        .host
        .wait_for_status("the guest's line is logged", said)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_answers_local_answers_and_failures_of_the_golden_component_are_what_they_were() {
    let stage = Stage::with(Answer::json(200, &message())).await;
    let whole = stage.ask(&scene::ask_whole(MODEL, "hi")).await;
    assert_eq!(whole.json()["golden"], "whole", "{}", whole.text());
    let local = stage.ask(&scene::ask_whole(MODEL, "answer yourself")).await;
    assert_eq!(local.json()["content"][0]["text"], "from the guest");
    let refused = stage.ask(&scene::ask_whole(MODEL, "fail in request")).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert_eq!(refused.header("retry-after"), Some("3"));
    assert_eq!(refused.header("x-should-retry"), Some("true"));
    assert_eq!(stage.upstream.requests().len(), 1, "one alone was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_resends_of_the_golden_component_are_what_they_were() {
    let slow = Stage::with(Answer::json(429, &json!({ "slow": "down" }))).await;
    let told = slow.ask(&scene::ask_whole(MODEL, "hi")).await;
    assert_eq!(told.status, 429);
    assert_eq!(told.json()["error"]["message"], r#"{"slow":"down"}"#);
    let taken = Stage::with(Answer::json(409, &json!({ "error": "taken" }))).await;
    let told = taken.ask(&scene::ask_whole(MODEL, "hi")).await;
    assert_eq!(told.status, 409, "{}", told.text());
    let targets: Vec<_> = taken.upstream.requests();
    let targets: Vec<_> = targets
        .iter()
        .map(|sent| sent.target().to_owned())
        .collect();
    assert_eq!(
        targets,
        ["/v1/messages?golden=1", "/v1/messages?golden=again"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_the_golden_component_fails_ends_as_it_did() {
    let mut events = scene::message_events(&scene::pieces("it", 2));
    let last = events.len() - 1;
    events[last] = b"event: x\ndata: {\"say\":\"fail in stream\"}\n\n".to_vec();
    let stage = Stage::with(Answer::sse(&events.concat())).await;
    let reply = stage.ask(&scene::ask(MODEL, "hi")).await;
    let told = reply.text();
    assert!(
        told.contains("overloaded_error") && told.contains("as the stream said"),
        "{told}"
    );
}
