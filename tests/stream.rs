//! Streams that go well, at every speed and however they are split, and streams that are cut: never
//! told as a clean end.

use std::time::Duration;

use serde_json::json;

use crate::harness::client::Reply;
use crate::harness::grammar::{Report, Told};
use crate::harness::upstream::{Answer, Gate};
use crate::roads::{Road, Roads, checked};

mod every_byte;
mod held;
mod slow_client;

/// What the recorded stream of a road says.
fn assert_whole(road: Road, report: &Report) {
    assert_eq!(report.told, Told::Complete, "{road:?}");
    assert_eq!(report.stop_reason(), "tool_use", "{road:?}");
    let (text, tools) = (report.text(), report.tools());
    let names: Vec<&str> = tools.iter().map(|(name, _)| name.as_str()).collect();
    let input = &tools[0].1["file_path"];
    match road {
        Road::Cerebras | Road::Gemini | Road::Ollama | Road::Responses => {
            assert_eq!(text, "I look — at “both” 🙂.");
            assert_eq!(report.thinking(), "Two files: 读 both.");
            assert_eq!(names, ["Read", "Bash"]);
            assert_eq!(tools[1].1, json!({ "command": "ls\n" }));
            assert_eq!(input, "/a \"b\".txt");
        }
        Road::OpenAi => {
            assert_eq!(text, "I look at 读 🙂.");
            assert_eq!(names, ["Read"]);
            assert_eq!(input, "/a.txt");
        }
        Road::Zai | Road::Passthrough => {
            assert_eq!(text, "I look 🙂.");
            assert_eq!(report.thinking(), "读 first");
            assert_eq!(input, "/a \"b\".txt");
        }
    }
    let usage = &report.message["usage"];
    assert_eq!(usage["output_tokens"], 47, "{road:?}: {usage}");
    let cached = if road == Road::Ollama { 0 } else { 128 };
    assert_eq!(
        usage["cache_read_input_tokens"], cached,
        "{road:?}: {usage}"
    );
}

#[tokio::test]
async fn a_stream_is_the_same_whole_in_pieces_and_byte_by_byte() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for size in [usize::MAX, 1000, 100, 7, 3, 1] {
            let size = size.min(road.stream().len());
            let answer = Answer::stream().chunks_of(size, road.stream()).end();
            assert_whole(road, &roads.stream(road, answer).await);
        }
    }
}

#[tokio::test]
async fn a_slow_upstream_that_writes_one_byte_at_a_time_is_followed() {
    let roads = Roads::with(|host| host.set("timeouts", json!({ "ping_ms": 20 }))).await;
    for road in [Road::Cerebras, Road::Zai, Road::Passthrough] {
        let (fast, slow) = road.stream().split_at(road.stream().len() - 120);
        let answer = Answer::stream()
            .chunk(fast)
            .dribble(1, Duration::from_millis(2), slow)
            .end();
        assert_whole(road, &roads.stream(road, answer).await);
    }
}

#[tokio::test]
async fn every_line_end_and_comment_of_event_streams_is_understood() {
    let roads = Roads::start().await;
    for road in [
        Road::Cerebras,
        Road::OpenAi,
        Road::Gemini,
        Road::Responses,
        Road::Zai,
        Road::Passthrough,
    ] {
        let text = String::from_utf8_lossy(road.stream()).into_owned();
        let commented = text.replace("data: ", ": a comment\ndata: ");
        let forms = [
            ("CRLF", text.replace('\n', "\r\n")),
            ("CR", text.replace('\n', "\r")),
            ("no space", text.replace("data: ", "data:")),
            ("comments", format!(": begins\n\n{commented}: ends\n\n")),
            ("byte order mark", format!("\u{feff}{text}")),
            (
                "ids and retries",
                text.replace("data: ", "id: 7\nretry: 10\ndata: "),
            ),
        ];
        for (name, body) in forms {
            for size in [body.len(), 5] {
                let answer = Answer::stream().chunks_of(size, body.as_bytes()).end();
                let reply = roads.ask(road, true, answer).await;
                assert_eq!(reply.status, 200, "{road:?} {name}: {}", reply.text());
                assert_whole(road, &checked(road, &reply));
            }
        }
    }
}

#[tokio::test]
async fn the_last_blank_line_may_be_missing() {
    let roads = Roads::start().await;
    for road in [Road::Cerebras, Road::OpenAi, Road::Gemini, Road::Responses] {
        let stream = road.stream();
        let answer = Answer::sse(&stream[..stream.len() - 2]);
        assert_whole(road, &roads.stream(road, answer).await);
    }
}

#[tokio::test]
async fn silence_before_the_first_event_is_filled_with_pings() {
    let quick = json!({ "hold_ms": 30, "ping_ms": 30 });
    let roads = Roads::with(|host| host.set("timeouts", quick)).await;
    for road in Road::ALL {
        let gate = Gate::new();
        let answer = Answer::stream()
            .head()
            .gate(&gate)
            .chunk(road.stream())
            .end();
        let mut exchange = roads.open(road, true, answer).await;
        assert_eq!(exchange.status(), 200);
        for _ in 0..3 {
            assert_eq!(exchange.event().await.expect("a ping").name, "ping");
        }
        gate.open();
        let reply = exchange.finish().await;
        assert_whole(road, &checked(road, &reply));
    }
}

#[tokio::test]
async fn silence_in_the_middle_is_filled_with_pings_between_events() {
    let roads = Roads::with(|host| host.set("timeouts", json!({ "ping_ms": 30 }))).await;
    for road in Road::ALL {
        // Also behind half an event: a ping must not fall into it.
        let frames = road.frames();
        let half = frames[..4].concat().len();
        for cut in [half, half + 9] {
            let gate = Gate::new();
            let (before, after) = road.stream().split_at(cut);
            let answer = Answer::stream()
                .chunk(before)
                .gate(&gate)
                .chunk(after)
                .end();
            let mut exchange = roads.open(road, true, answer).await;
            if cut == half || road != Road::Passthrough {
                while exchange.event().await.expect("goes on").name != "ping" {}
                while exchange.event().await.expect("goes on").name != "ping" {}
            } else {
                // Passed through, half an event has gone out: nothing can be said until it is whole.
                assert_eq!(
                    exchange.event().await.expect("goes on").name,
                    "message_start"
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            gate.open();
            let reply = exchange.finish().await;
            assert_whole(road, &checked(road, &reply));
        }
    }
}

#[tokio::test]
async fn what_follows_the_end_of_a_message_is_not_sent_on() {
    let roads = Roads::start().await;
    for road in [Road::Cerebras, Road::OpenAi, Road::Responses, Road::Zai] {
        let answer = Answer::stream()
            .chunk(road.stream())
            .chunk(road.stream())
            .end();
        assert_whole(road, &roads.stream(road, answer).await);
    }
}

#[tokio::test]
async fn an_upstream_that_says_done_and_stays_open_does_not_hold_the_client() {
    let roads = Roads::start().await;
    for road in [
        Road::Cerebras,
        Road::OpenAi,
        Road::Gemini,
        Road::Responses,
        Road::Zai,
        Road::Passthrough,
    ] {
        let answer = Answer::stream().chunk(road.stream()).silence();
        assert_whole(road, &roads.stream(road, answer).await);
    }
}

#[tokio::test]
async fn answers_of_many_streams_at_once_have_ids_of_their_own() {
    let roads = Roads::start().await;
    let road = Road::Cerebras;
    let asked = (0..16).map(|_| roads.ask(road, true, Answer::sse(road.stream())));
    let replies: Vec<Reply> = futures_util::future::join_all(asked).await;
    for report in crate::harness::grammar::check_all(&replies) {
        report.assert_clean();
        assert_whole(road, &report);
    }
}
