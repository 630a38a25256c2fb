//! Connections that break, end too early or fall silent.

use std::time::Duration;

use serde_json::json;

use super::assert_told;
use crate::harness::client::End;
use crate::harness::grammar::Told;
use crate::harness::upstream::{Answer, Gate};
use crate::roads::{Road, Roads, checked, error_of};

/// Enough of a stream that something was said.
fn begun(road: Road) -> Vec<u8> {
    road.frames()[..4].concat()
}

#[tokio::test]
async fn a_connection_that_ends_before_any_answer_is_a_bad_gateway() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for stream in [true, false] {
            let reply = roads.ask(road, stream, Answer::hang_up()).await;
            let message = error_of(&reply, 502, "api_error");
            assert!(message.contains(road.name()), "{message}");
        }
    }
}

#[tokio::test]
async fn a_break_before_the_first_event_still_has_its_real_status() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        let heads = [
            Answer::stream().cut(),
            Answer::stream().reset(),
            Answer::stream().end(),
            Answer::stream().chunk(b": comment\n\n").cut(),
            Answer::stream().chunk(b"da").cut(),
        ];
        for (at, answer) in heads.into_iter().enumerate() {
            let reply = roads.ask(road, true, answer).await;
            if road.is_anthropic() && at > 2 && reply.status == 200 {
                // These bytes have passed: the break is passed on as one.
                assert!(matches!(reply.end, End::Broken(_)), "{}", reply.text());
                continue;
            }
            assert_eq!(reply.status, 502, "{road:?} {at}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_is_cut_and_what_came_before_has_arrived() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for answer in [
            Answer::stream().chunk(&begun(road)).cut(),
            Answer::stream()
                .chunk(&begun(road))
                .pause(Duration::from_millis(20))
                .reset(),
        ] {
            let reply = roads.ask(road, true, answer).await;
            let report = checked(road, &reply);
            assert_eq!(report.told, Told::Cut, "{road:?}: {}", reply.text());
            assert!(!report.message.is_null(), "{road:?}");
        }
    }
}

#[tokio::test]
async fn a_cut_becomes_an_error_event_where_the_configuration_wants_one() {
    let roads = Roads::with(|host| host.set("on_broken", json!("error"))).await;
    for road in Road::ALL {
        let half: &[u8] = match road {
            Road::Ollama => b"{\"model\":",
            _ => b"event: x\ndata: {\"ty",
        };
        let answers = [
            Answer::stream().chunk(&begun(road)).cut(),
            Answer::stream().chunk(&begun(road)).end(),
            Answer::stream().chunk(&begun(road)).chunk(half).cut(),
        ];
        for (at, answer) in answers.into_iter().enumerate() {
            let reply = roads.ask(road, true, answer).await;
            let report = checked(road, &reply);
            // Inside an event that has passed there is no place for another.
            let told = match (road, at) {
                (Road::Passthrough, 2) => Told::Cut,
                _ => Told::Error,
            };
            assert_eq!(report.told, told, "{road:?} {at}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn a_clean_end_without_a_finish_is_never_a_clean_end_for_the_client() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for frames in 1..road.frames().len() - 3 {
            let body = road.frames()[..frames].concat();
            let reply = roads.ask(road, true, Answer::sse(&body)).await;
            assert_told(road, &format!("after {frames} events"), &reply);
        }
    }
}

#[tokio::test]
async fn a_whole_answer_that_is_cut_is_a_bad_gateway() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        let body = road.whole().to_string();
        let half = &body.as_bytes()[..body.len() / 2];
        for stream in [false, true] {
            let answer = Answer::new(200)
                .header("content-type", "application/json")
                .length(body.len());
            let reply = roads.ask(road, stream, answer.raw(half).cut()).await;
            error_of(&reply, 502, "api_error");
        }
    }
}

#[tokio::test]
async fn an_upstream_that_never_answers_is_a_timeout() {
    let quick = json!({ "headers_ms": 80 });
    let roads = Roads::with(|host| host.set("timeouts", quick)).await;
    for road in Road::ALL {
        for stream in [true, false] {
            let reply = roads.ask(road, stream, Answer::no_answer()).await;
            let message = error_of(&reply, 504, "timeout_error");
            assert!(message.contains(road.name()), "{message}");
        }
    }
}

#[tokio::test]
async fn silence_after_the_head_is_a_timeout_with_its_real_status() {
    let quick = json!({ "idle_ms": 80 });
    let roads = Roads::with(|host| host.set("timeouts", quick)).await;
    for road in Road::ALL {
        for stream in [true, false] {
            let reply = roads.ask(road, stream, Answer::stream().silence()).await;
            error_of(&reply, 504, "timeout_error");
        }
    }
}

#[tokio::test]
async fn silence_in_a_stream_gives_pings_and_then_an_error_event() {
    let quick = json!({ "idle_ms": 200, "ping_ms": 20, "hold_ms": 20 });
    let roads = Roads::with(|host| host.set("timeouts", quick)).await;
    for road in Road::ALL {
        for answer in [
            Answer::stream().silence(),
            Answer::stream().chunk(&begun(road)).silence(),
        ] {
            let reply = roads.ask(road, true, answer).await;
            assert_eq!(reply.status, 200);
            let report = checked(road, &reply);
            assert_eq!(report.told, Told::Error, "{road:?}: {}", reply.text());
            assert_eq!(report.error["error"]["type"], "timeout_error", "{road:?}");
            let pings = reply
                .events()
                .iter()
                .filter(|event| event.name == "ping")
                .count();
            assert!(pings > 1, "{road:?}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn an_error_that_comes_while_the_headers_are_held_has_its_real_status() {
    let roads = Roads::with(|host| host.set("retries", json!({ "attempts": 0 }))).await;
    let body = json!({ "error": { "message": "late", "type": "rate_limit_error" } }).to_string();
    for road in Road::ALL {
        let gate = Gate::new();
        let answer = Answer::new(429)
            .header("content-type", "application/json")
            .length(body.len())
            .gate(&gate)
            .raw(body.as_bytes());
        let asking = roads.ask(road, true, answer);
        let open = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            gate.open();
        };
        let (reply, ()) = tokio::join!(asking, open);
        assert_eq!(
            error_of(&reply, 429, "rate_limit_error"),
            "late",
            "{road:?}"
        );
    }
}
