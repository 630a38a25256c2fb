//! Recorded exchanges: a new version of a transformer is tried on them before it goes live.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Request, Upstream};
use crate::scene;

const MODEL: &str = "gpt-oss-120b";

/// Says the prompt again, as a stream where one was asked for.
fn echo(request: &Request) -> Answer {
    let body = request.json();
    let content = &body["messages"][0]["content"];
    let prompt = content.as_str().or(content[0]["text"].as_str());
    let pieces = [prompt.unwrap_or_default().to_owned()];
    if body["stream"] == true {
        Answer::sse(&scene::chat_events(&pieces).concat())
    } else {
        Answer::json(200, &scene::chat_whole(&pieces))
    }
}

async fn start(recorder: Value) -> (Upstream, Host) {
    let upstream = Upstream::start(echo).await;
    let host = Builder::new()
        .provider(provider("cerebras", &upstream.url(), "cerebras", MODEL))
        .set("recorder", recorder)
        .component("cerebras", &scene::guest("cerebras"))
        .start();
    (upstream, host)
}

/// Twenty exchanges whose text is in capitals, but for one.
async fn talk(host: &Host, odd_streams: bool) {
    for number in 0..20 {
        let prompt = match number {
            7 => "Hello".to_owned(),
            number => format!("NUMBER {number}"),
        };
        let streams = if number == 7 {
            odd_streams
        } else {
            number % 2 == 0
        };
        let body = if streams {
            scene::ask(MODEL, &prompt)
        } else {
            scene::ask_whole(MODEL, &prompt)
        };
        let reply = client::messages(host.base(), &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let kept = |status: &Value| status["recorder"]["exchanges"] == 20;
    host.wait_for_status("twenty recorded exchanges", kept)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_changes_one_field_of_one_recorded_exchange_is_told_as_exactly_that() {
    for (streams, field) in [(false, "/answer/content/0/text"), (true, "/delta/text")] {
        let (_upstream, host) = start(json!({ "on": true })).await;
        talk(&host, streams).await;
        scene::put(
            &host.transformers().join("cerebras.wasm"),
            &scene::guest("shout"),
        );
        let live = |status: &Value| status["transformers"][0]["generation"] == 2;
        let status = host.wait_for_status("the new version", live).await;
        let told = status["transformers"][0]["replay"]
            .as_str()
            .unwrap_or_default();
        assert!(told.starts_with("19 the same, 1 differs; "), "{told}");
        assert!(
            told.ends_with(&format!("{field}: \"Hello\" -> \"HELLO\"")),
            "{told}"
        );
        let log = host.log();
        let (told, live) = (log.find("replay: 19 the same"), log.find("generation=2"));
        assert!(
            told < live && told.is_some(),
            "told before it is live: {log}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_differs_does_not_go_live_if_the_configuration_says_so() {
    let (upstream, host) = start(json!({ "on": true, "block_on_diff": true })).await;
    talk(&host, false).await;
    scene::put(
        &host.transformers().join("cerebras.wasm"),
        &scene::guest("shout"),
    );
    let refused = |status: &Value| status["transformers"][0]["last_error"].is_string();
    let status = host.wait_for_status("the refusal", refused).await;
    let transformer = &status["transformers"][0];
    assert_eq!(transformer["generation"], 1);
    let why = transformer["last_error"].as_str().unwrap_or_default();
    assert!(why.contains("19 the same, 1 differs"), "{why}");
    assert!(why.contains("HELLO"), "{why}");
    // Without `api_key` every process of the machine can ask.
    let told = client::get(host.base(), "/api/status").await.text();
    assert!(told.contains("19 the same, 1 differs"), "{told}");
    assert!(!told.contains("HELLO"), "{told}");
    let reply = client::messages(host.base(), &scene::ask_whole(MODEL, "Quiet")).await;
    assert_eq!(reply.json()["content"][0]["text"], "Quiet");
    // The remedy that the refusal names.
    host.write_config(&json!({
        "providers": [provider("cerebras", &upstream.url(), "cerebras", MODEL)],
        "recorder": { "on": true },
    }));
    let live = |status: &Value| status["transformers"][0]["generation"] == 2;
    let what = "the version that was refused";
    host.wait_for_status(what, live).await;
}

#[tokio::test]
async fn nothing_is_kept_unless_recording_is_on_and_everything_is_forgotten_when_it_ends() {
    let (upstream, host) = start(json!({ "on": true })).await;
    talk(&host, false).await;
    let off = json!({ "providers": [provider("cerebras", &upstream.url(), "cerebras", MODEL)] });
    host.write_config(&off);
    let forgotten =
        |status: &Value| status["recorder"] == json!({"on": false, "exchanges": 0, "bytes": 0});
    host.wait_for_status("nothing kept", forgotten).await;
    let reply = client::messages(host.base(), &scene::ask_whole(MODEL, "more")).await;
    assert_eq!(reply.status, 200);
    assert!(forgotten(&host.status().await));
}

/// Twenty streams of which each comes in pieces of its own size: those that the client sees are the
/// same, and so is what a new version makes of them.
#[tokio::test(flavor = "multi_thread")]
async fn how_a_recorded_stream_was_split_makes_no_difference() {
    let upstream = Upstream::start(|request| {
        let said = scene::pieces("it", 6);
        let body = scene::chat_events(&said).concat();
        Answer::stream()
            .chunks_of(1 + request.number * 7, &body)
            .end()
    })
    .await;
    let host = Builder::new()
        .provider(provider("cerebras", &upstream.url(), "cerebras", MODEL))
        .set("recorder", json!({ "on": true, "block_on_diff": true }))
        .component("cerebras", &scene::guest("cerebras"))
        .start();
    for number in 0..20 {
        let body = scene::ask(MODEL, &format!("number {number}"));
        let reply = client::messages(host.base(), &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let kept = |status: &Value| status["recorder"]["exchanges"] == 20;
    host.wait_for_status("twenty recorded exchanges", kept)
        .await;
    let other = scene::same_but_other(&scene::guest("cerebras"));
    scene::put(&host.transformers().join("cerebras.wasm"), &other);
    let live = |status: &Value| status["transformers"][0]["generation"] == 2;
    let status = host
        .wait_for_status("the same with other bytes", live)
        .await;
    assert_eq!(status["transformers"][0]["replay"], "20 the same, 0 differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_traps_is_told_by_its_trap_first() {
    let upstream =
        Upstream::always(Answer::json(200, &scene::message_whole(&["hi".to_owned()]))).await;
    let host = Builder::new()
        .provider(provider("p", &upstream.url(), "faulty", "m"))
        .set("recorder", json!({ "on": true, "block_on_diff": true }))
        .component("faulty", &scene::guest("faulty"))
        .start();
    client::messages(host.base(), &scene::ask_whole("m", "hi")).await;
    let kept = |status: &Value| status["recorder"]["exchanges"] == 1;
    host.wait_for_status("a recorded exchange", kept).await;
    let file = host.transformers().join("faulty.wasm");
    scene::put(&file, &scene::faulty("request-trap"));
    let refused = |status: &Value| status["transformers"][0]["last_error"].is_string();
    let status = host.wait_for_status("the refusal", refused).await;
    let replay = status["transformers"][0]["replay"]
        .as_str()
        .unwrap_or_default();
    let (_, told) = replay
        .split_once("0 the same, 1 differs; ")
        .unwrap_or_default();
    let (_, told) = told.split_once(' ').unwrap_or_default();
    assert!(
        told.starts_with("/request/error: api_error: transformer `faulty` "),
        "{replay}"
    );

    // The old bytes again: what was told of the others is not told of them.
    scene::put(&file, &scene::guest("faulty"));
    let forgiven = |status: &Value| status["transformers"][0]["last_error"].is_null();
    let status = host.wait_for_status("the old bytes", forgiven).await;
    assert_eq!(status["transformers"][0]["replay"], Value::Null);
}

/// Whatever the configuration says of differences.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_breaks_over_a_recorded_exchange_does_not_go_live() {
    for fault in ["push-trap", "request-trap"] {
        let upstream =
            Upstream::always(Answer::json(200, &scene::message_whole(&["hi".to_owned()]))).await;
        let host = Builder::new()
            .provider(provider("p", &upstream.url(), "faulty", "m"))
            .set("recorder", json!({ "on": true }))
            .component("faulty", &scene::faulty("response-hex"))
            .start();
        client::messages(host.base(), &scene::ask_whole("m", "hi")).await;
        let kept = |status: &Value| status["recorder"]["exchanges"] == 1;
        host.wait_for_status("a recorded exchange", kept).await;
        let file = host.transformers().join("faulty.wasm");
        scene::put(&file, &scene::faulty(fault));
        let refused = |status: &Value| status["transformers"][0]["last_error"].is_string();
        let status = host.wait_for_status("the refusal", refused).await;
        let transformer = &status["transformers"][0];
        let why = transformer["last_error"].as_str().unwrap_or_default();
        assert!(
            why.starts_with("it breaks over a recorded exchange that the version before it serves"),
            "{why}"
        );
        assert!(why.contains("trapped in `"), "{why}");
        // What was tried is not counted where it serves.
        assert_eq!(
            (&transformer["generation"], &transformer["traps"]),
            (&json!(1), &json!(0))
        );
        let reply = client::messages(host.base(), &scene::ask_whole("m", "hi")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());

        // Other bytes are looked at anew.
        scene::put(&file, &scene::guest("faulty"));
        let live = |status: &Value| status["transformers"][0]["generation"] == 2;
        host.wait_for_status("a version that does not break", live)
            .await;
    }
}

/// Two of twenty are enough to know: a reload waits for no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_never_comes_back_is_refused_without_trying_all_that_is_recorded() {
    let upstream =
        Upstream::always(Answer::json(200, &scene::message_whole(&["hi".to_owned()]))).await;
    let host = Builder::new()
        .provider(provider("p", &upstream.url(), "faulty", "m"))
        .set("recorder", json!({ "on": true }))
        .set(
            "limits",
            json!({ "request_ms": 50, "call_wall_ms": 60_000 }),
        )
        .component("faulty", &scene::guest("faulty"))
        .start();
    for number in 0..20 {
        client::messages(host.base(), &scene::ask_whole("m", &number.to_string())).await;
    }
    let kept = |status: &Value| status["recorder"]["exchanges"] == 20;
    host.wait_for_status("twenty recorded exchanges", kept)
        .await;
    let file = host.transformers().join("faulty.wasm");
    scene::put(&file, &scene::faulty("request-loop"));
    let refused = |status: &Value| status["transformers"][0]["last_error"].is_string();
    let status = host.wait_for_status("the refusal", refused).await;
    let transformer = &status["transformers"][0];
    assert_eq!(transformer["generation"], 1);
    let replay = transformer["replay"].as_str().unwrap_or_default();
    // On a machine that is very busy the time of a reload is over before the second.
    let few = [
        "0 the same, 2 differ, 18 not tried",
        "0 the same, 1 differs, 19 not tried",
    ];
    assert!(few.iter().any(|few| replay.starts_with(few)), "{replay}");
}

#[tokio::test]
async fn a_request_that_is_refused_before_it_is_sent_is_recorded_too() {
    let upstream = Upstream::always(Answer::json(200, &json!({}))).await;
    let host = Builder::new()
        .provider(provider("p", &upstream.url(), "faulty", "m"))
        .set("recorder", json!({ "on": true }))
        .component("faulty", &scene::faulty("request-fail"))
        .start();
    client::messages(host.base(), &scene::ask_whole("m", "hi")).await;
    let kept = |status: &Value| status["recorder"]["exchanges"] == 1;
    host.wait_for_status("a recorded exchange", kept).await;
}
