//! Bodies that are not what their head promises: errors that are cut or longer than anybody reads, compressed ones,
//! JSON that is no message, and ends that came too early.

use serde_json::json;

use crate::harness::grammar::Told;
use crate::harness::upstream::Answer;
use crate::roads::{Road, Roads, checked, error_of};

const OVERFLOW: &str = "prompt is too long: 300000 tokens > 200000 maximum";

/// A refusal that echoes what it was given.
fn echoing(bytes: usize) -> String {
    let error = json!({ "message": OVERFLOW, "type": "invalid_request_error" });
    // The words first: a map of JSON would sort them.
    format!(
        r#"{{"type":"error","error":{error},"input":"{}"}}"#,
        "x".repeat(bytes)
    )
}

#[tokio::test]
async fn an_error_keeps_its_words_where_its_body_is_cut_or_longer_than_anybody_reads() {
    let roads = Roads::start().await;
    let long = echoing(1_200_000);
    let short = echoing(40);
    let refused = || Answer::new(400).header("content-type", "application/json");
    for road in Road::ALL {
        for stream in [true, false] {
            let behind_the_words = short.len() - 20;
            for answer in [
                refused().length(long.len()).raw(long.as_bytes()),
                refused().chunk(&short.as_bytes()[..behind_the_words]).cut(),
            ] {
                let reply = roads.ask(road, stream, answer).await;
                let message = error_of(&reply, 400, "invalid_request_error");
                assert!(message.starts_with(OVERFLOW), "{road:?}: {message}");
            }
            let words = short.find("300000").expect("it is in the words");
            let within = refused().chunk(&short.as_bytes()[..words]).cut();
            let reply = roads.ask(road, stream, within).await;
            let message = error_of(&reply, 400, "invalid_request_error");
            assert!(
                message.contains("prompt is too long"),
                "{road:?}: {message}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_was_compressed_is_told_as_that_and_not_asked_for_again() {
    let roads = Roads::start().await;
    let bytes = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    for road in Road::ALL {
        for stream in [true, false] {
            for (status, told) in [(200, 502), (500, 500)] {
                let answer = Answer::new(status)
                    .header("content-type", "application/json")
                    .header("content-encoding", "gzip")
                    .header("x-should-retry", "false")
                    .length(bytes.len())
                    .raw(&bytes);
                let before = roads.upstream.requests().len();
                let reply = roads.ask(road, stream, answer).await;
                let message = error_of(&reply, told, "api_error");
                assert!(
                    message.contains("compressed its answer (gzip)"),
                    "{road:?} {status}: {message}"
                );
                let asked = roads.upstream.requests().len() - before;
                assert_eq!(asked, 1, "{road:?} {status}");
            }
        }
    }
}

#[tokio::test]
async fn json_that_is_no_message_is_no_answer() {
    let roads = Roads::start().await;
    for body in [json!({}), json!([]), json!({ "status": "ok" })] {
        for stream in [true, false] {
            let answer = Answer::json(200, &body);
            let reply = roads.ask(Road::Passthrough, stream, answer).await;
            let message = error_of(&reply, 502, "api_error");
            assert!(message.contains("JSON that is no message"), "{message}");
        }
    }
}

#[tokio::test]
async fn an_end_that_came_too_early_is_a_break() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        let begun = road.frames()[..4].concat();
        let reply = roads.ask(road, true, Answer::sse(&begun)).await;
        let report = checked(road, &reply);
        assert_eq!(report.told, Told::Cut, "{road:?}: {}", reply.text());
        assert!(!report.message.is_null(), "{road:?}");
    }
}

#[tokio::test]
async fn a_last_event_may_lack_its_blank_line() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for end in ["", "\n"] {
            let stream = [road.stream().trim_ascii_end(), end.as_bytes()].concat();
            let reply = roads.ask(road, true, Answer::sse(&stream)).await;
            let report = checked(road, &reply);
            assert_eq!(report.told, Told::Complete, "{road:?}: {}", reply.text());
        }
    }
}
