//! Advice on trying again: what the upstream says reaches the client.

use serde_json::json;

use crate::harness::upstream::Answer;
use crate::roads::{Road, Roads, error_of};

fn limited() -> Answer {
    Answer::new(429).header("content-type", "application/json")
}

fn with_body(answer: Answer) -> Answer {
    let body = json!({ "error": { "message": "slow down", "type": "rate_limit_error" } });
    let body = body.to_string();
    answer.length(body.len()).raw(body.as_bytes())
}

/// Roads on which nothing is asked twice: what is told is the first answer.
async fn asked_once() -> Roads {
    Roads::with(|host| host.set("retries", json!({ "attempts": 0 }))).await
}

#[tokio::test]
async fn retry_after_survives_in_seconds_and_in_milliseconds() {
    let roads = asked_once().await;
    for road in Road::ALL {
        for (name, value, told) in [
            ("retry-after", "7", "7"),
            ("retry-after", "0.4", "1"),
            ("retry-after-ms", "1500", "2"),
        ] {
            let answer = with_body(limited().header(name, value));
            let reply = roads.ask(road, true, answer).await;
            assert_eq!(error_of(&reply, 429, "rate_limit_error"), "slow down");
            assert_eq!(reply.header("retry-after"), Some(told), "{road:?} {name}");
        }
    }
}

#[tokio::test]
async fn retry_after_survives_on_an_upstream_that_is_overloaded() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for status in [503, 529] {
            let answer = Answer::new(status).header("retry-after", "11");
            let reply = roads.ask(road, false, with_body(answer)).await;
            assert_eq!(reply.header("retry-after"), Some("11"), "{road:?} {status}");
        }
    }
}

#[tokio::test]
async fn x_should_retry_survives() {
    let roads = asked_once().await;
    for road in Road::ALL {
        for advice in ["true", "false"] {
            let answer = with_body(limited().header("x-should-retry", advice));
            let reply = roads.ask(road, true, answer).await;
            assert_eq!(reply.header("x-should-retry"), Some(advice), "{road:?}");
        }
    }
}

#[tokio::test]
async fn no_advice_is_made_up() {
    let roads = asked_once().await;
    for road in Road::ALL {
        let reply = roads.ask(road, true, with_body(limited())).await;
        assert_eq!(reply.status, 429);
        assert_eq!(reply.header("retry-after"), None, "{road:?}");
        assert_eq!(reply.header("x-should-retry"), None, "{road:?}");
    }
}

#[tokio::test]
async fn an_empty_account_at_zai_is_not_tried_again_and_the_wrong_product_is_hinted_at() {
    let roads = Roads::start().await;
    let words = "Insufficient balance or no resource package. Please recharge.";
    let bodies = [
        json!({ "error": { "code": "1113", "message": words } }),
        json!({ "type": "error", "error": { "type": "1113", "message": format!("[1113] {words}") } }),
    ];
    for body in bodies {
        for status in [429, 200] {
            for stream in [true, false] {
                let reply = roads
                    .ask(Road::Zai, stream, Answer::json(status, &body))
                    .await;
                let message = error_of(&reply, 402, "billing_error");
                assert!(message.contains(words), "{message}");
                assert!(message.contains("Coding Plan"), "{message}");
                assert_eq!(reply.header("x-should-retry"), Some("false"));
            }
        }
    }
}

#[tokio::test]
async fn a_context_that_is_too_long_is_told_in_words_that_make_claude_code_compact() {
    let roads = Roads::start().await;
    let words = "Please reduce the length of the messages or completion. \
                 Current length is 142328 while limit is 131072";
    let flat = json!({
        "message": words, "type": "invalid_request_error", "param": "messages",
        "code": "context_length_exceeded",
    });
    let reply = roads
        .ask(Road::Cerebras, true, Answer::json(400, &flat))
        .await;
    let message = error_of(&reply, 400, "invalid_request_error");
    assert!(message.starts_with("prompt is too long"), "{message}");
    assert!(message.contains(words), "{message}");
    let prompt = "prompt is too long: 210000 tokens > 200000 maximum";
    let body =
        json!({ "type": "error", "error": { "type": "invalid_request_error", "message": prompt } });
    for road in [Road::Zai, Road::Passthrough] {
        let reply = roads.ask(road, true, Answer::json(400, &body)).await;
        let message = error_of(&reply, 400, "invalid_request_error");
        assert!(message.starts_with(prompt), "{road:?}: {message}");
    }
}

/// An overload that is said in a 200: as a whole body, and as the first event.
fn said_inside(road: Road) -> Vec<Answer> {
    let error = road.overload("come back later");
    let head = |kind: &str| {
        let answer = Answer::new(200).header("content-type", kind);
        answer
            .header("retry-after", "7")
            .header("x-should-retry", "true")
    };
    vec![
        head("application/json")
            .chunk(error.to_string().as_bytes())
            .end(),
        head("text/event-stream")
            .chunk(&road.frame("error", &error))
            .end(),
    ]
}

#[tokio::test]
async fn advice_beside_an_error_inside_a_200_survives() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for stream in [true, false] {
            for (form, answer) in said_inside(road).into_iter().enumerate() {
                let reply = roads.ask(road, stream, answer).await;
                let what = format!("{road:?} {stream} {form}: {}", reply.text());
                assert!(reply.status >= 500, "{what}");
                assert!(reply.text().contains("come back later"), "{what}");
                assert_eq!(reply.header("retry-after"), Some("7"), "{what}");
                assert_eq!(reply.header("x-should-retry"), Some("true"), "{what}");
            }
        }
    }
}
