//! A recorded stream, cut after every byte, in each way a stream can end too early.

use futures_util::StreamExt as _;

use crate::harness::grammar::Told;
use crate::harness::upstream::Answer;
use crate::roads::{Road, Roads, checked};

/// How an upstream ends its answer too early.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// The connection closes without the last chunk: the transport tells that something is missing.
    Cut,
    /// A proper last chunk: only the protocol inside can tell.
    CleanEnd,
}

/// How many exchanges run at once.
const AT_ONCE: usize = 16;

/// The number of bytes after which all that has to be said has been said.
fn complete_after(road: Road) -> usize {
    let stream = String::from_utf8_lossy(road.stream()).into_owned();
    let last = match road.is_anthropic() {
        true => "event: message_stop\ndata: {\"type\":\"message_stop\"}",
        false => "data: [DONE]",
    };
    stream.find(last).expect("the recorded stream is complete") + last.len()
}

/// The first byte after which the answer's meaning is complete, though its end is not said.
fn finished_after(road: Road) -> usize {
    let text = String::from_utf8_lossy(road.stream()).into_owned();
    let reason = match road.is_anthropic() {
        true => return complete_after(road),
        false => text.find("\"finish_reason\":\"").expect("a finish"),
    };
    reason + text[reason..].find("\n\n").expect("a frame")
}

async fn cut_everywhere(road: Road, way: Way) {
    let roads = Roads::start().await;
    let (finished, complete) = (finished_after(road), complete_after(road));
    let cuts = (0..road.stream().len()).map(|at| {
        let roads = &roads;
        async move {
            let answer = Answer::stream().chunk(&road.stream()[..at]);
            let answer = match way {
                Way::Cut if at == 0 => Answer::stream().cut(),
                Way::CleanEnd if at == 0 => Answer::stream().end(),
                Way::Cut => answer.cut(),
                Way::CleanEnd => answer.end(),
            };
            (at, roads.ask(road, true, answer).await)
        }
    });
    let mut replies = futures_util::stream::iter(cuts).buffer_unordered(AT_ONCE);
    let (mut broken, mut early) = (0, 0);
    while let Some((at, reply)) = replies.next().await {
        let place = format!("{road:?} {way:?} after byte {at}");
        if reply.status != 200 {
            assert_eq!(reply.status, 502, "{place}: {}", reply.text());
            assert_eq!(reply.json()["error"]["type"], "api_error", "{place}");
            early += 1;
            continue;
        }
        let report = checked(road, &reply);
        match report.told {
            // Only the transport's end or the last words are missing.
            Told::Complete if at >= complete => {}
            Told::Complete if matches!(way, Way::CleanEnd) && at >= finished => {}
            Told::Complete => panic!("{place} is told as a clean end: {}", reply.text()),
            Told::Cut | Told::Error => broken += 1,
            Told::Unclear => unreachable!("a violation"),
        }
    }
    assert!(
        early > 0 && broken > early,
        "{early} early, {broken} broken"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cerebras_stream_cut_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Cerebras, Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cerebras_stream_that_ends_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Cerebras, Way::CleanEnd).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_openai_stream_cut_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::OpenAi, Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_openai_stream_that_ends_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::OpenAi, Way::CleanEnd).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zai_stream_cut_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Zai, Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zai_stream_that_ends_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Zai, Way::CleanEnd).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passed_through_stream_cut_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Passthrough, Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passed_through_stream_that_ends_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Passthrough, Way::CleanEnd).await;
}
