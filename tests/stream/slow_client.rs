//! A client that reads slowly: it gets everything, and its upstream is not told as silent.

use super::*;

/// Some megabytes: more than the host takes in before its client reads.
const EVENTS: usize = 6000;

/// A long stream of the road: its text events again and again, in large chunks.
fn long(road: Road) -> Vec<u8> {
    let pieces = crate::scene::pieces(&"word ".repeat(400), EVENTS);
    match road {
        Road::Zai | Road::Passthrough => crate::scene::message_events(&pieces),
        Road::Cerebras | Road::OpenAi => crate::scene::chat_events(&pieces),
        Road::Gemini => crate::scene::gemini_events(&pieces),
        Road::Ollama => crate::scene::lines(&pieces),
        Road::Responses => crate::scene::response_events(&pieces),
    }
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_late_gets_everything_and_hears_of_no_silence() {
    let quick = json!({ "idle_ms": 300 });
    let roads = Roads::with(|host| host.set("timeouts", quick)).await;
    for road in Road::ALL {
        let body = long(road);
        let answer = Answer::stream().chunks_of(50_000, &body).end();
        let mut exchange = roads.open(road, true, answer).await;
        exchange.event().await.expect("the stream has begun");
        // Longer than the upstream may be silent. Most of the stream is not read yet: it waits in the
        // host, or at the upstream where sockets on the way hold less than that.
        tokio::time::sleep(Duration::from_millis(900)).await;
        let reply = exchange.finish().await;
        let report = checked(road, &reply);
        assert_eq!(report.told, Told::Complete, "{road:?}: {}", report.error);
        assert_eq!(
            report.text().matches("says piece").count(),
            EVENTS,
            "{road:?}"
        );
    }
}
