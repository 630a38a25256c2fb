//! Errors inside a 200, bodies that are something else, and streams that make no sense.

use serde_json::{Value, json};

use super::{assert_told, shapes};
use crate::harness::grammar::{self, Told};
use crate::harness::upstream::Answer;
use crate::roads::{Road, Roads, error_of};

const WORDS: &str = "The model is overloaded, try later.";

/// An error as an event of the road's own kind.
fn error_event(road: Road) -> Vec<u8> {
    road.frame("error", &road.overload(WORDS))
}

#[tokio::test]
async fn an_error_inside_a_200_is_an_error_with_a_status_of_its_own() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for (shape, body) in shapes(WORDS) {
            // These two shapes cannot be told from an answer by their form alone.
            if shape.starts_with("flat") || shape.starts_with("a list") {
                continue;
            }
            for stream in [true, false] {
                let reply = roads.ask(road, stream, Answer::json(200, &body)).await;
                assert!(reply.status >= 500, "{road:?} {shape}: {}", reply.text());
                let message = reply.json()["error"]["message"].clone();
                assert_eq!(message, WORDS, "{road:?} {shape}");
            }
        }
    }
}

#[tokio::test]
async fn a_200_that_is_neither_answer_nor_known_error_is_told_as_one() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for (shape, body) in shapes(WORDS) {
            let reply = roads.ask(road, true, Answer::json(200, &body)).await;
            assert!(reply.status >= 500, "{road:?} {shape}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn an_error_as_the_first_event_has_its_real_status() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        let reply = roads.ask(road, true, Answer::sse(&error_event(road))).await;
        let (status, kind) = road.overloaded();
        assert_eq!(error_of(&reply, status, kind), WORDS, "{road:?}");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_an_error_event_with_the_same_words() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        let frames = road.frames();
        let (status, kind) = road.overloaded();
        for after in 1..frames.len() - 2 {
            let body = [&frames[..after].concat(), error_event(road).as_slice()].concat();
            let answer = Answer::stream().chunks_of(300, &body).end();
            let reply = roads.ask(road, true, answer).await;
            if reply.status == 200 {
                let report = crate::roads::checked(road, &reply);
                assert_eq!(
                    report.told,
                    Told::Error,
                    "{road:?} after {after}: {}",
                    reply.text()
                );
                assert_eq!(report.error["error"]["message"], WORDS, "{road:?}");
                assert_eq!(report.error["error"]["type"], kind, "{road:?}");
            } else {
                assert_eq!(error_of(&reply, status, kind), WORDS, "{road:?}");
            }
        }
    }
}

#[tokio::test]
async fn streams_that_make_no_sense_are_never_told_as_complete() {
    let roads = Roads::start().await;
    let binary: Vec<u8> = (0..=255).collect();
    let nonsense: [(&str, Vec<u8>); 9] = [
        ("no JSON", b"data: {not json\n\n".to_vec()),
        ("half JSON", b"data: {\"choices\":[{\"delta\":\n\n".to_vec()),
        (
            "another type",
            b"data: [1,2,3]\n\ndata: \"x\"\n\ndata: 7\n\n".to_vec(),
        ),
        (
            "no events",
            b"hello, this is not an event stream\n".to_vec(),
        ),
        ("binary", binary),
        ("comments only", b": a\n\n: b\n\n".to_vec()),
        ("only done", b"data: [DONE]\n\n".to_vec()),
        ("blank lines", b"\n\n\n\n".to_vec()),
        ("nothing", Vec::new()),
    ];
    for road in Road::ALL {
        for (what, body) in &nonsense {
            let answer = if body.is_empty() {
                Answer::stream().end()
            } else {
                Answer::sse(body)
            };
            let reply = roads.ask(road, true, answer).await;
            if road.is_anthropic() && reply.status == 200 {
                // Bytes that are kept are the upstream's to answer for; the end must be told.
                let told = grammar::check(&reply).told;
                assert!(
                    matches!(told, Told::Cut | Told::Error),
                    "{road:?} {what}: {told:?}"
                );
            } else {
                assert_told(road, what, &reply);
            }
        }
    }
}

#[tokio::test]
async fn nonsense_between_proper_events_is_told_or_passed_over_but_breaks_no_grammar() {
    let roads = Roads::start().await;
    for road in [Road::Cerebras, Road::OpenAi] {
        let frames = road.frames();
        for nonsense in [
            "data: {not json\n\n",
            "data: {\"choices\":[]}\n\n",
            "data: null\n\n",
            ": x\n\n",
            "event: x\n\n",
        ] {
            let (before, after) = frames.split_at(3);
            let body = [&before.concat(), nonsense.as_bytes(), &after.concat()].concat();
            let reply = roads.ask(road, true, Answer::sse(&body)).await;
            match reply.status {
                200 => drop(crate::roads::checked(road, &reply)),
                _ => drop(error_of(&reply, 502, "api_error")),
            }
        }
    }
}

#[tokio::test]
async fn an_event_larger_than_allowed_is_told() {
    let small = json!({ "frame": 2000 });
    let roads = Roads::with(|host| host.set("limits", small)).await;
    for road in [Road::Cerebras, Road::OpenAi, Road::Zai] {
        // It never ends, so that it could only be gathered.
        let endless = format!("data: {{\"x\":\"{}", "x".repeat(8000));
        let answer = Answer::stream()
            .chunks_of(500, endless.as_bytes())
            .silence();
        let reply = roads.ask(road, true, answer).await;
        assert_told(road, "an endless event", &reply);
    }
}

#[tokio::test]
async fn whole_answers_that_make_no_sense_are_bad_gateways() {
    let roads = Roads::start().await;
    let bodies: [(&str, &[u8]); 4] = [
        ("half JSON", b"{\"id\":\"x\",\"choices\":["),
        ("text", b"all is well"),
        ("nothing", b""),
        ("an empty object", b"{}"),
    ];
    for road in Road::ALL {
        for (what, body) in bodies {
            if road == Road::Passthrough && what == "an empty object" {
                continue;
            }
            for stream in [false, true] {
                let answer = Answer::whole(200, "application/json", body);
                let reply = roads.ask(road, stream, answer).await;
                if stream && road == Road::Passthrough && what == "text" {
                    // What is no JSON could be events: it has passed when its end shows that it is not.
                    assert_ne!(reply.end, crate::harness::client::End::Complete);
                    continue;
                }
                assert!(reply.status >= 500, "{road:?} {what}: {}", reply.text());
                let body: Value = reply.json();
                assert_eq!(body["type"], "error", "{road:?} {what}: {body}");
            }
        }
    }
}
