//! The next target of the list.

use serde_json::json;

use super::{WithBackup, alone, good, request, said};
use crate::harness::client::{self, Reply};
use crate::harness::grammar::Told;
use crate::harness::host;
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::{Road, checked, error_of};

/// Failures before the first byte of an answer, and the status that each is.
fn failures(road: Road) -> Vec<(u16, Answer)> {
    let body = json!({ "error": { "message": "down", "type": "server_error" } }).to_string();
    let status = |status: u16, headers: &[(&str, &str)]| {
        let answer = Answer::new(status).header("content-type", "application/json");
        let answer = headers
            .iter()
            .fold(answer, |answer, (name, value)| answer.header(name, value));
        answer.length(body.len()).raw(body.as_bytes())
    };
    let overload = road.overload("busy");
    let inside = Answer::json(200, &overload);
    let event = Answer::stream()
        .chunk(&road.frame("error", &overload))
        .end();
    let (inner, _) = road.overloaded();
    vec![
        (500, status(500, &[])),
        (500, Answer::new(500).chunk(b"{\"error\":{\"mess").silence()),
        (529, status(529, &[])),
        (429, status(429, &[("retry-after", "30")])),
        (401, status(401, &[])),
        (402, status(402, &[])),
        (403, status(403, &[])),
        (504, Answer::no_answer()),
        (504, Answer::stream().silence()),
        (502, Answer::hang_up()),
        (502, Answer::stream().cut()),
        (502, Answer::stream().reset()),
        (inner, inside),
        (inner, event),
    ]
}

/// Streams that end behind a beginning which tells nothing of the answer.
fn beginnings(road: Road) -> Vec<(u16, Answer)> {
    let first = road.frames()[0];
    let began = || Answer::stream().chunk(first);
    let (inner, _) = road.overloaded();
    let error = road.frame("error", &road.overload("busy"));
    vec![
        (502, began().cut()),
        (502, began().reset()),
        (inner, began().chunk(&error).end()),
    ]
}

/// A good answer, from the backup.
fn of_backup(backup: &WithBackup, what: &str, stream: bool, reply: &Reply) {
    assert_eq!(reply.status, 200, "{what}: {}", reply.text());
    assert_eq!(reply.header("x-transom-provider"), Some("backup"), "{what}");
    assert_eq!(reply.header("x-transom-model"), Some("model-2"), "{what}");
    if stream {
        assert_eq!(checked(backup.spoken, reply).told, Told::Complete, "{what}");
    } else {
        assert_eq!(reply.json()["content"][0]["text"], "All is well.", "{what}");
    }
    let asked = backup.backup.requests();
    let last = asked.last().expect("the backup was asked");
    assert_eq!(last.path(), backup.spoken.path(), "{what}");
    assert_eq!(last.json()["model"], "model-2", "{what}");
}

async fn every_failure(spoken: Road) {
    let backup = WithBackup::start(spoken, |host| {
        // What is tried is the fallback; retries would only take time.
        host.set("retries", json!({ "attempts": 0 }))
    })
    .await;
    for road in Road::ALL {
        for stream in [true, false] {
            for (number, (status, answer)) in failures(road).into_iter().enumerate() {
                let (model, reply) = backup.ask(road, stream, answer).await;
                let what = format!("{road:?} {stream} {number} {status}");
                of_backup(&backup, &what, stream, &reply);
                let tried = reply.header("x-transom-tried").unwrap_or_default();
                assert!(
                    tried.starts_with(&format!("{model}: {status} ")),
                    "{what}: {tried}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_failure_before_the_first_byte_goes_to_an_anthropic_backup() {
    every_failure(Road::Passthrough).await;
}

#[tokio::test]
async fn every_failure_before_the_first_byte_goes_to_a_backup_in_another_format() {
    every_failure(Road::Cerebras).await;
}

#[tokio::test]
async fn a_stream_that_ends_behind_its_start_goes_to_the_backup() {
    let backup = WithBackup::start(Road::Passthrough, |host| {
        host.set("retries", json!({ "attempts": 0 }))
    })
    .await;
    // The first frame of the others has text in it.
    let others = [Road::Gemini, Road::Ollama];
    for road in Road::ALL.into_iter().filter(|road| !others.contains(road)) {
        for (number, (status, answer)) in beginnings(road).into_iter().enumerate() {
            let (model, reply) = backup.ask(road, true, answer).await;
            let what = format!("{road:?} {number} {status}");
            of_backup(&backup, &what, true, &reply);
            let tried = reply.header("x-transom-tried").unwrap_or_default();
            let expected = format!("{model}: {status} ");
            assert!(tried.starts_with(&expected), "{what}: {tried}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_makes_way() {
    let second = Upstream::always(good()).await;
    let host = alone(&Upstream::refused().await)
        .provider(host::provider(
            "second",
            &second.url(),
            "anthropic",
            "model-2",
        ))
        .edit(|config| config["router"]["fallback"] = json!({ "default": ["second,model-2"] }))
        .start();
    let reply = client::messages(host.base(), &request(false)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let tried = reply.header("x-transom-tried");
    assert_eq!(tried, Some("plain,model-1: 502 api_error"));
    assert_eq!(second.requests()[0].json()["model"], "model-2");
}

#[tokio::test]
async fn what_is_wrong_with_the_request_goes_to_nobody_else() {
    let backup = WithBackup::start(Road::Passthrough, |host| host).await;
    let overflow = "prompt is too long: 210000 tokens > 200000 maximum";
    for (status, words) in [
        (400, "no"),
        (404, "no such path"),
        (413, "too large"),
        (422, "no"),
        (400, overflow),
    ] {
        let answer = said(status, "invalid_request_error", words, &[]);
        let (_, reply) = backup.ask(Road::Passthrough, true, answer).await;
        assert!((400..500).contains(&reply.status), "{}", reply.text());
        assert_eq!(reply.json()["error"]["message"], words);
        assert_eq!(reply.header("x-transom-tried"), None);
    }
    assert!(backup.backup.requests().is_empty());
    assert_eq!(
        backup.roads.upstream.requests().len(),
        5,
        "no retries either"
    );
}

#[tokio::test]
async fn when_all_are_down_the_first_error_is_told_with_what_was_tried() {
    let down = said(500, "api_error", "second is down", &[]);
    let down = Upstream::always(down).await;
    let backup = WithBackup::answering(Road::Passthrough, down, |host| host).await;
    for stream in [true, false] {
        let headers = [("retry-after", "30")];
        let first = said(429, "rate_limit_error", "first is limited", &headers);
        let (model, reply) = backup.ask(Road::Zai, stream, first).await;
        let message = error_of(&reply, 429, "rate_limit_error");
        assert!(message.starts_with("first is limited"), "{message}");
        assert!(
            message.contains("backup,model-2: 500 api_error"),
            "{message}"
        );
        assert_eq!(reply.header("retry-after"), Some("30"));
        assert_eq!(reply.header("x-transom-provider"), Some("zai"));
        let tried = reply.header("x-transom-tried").unwrap_or_default();
        let second = "backup,model-2: 500 api_error";
        assert!(
            tried.starts_with(&format!("{model}: 429 rate_limit_error; {second}")),
            "{tried}"
        );
    }
}

#[tokio::test]
async fn after_the_first_byte_a_break_is_a_break() {
    let backup = WithBackup::start(Road::Passthrough, |host| host).await;
    for road in Road::ALL {
        let frames = road.frames();
        let enough = frames.len() / 2;
        let answer = frames
            .into_iter()
            .take(enough)
            .fold(Answer::stream(), Answer::chunk);
        let (_, reply) = backup.ask(road, true, answer.cut()).await;
        assert_eq!(reply.status, 200, "{road:?}");
        assert_eq!(checked(road, &reply).told, Told::Cut, "{road:?}");
        assert_eq!(reply.header("x-transom-tried"), None, "{road:?}");
    }
    assert!(backup.backup.requests().is_empty());
    assert_eq!(backup.roads.upstream.requests().len(), Road::ALL.len());
}

#[tokio::test]
async fn a_route_has_a_list_of_its_own_and_the_targets_of_it_are_asked_in_order() {
    let down = said(503, "overloaded_error", "down", &[]);
    let (first, second, third) = (
        Upstream::always(down.clone()).await,
        Upstream::always(down).await,
        Upstream::always(good()).await,
    );
    let host = alone(&first.url())
        .provider(host::provider(
            "second",
            &second.url(),
            "anthropic",
            "model-2",
        ))
        .provider(host::provider(
            "third",
            &third.url(),
            "anthropic",
            "model-3",
        ))
        .edit(|config| {
            config["router"]["background"] = json!("plain,model-1");
            config["router"]["fallback"] =
                json!({ "background": ["second,model-2", "third,model-3"] });
            config["retries"] = json!({ "attempts": 0 });
        })
        .start();
    let mut request = request(true);
    request["model"] = json!("claude-haiku-4-5");
    let reply = client::messages(host.base(), &request).await;
    assert_eq!(
        reply.header("x-transom-provider"),
        Some("third"),
        "{}",
        reply.text()
    );
    assert_eq!(reply.header("x-transom-route"), Some("background"));
    let tried = reply.header("x-transom-tried").unwrap_or_default();
    assert_eq!(
        tried,
        "plain,model-1: 503 overloaded_error; second,model-2: 503 overloaded_error"
    );
    request["model"] = json!("anything-else");
    let reply = client::messages(host.base(), &request).await;
    assert_eq!(reply.status, 503, "the default route has no list");
}
