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

/// After how many bytes a reader may know that the answer is complete: nothing that it says is
/// missing then, and what it may cost is told too, unless the upstream itself ended without.
fn complete_after(road: Road, way: Way) -> usize {
    let stream = String::from_utf8_lossy(road.stream()).into_owned();
    let last = match (road, way) {
        (Road::Zai | Road::Passthrough, _) => "event: message_stop",
        (Road::Cerebras | Road::OpenAi, Way::CleanEnd) => "\"finish_reason\":\"",
        (Road::Cerebras | Road::OpenAi, Way::Cut) => "\"usage\":{",
        (Road::Gemini, _) => "\"finishReason\":\"",
        (Road::Responses, _) => "event: response.completed",
        (Road::Ollama, _) => "\"done\":true",
    };
    let start = stream.find(last).expect("the recorded stream is complete");
    let end = stream[start..].find(road.frame_end());
    start + end.expect("a whole event")
}

async fn cut_everywhere(road: Road, way: Way) {
    let roads = Roads::start().await;
    let complete = complete_after(road, way);
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
            Told::Complete if at >= complete => {}
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
async fn a_gemini_stream_cut_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Gemini, Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gemini_stream_that_ends_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Gemini, Way::CleanEnd).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_lines_cut_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Ollama, Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_lines_that_ends_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Ollama, Way::CleanEnd).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_responses_stream_cut_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Responses, Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_responses_stream_that_ends_at_any_byte_is_never_a_clean_end() {
    cut_everywhere(Road::Responses, Way::CleanEnd).await;
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
