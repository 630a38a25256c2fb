//! Two transformers in a row: requests from left to right, answers from right to left. The guest
//! `faulty` as a link marks whatever it is given, so that requests and answers show who had them.

use serde_json::{Value, json};

use crate::harness::client::{self, End, Reply};
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, Host};
use crate::harness::upstream::{Answer, Request, Upstream};
use crate::scene::{self, link};

mod answers;
mod pieces;

/// A host with a provider for each of these chains, by name.
fn host_of(upstream: &Upstream, chains: &[(&str, Value)]) -> Builder {
    let builder = Builder::new().component("faulty", &scene::guest("faulty"));
    chains.iter().fold(builder, |builder, (name, stages)| {
        builder.provider(scene::chain(name, &upstream.url(), stages))
    })
}

/// Answers as it was asked, in the Messages API.
async fn upstream() -> Upstream {
    Upstream::start(answer).await
}

fn answer(request: &Request) -> Answer {
    let pieces = scene::pieces("it", 5);
    if request.json()["stream"] == true {
        Answer::sse(&scene::message_events(&pieces).concat())
    } else {
        Answer::json(200, &scene::message_whole(&pieces))
    }
}

async fn ask(host: &Host, model: &str) -> Reply {
    client::messages(host.base(), &scene::ask(model, "hi")).await
}

async fn ask_whole(host: &Host, model: &str) -> Reply {
    client::messages(host.base(), &scene::ask_whole(model, "hi")).await
}

fn last(upstream: &Upstream) -> Request {
    let requests = upstream.requests();
    requests.last().cloned().expect("a request came")
}

/// The names of an object's members, in their order.
fn members(object: &Value) -> Vec<&str> {
    let members = object.as_object().into_iter().flatten();
    members.map(|(name, _)| name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_run_from_left_to_right_and_answers_from_right_to_left() {
    let upstream = upstream().await;
    let two = json!([link("A", json!({})), link("B", json!({}))]);
    let host = host_of(&upstream, &[("two", two)]).start();
    let reply = ask_whole(&host, "two").await;
    // Each link puts its member before all others.
    let request = last(&upstream).json();
    assert_eq!(members(&request)[..2], ["B", "A"], "{request}");
    assert_eq!(members(&reply.json())[..2], ["A", "B"], "{}", reply.text());
    let reply = ask(&host, "two").await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    let text = reply.text();
    let (left, right) = (text.find(": A begun=1"), text.find(": B begun=1"));
    assert!(left.is_some() && left < right, "B was pushed first: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_a_later_stage_win_and_none_removes_one() {
    let upstream = upstream().await;
    let first = json!({ "headers": [["x-a", "1"], ["X-B", "1"], ["x-c", "1"], ["x-d", "1"]] });
    let second = json!({ "headers": [["x-b", "2"], ["X-C", null], ["x-e", "2"]] });
    let stages = json!([link("A", first), link("B", second), link("C", json!({}))]);
    let host = host_of(&upstream, &[("three", stages)]).start();
    assert_eq!(ask(&host, "three").await.status, 200);
    let request = last(&upstream);
    let sent = |name: &str| request.head.all(name);
    assert_eq!(sent("x-a"), ["1"]);
    assert_eq!(sent("x-b"), ["2"]);
    assert!(sent("x-c").is_empty());
    assert_eq!((sent("x-d"), sent("x-e")), (vec!["1"], vec!["2"]));
    // What the stages to the left made of the request is told to each.
    let told = request.json();
    assert_eq!(told["A"], "-");
    assert_eq!(told["B"], "- x-a=1,x-b=1,x-c=1,x-d=1");
    assert_eq!(told["C"], "- x-a=1,x-d=1,x-b=2,x-e=2");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_path_that_a_stage_asks_for_wins() {
    let upstream = upstream().await;
    let to = |path: &str| json!({ "path": path });
    let chains = [
        ("none", json!([link("A", json!({})), link("B", json!({}))])),
        (
            "left",
            json!([link("A", to("/left")), link("B", json!({}))]),
        ),
        (
            "right",
            json!([link("A", json!({})), link("B", to("/right?x=1"))]),
        ),
        (
            "both",
            json!([link("A", to("/left")), link("B", to("/right"))]),
        ),
    ];
    let host = host_of(&upstream, &chains).start();
    for (model, target, told) in [
        ("none", "/v1/messages", "-"),
        ("left", "/left", "/left"),
        ("right", "/right?x=1", "-"),
        ("both", "/right", "/left"),
    ] {
        assert_eq!(ask(&host, model).await.status, 200, "{model}");
        let request = last(&upstream);
        assert_eq!(request.target(), target, "{model}");
        assert_eq!(request.json()["B"], told, "{model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_wants_no_reply_is_not_called_again() {
    let upstream = upstream().await;
    let untouched = || json!({ "reply": "untouched" });
    let chains = [
        (
            "left",
            json!([link("A", untouched()), link("B", json!({}))]),
        ),
        (
            "right",
            json!([link("A", json!({})), link("B", untouched())]),
        ),
        (
            "both",
            json!([link("A", untouched()), link("B", untouched())]),
        ),
    ];
    let host = host_of(&upstream, &chains).start();
    for (model, marks) in [("left", vec!["B"]), ("right", vec!["A"]), ("both", vec![])] {
        let reply = ask_whole(&host, model).await;
        let message = reply.json();
        let told: Vec<_> = members(&message)
            .into_iter()
            .filter(|name| name.len() == 1)
            .collect();
        assert_eq!(told, marks, "{model}");
        assert_eq!(members(&last(&upstream).json())[..2], ["B", "A"], "{model}");
        let reply = ask(&host, model).await;
        assert_eq!(
            grammar::check(&reply).assert_clean().told,
            Told::Complete,
            "{model}"
        );
        for name in ["A", "B"] {
            let told = reply.text().contains(&format!(": {name} "));
            assert_eq!(
                told,
                marks.contains(&name),
                "{model} {name}: {}",
                reply.text()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_is_named_by_its_component_and_generation() {
    let upstream = Upstream::start(|request| {
        assert!(request.path().ends_with("/chat/completions"));
        Answer::sse(&scene::chat_events(&scene::pieces("it", 5)).concat())
    })
    .await;
    let splice = json!({ "name": "faulty", "options": { "fault": "splice" } });
    let chains = [
        ("loud", json!(["faulty", "shout"])),
        ("quiet", json!(["faulty", "cerebras"])),
        ("spliced", json!([splice, "shout"])),
    ];
    let shout = scene::guest("shout");
    let host = host_of(&upstream, &chains)
        .component("shout", &shout)
        .start();
    let short = |bytes: &[u8]| format!("sha256:{}", &scene::sha256(bytes)[..8]);
    let faulty = format!("faulty@1 {}", short(&scene::guest("faulty")));
    for (model, right) in [
        ("loud", "shout"),
        ("quiet", "cerebras"),
        ("spliced", "shout"),
    ] {
        let reply = ask(&host, model).await;
        let report = grammar::check(&reply);
        assert_eq!(report.assert_clean().told, Told::Complete, "{model}");
        let text = scene::pieces("it", 5).concat();
        let said = if right == "shout" {
            text.to_uppercase()
        } else {
            text
        };
        assert_eq!(report.text(), said, "{model}");
        let label = format!("{faulty}, {right}@1 {}", short(&scene::guest(right)));
        assert_eq!(reply.header("x-transom-transformer"), Some(label.as_str()));
        assert_eq!(reply.end, End::Complete);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_either_stage_ends_the_exchange_and_names_that_stage() {
    let upstream = upstream().await;
    let faulty = |fault: &str| json!({ "name": "faulty", "options": { "fault": fault } });
    let chains = [
        ("left", json!([faulty("push-trap"), "neighbour"])),
        ("right", json!(["neighbour", faulty("push-trap")])),
        ("request", json!(["neighbour", faulty("request-trap")])),
    ];
    let builder = host_of(&upstream, &chains);
    let host = builder
        .component("neighbour", &scene::guest("faulty"))
        .start();
    for (model, _) in chains {
        for reply in [ask(&host, model).await, ask_whole(&host, model).await] {
            assert_eq!(reply.status, 500, "{model}: {}", reply.text());
            let message = reply.json()["error"]["message"].to_string();
            assert!(message.contains("`faulty` trapped"), "{model}: {message}");
        }
    }
    assert_eq!(host.transformer("faulty").await["traps"], 6);
    assert_eq!(host.transformer("neighbour").await["traps"], 0);
    let free = |status: &Value| status["pool"]["free"] == status["pool"]["instances"];
    host.wait_for_status("every instance is given back", free)
        .await;
}
