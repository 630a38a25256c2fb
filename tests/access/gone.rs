//! A client that leaves takes its upstream's connection with it.

use crate::harness::client;
use crate::harness::upstream::{Answer, Outcome, Recorded};
use crate::roads::{Road, Roads};

fn all_closed(count: usize) -> impl Fn(&[Recorded]) -> bool {
    move |records| {
        let closed = records
            .iter()
            .filter(|one| one.outcome == Outcome::PeerClosed);
        closed.count() == count
    }
}

#[tokio::test]
async fn an_upstream_that_still_sends_sees_the_client_leave() {
    let roads = Roads::start().await;
    for (at, road) in Road::ALL.into_iter().enumerate() {
        let answer = Answer::stream()
            .chunk(&road.frames()[..4].concat())
            .silence();
        let mut exchange = roads.open(road, true, answer).await;
        exchange.event().await.expect("the stream has begun");
        drop(exchange);
        roads
            .upstream
            .wait_until("the close", all_closed(at + 1))
            .await;
    }
    let idle = |status: &serde_json::Value| status["in_flight"] == 0;
    roads
        .host
        .wait_for_status("no exchange is left", idle)
        .await;
}

#[tokio::test]
async fn an_upstream_that_has_not_answered_sees_the_client_leave() {
    let roads = Roads::start().await;
    for (at, road) in Road::ALL.into_iter().enumerate() {
        for (times, stream) in [true, false].into_iter().enumerate() {
            let request = road.request(stream, &roads.words(Answer::no_answer()));
            let base = roads.host.base().to_owned();
            let asking = tokio::spawn(async move { client::messages(&base, &request).await });
            let number = at * 2 + times;
            let came = |records: &[Recorded]| records.len() == number + 1;
            roads.upstream.wait_until("the request", came).await;
            asking.abort();
            roads
                .upstream
                .wait_until("the close", all_closed(number + 1))
                .await;
        }
    }
    let idle = |status: &serde_json::Value| status["in_flight"] == 0;
    roads
        .host
        .wait_for_status("no exchange is left", idle)
        .await;
}
