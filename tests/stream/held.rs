//! The head of an answer is held until the upstream's first event, so that an early failure still
//! has its status; then, or after the time to hold it, the client is told.

use super::*;
use crate::harness::client::{self, Exchange};
use crate::roads::error_of;

/// An overload as this road's upstream says it in a stream.
fn overload(road: Road) -> Vec<u8> {
    road.frame("error", &road.overload("busy"))
}

/// A request whose answer is awaited beside the test.
async fn asked(roads: &Roads, road: Road, answer: Answer) -> tokio::task::JoinHandle<Exchange> {
    let request = road.request(true, &roads.words(answer));
    let base = roads.host.base().to_owned();
    let before = roads.upstream.records().len();
    let asking = tokio::spawn(async move { client::open_messages(&base, &request).await });
    let begun = |records: &[crate::harness::upstream::Recorded]| {
        records.get(before).is_some_and(|record| record.sent > 0)
    };
    roads
        .upstream
        .wait_until("the upstream's head is sent", begun)
        .await;
    asking
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_is_held_until_the_first_event_and_an_error_instead_has_its_status() {
    let roads = Roads::start().await;
    for road in Road::ALL {
        for fails in [true, false] {
            let gate = Gate::new();
            let body = if fails {
                overload(road)
            } else {
                road.stream().to_vec()
            };
            let answer = Answer::stream().head().gate(&gate).chunk(&body).end();
            let asking = asked(&roads, road, answer).await;
            tokio::time::sleep(Duration::from_millis(150)).await;
            assert!(
                !asking.is_finished(),
                "{road:?}: told before there was anything to tell"
            );
            gate.open();
            let reply = asking.await.expect("no panic").finish().await;
            if fails {
                let body = reply.json();
                assert!(reply.status >= 500, "{road:?}: {body}");
                assert_eq!(body["error"]["message"], "busy", "{road:?}");
            } else {
                assert_eq!(
                    reply.events()[0].name,
                    "message_start",
                    "{road:?}: no ping first"
                );
                assert_whole(road, &checked(road, &reply));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_of_an_upstream_that_is_converted_do_not_end_the_hold() {
    let roads = Roads::start().await;
    for road in [Road::Cerebras, Road::OpenAi] {
        let gate = Gate::new();
        let answer = Answer::stream()
            .chunk(b": processing\n\n")
            .chunk(b": processing\n\n");
        let error = overload(road);
        let asking = asked(&roads, road, answer.gate(&gate).chunk(&error).end()).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(
            !asking.is_finished(),
            "{road:?}: told before there was anything to tell"
        );
        gate.open();
        let reply = asking.await.expect("no panic").finish().await;
        assert!(reply.status >= 500, "{road:?}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_time_to_hold_it_the_head_goes_with_a_ping_and_an_error_is_an_event() {
    let quick = json!({ "hold_ms": 40 });
    let roads = Roads::with(|host| host.set("timeouts", quick)).await;
    for road in Road::ALL {
        let gate = Gate::new();
        let answer = Answer::stream()
            .head()
            .gate(&gate)
            .chunk(&overload(road))
            .end();
        let mut exchange = asked(&roads, road, answer).await.await.expect("no panic");
        assert_eq!(exchange.status(), 200, "{road:?}");
        assert_eq!(
            exchange.event().await.expect("a ping").name,
            "ping",
            "{road:?}"
        );
        gate.open();
        let reply = exchange.finish().await;
        let report = checked(road, &reply);
        assert_eq!(report.told, Told::Error, "{road:?}: {}", reply.text());
        assert_eq!(report.error["error"]["message"], "busy", "{road:?}");
        let names: Vec<_> = reply.events().into_iter().map(|event| event.name).collect();
        // The next ping would come after ten seconds of silence.
        assert_eq!(names, ["ping", "error"], "{road:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_to_hold_the_head_does_not_run_before_the_upstreams_own_head() {
    let quick = json!({ "hold_ms": 1 });
    let once = json!({ "attempts": 0 });
    let roads = Roads::with(|host| host.set("timeouts", quick).set("retries", once)).await;
    let body = json!({ "error": { "message": "late", "type": "rate_limit_error" } }).to_string();
    for road in Road::ALL {
        let late = Answer::new(429).header("content-type", "application/json");
        let late = late.length(body.len()).raw(body.as_bytes());
        let late = late.after(Duration::from_millis(100));
        let reply = roads.ask(road, true, late).await;
        assert_eq!(
            error_of(&reply, 429, "rate_limit_error"),
            "late",
            "{road:?}"
        );
    }
}
