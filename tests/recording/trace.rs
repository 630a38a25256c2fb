//! `transom guest trace`: what happened at each hop, as it was recorded.

use serde_json::Value;

use super::{Desk, MODEL, echo};
use crate::harness::upstream::Answer;
use crate::scene;

#[tokio::test]
async fn every_hop_of_a_stream_is_shown_with_its_bytes() {
    let desk = Desk::new(echo).await;
    let reply = desk.ask(&scene::ask(MODEL, "say this again")).await;
    let id = reply.header("request-id").expect("an id").to_owned();
    let shown = desk.runs(&["guest", "trace", &id]);
    let hops = [
        "exchange ",
        "client -> guest    ",
        "guest -> upstream  POST /chat/completions, ",
        "same: model (14), ",
        "not under that name: max_tokens (4)",
        "new: max_completion_tokens (4), ",
        "upstream -> guest  200, ",
        "guest -> client    ",
        "1 at ",
        "client got         200, ",
    ];
    let mut rest = shown.as_str();
    for hop in hops {
        let (_, after) = rest
            .split_once(hop)
            .unwrap_or_else(|| panic!("{hop}: {shown}"));
        rest = after;
    }
    assert!(shown.contains("by cerebras@1 sha256:"), "{shown}");
    assert!(shown.contains("content-type: text/event-stream"), "{shown}");

    let json: Value =
        serde_json::from_str(&desk.runs(&["guest", "trace", "--json"])).expect("JSON");
    assert_eq!(
        json["client"]["body"].as_str().expect("text").as_bytes(),
        reply.body
    );
    assert_eq!(json["attempts"][0]["answer"]["head"]["status"], 200);
    let steps = json["steps"].as_array().expect("steps");
    let out: u64 = steps.iter().filter_map(|step| step["out"].as_u64()).sum();
    assert_eq!(
        out,
        reply.body.len() as u64,
        "pings aside, all that went out is some step's"
    );
    let read: u64 = steps.iter().filter_map(|step| step["read"].as_u64()).sum();
    let came = json["attempts"][0]["answer"]["body"]
        .as_str()
        .expect("text")
        .len();
    assert_eq!(read, came as u64);
}

#[tokio::test]
async fn an_upstream_that_breaks_and_one_that_refuses_are_shown_as_such() {
    let desk = Desk::new(|request| {
        if request.json()["stream"] == true {
            let events = scene::chat_events(&["one ".to_owned()]);
            Answer::stream().chunk(&events[..2].concat()).cut()
        } else {
            Answer::json(
                400,
                &serde_json::json!({"message": "no such thing", "type": "invalid_request_error"}),
            )
        }
    })
    .await;
    desk.ask(&scene::ask(MODEL, "hi")).await;
    desk.ask(&scene::ask_whole(MODEL, "hi")).await;
    let shown = desk.runs(&["guest", "trace", "--last", "2"]);
    assert!(
        shown.contains("BROKEN: ") && shown.contains("aborted: "),
        "{shown}"
    );
    assert!(
        shown.contains("ended by an error, invalid_request_error: no such thing"),
        "{shown}"
    );
}

#[tokio::test]
async fn what_passed_between_the_stages_of_a_chain_is_shown_as_computed_again() {
    let desk = Desk::with(echo, |upstream| {
        let stages = serde_json::json!([scene::link("A", serde_json::json!({})), "openai"]);
        crate::harness::host::Builder::new()
            .component("faulty", &scene::guest("faulty"))
            .provider(scene::chain("two", &upstream.url(), &stages))
    })
    .await;
    desk.ask(&scene::ask("two", "hi there")).await;
    let shown = desk.runs(&["guest", "trace"]);
    let (_, stages) = shown
        .split_once("stage by stage, computed again\n")
        .expect("a section");
    for told in [
        "    faulty: request ",
        "    faulty: answer ",
        "    openai: request ",
        "    openai: answer ",
    ] {
        assert!(stages.contains(told), "{told}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_exchange_is_waited_for() {
    let desk = Desk::new(echo).await;
    desk.ask(&scene::ask_whole(MODEL, "before")).await;
    let mut command = desk
        .host
        .command_beside(&["guest", "trace", "--next"], &desk.config);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    // It says when it has seen what is there already.
    let mut said = std::io::BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).expect("a line");
    assert!(line.contains("waiting"), "{line}");
    desk.ask(&scene::ask_whole(MODEL, "after")).await;
    let output = child.wait_with_output().expect("it ends");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        shown.contains("after") && !shown.contains("before"),
        "{shown}"
    );
}
