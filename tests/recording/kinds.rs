//! Each kind of exchange becomes a fixture that passes with the component that served it.

use serde_json::{Value, json};

use super::{Desk, MODEL, echo, files, text};
use crate::harness::host::{Builder, provider};
use crate::harness::upstream::Answer;
use crate::scene;

#[tokio::test]
async fn a_stream_and_a_whole_answer_become_fixtures_with_both_sides_of_the_transformer() {
    let desk = Desk::new(echo).await;
    desk.ask(&scene::ask(MODEL, "say this again")).await;
    desk.ask(&scene::ask_whole(MODEL, "and that")).await;
    let said = desk.record("cerebras", &["--last", "2"]);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(
        said.contains("on which cerebras passes; taken out: nothing"),
        "{said}"
    );
    let all = |ending: &str| {
        ["case.json5", "request.client.json", "request.upstream.json"]
            .map(str::to_owned)
            .into_iter()
            .chain([
                format!("response.client.{ending}"),
                format!("response.upstream.{ending}"),
            ])
            .collect::<Vec<_>>()
    };
    assert_eq!(files(&desk.cases().join("recorded-1")), all("sse"));
    assert_eq!(files(&desk.cases().join("recorded-2")), all("json"));
    let case = desk.file("recorded-1", "case.json5");
    for told in [
        "why:",
        "source: \"recorded on ",
        "requested_model:",
        "reply: \"sse\"",
        "status: 200",
    ] {
        assert!(case.contains(told), "{told}: {case}");
    }
    assert!(
        desk.file("recorded-1", "response.upstream.sse")
            .contains("this ")
    );
}

#[tokio::test]
async fn an_error_of_the_upstream_becomes_a_fixture_with_its_status_and_headers() {
    let error = json!({
        "message": "slow down", "type": "too_many_requests_error", "code": "request_quota_exceeded",
    });
    let desk = Desk::new(move |_| {
        Answer::new(429)
            .header("content-type", "application/json")
            .header("retry-after", "7")
            .header("set-cookie", "session=secret")
            .chunk(error.to_string().as_bytes())
            .end()
    })
    .await;
    let reply = desk.ask(&scene::ask(MODEL, "hi")).await;
    assert_eq!(reply.status, 429);
    desk.record("cerebras", &[]);
    let case = desk.file("recorded-1", "case.json5");
    assert!(case.contains("status: 429"), "{case}");
    assert!(case.contains("\"retry-after\": \"7\""), "{case}");
    assert!(!case.contains("cookie"), "{case}");
    assert!(
        desk.file("recorded-1", "response.client.json")
            .contains("slow down")
    );
}

#[tokio::test]
async fn a_stream_of_json_lines_becomes_a_fixture_of_lines() {
    let desk = Desk::with(
        |_| {
            let answer = Answer::new(200).header("content-type", "application/x-ndjson");
            answer.chunk(crate::roads::OLLAMA).end()
        },
        |upstream| Builder::new().provider(provider("o", &upstream.url(), "ollama", "m")),
    )
    .await;
    desk.ask(&scene::ask("m", "hi")).await;
    desk.record("ollama", &[]);
    let files = files(&desk.cases().join("recorded-1"));
    assert!(
        files.contains(&"response.upstream.jsonl".to_owned()),
        "{files:?}"
    );
}

#[tokio::test]
async fn a_stream_that_broke_becomes_a_fixture_that_is_cut_at_the_same_place() {
    let desk = Desk::new(|_| {
        let events = scene::chat_events(&["one ".to_owned(), "two ".to_owned()]);
        let begin = events[..2].concat();
        Answer::stream().chunk(&begin).chunk(b"data: {\"half").cut()
    })
    .await;
    desk.ask(&scene::ask(MODEL, "hi")).await;
    desk.record("cerebras", &[]);
    let case = desk.file("recorded-1", "case.json5");
    assert!(case.contains("broken:"), "{case}");
    let client = desk.file("recorded-1", "response.client.sse");
    assert!(
        client.contains("one ") && !client.contains("message_stop"),
        "{client}"
    );
    assert!(
        desk.file("recorded-1", "response.upstream.sse")
            .ends_with("{\"half")
    );
}

/// Its own component, so that what it does is known.
async fn faulty(fault: &str) -> Desk {
    let component = scene::faulty(fault);
    Desk::with(
        |_| Answer::sse(&scene::message_events(&scene::pieces("it", 3)).concat()),
        move |upstream| {
            Builder::new()
                .component("faulty", &component)
                .provider(provider("p", &upstream.url(), "faulty", "m"))
        },
    )
    .await
}

#[tokio::test]
async fn a_request_that_the_transformer_refuses_becomes_a_fixture_without_an_upstream() {
    let desk = faulty("request-fail").await;
    let reply = desk.ask(&scene::ask("m", "hi")).await;
    assert!(reply.status >= 400);
    desk.record("faulty", &[]);
    assert_eq!(
        files(&desk.cases().join("recorded-1")),
        ["case.json5", "request.client.json"]
    );
    assert!(desk.file("recorded-1", "case.json5").contains("fails: {"));
    assert!(desk.upstream.requests().is_empty());
}

#[tokio::test]
async fn a_trap_becomes_a_fixture_that_fails_until_it_is_mended() {
    let desk = faulty("push-trap").await;
    desk.ask(&scene::ask("m", "hi")).await;
    let cases = desk.cases();
    let output = desk.run(&["guest", "record", "faulty", &cases.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("faulty FAILS") && said.contains("the transformer broke"),
        "{said}"
    );
    // What came is there, and nothing is expected of it.
    assert_eq!(
        files(&cases.join("recorded-1")),
        ["case.json5", "request.client.json", "response.upstream.sse"]
    );
    // A component without the fault passes on it.
    std::fs::write(
        desk.host.transformers().join("mended.wasm"),
        scene::guest("faulty"),
    )
    .expect("write");
    desk.passes("mended", &cases.to_string_lossy());
}

#[tokio::test]
async fn a_component_that_was_replaced_is_not_taken_for_the_one_that_served() {
    let desk = Desk::with(echo, |upstream| {
        Builder::new()
            .component("mine", &scene::guest("cerebras"))
            .provider(provider("p", &upstream.url(), "mine", MODEL))
    })
    .await;
    desk.ask(&scene::ask(MODEL, "hello there")).await;
    let cases = desk.cases();
    let said = desk.record("mine", &[]);
    assert!(!said.contains("is gone"), "{said}");
    scene::put(
        &desk.host.transformers().join("mine.wasm"),
        &scene::guest("shout"),
    );
    let live = |status: &Value| status["transformers"][0]["generation"] == 2;
    desk.host.wait_for_status("the other version", live).await;
    let said = desk.runs(&["guest", "record", "mine", &cases.to_string_lossy()]);
    assert!(said.contains("that served is gone"), "{said}");
    assert!(
        desk.file("recorded-1", "response.client.sse")
            .contains("hello")
    );
    assert!(
        desk.file("recorded-2", "response.client.sse")
            .contains("HELLO")
    );
}
