//! Answers that do not come from a good upstream: local ones, errors, second tries.

use super::*;
use crate::roads::error_of;

#[tokio::test(flavor = "multi_thread")]
async fn a_local_answer_passes_back_through_the_stages_to_its_left_only() {
    let upstream = upstream().await;
    let answer = || json!({ "answer": "from here" });
    let chains = [
        (
            "second",
            json!([
                link("A", json!({})),
                link("B", answer()),
                link("C", json!({}))
            ]),
        ),
        ("first", json!([link("A", answer()), link("B", json!({}))])),
    ];
    let host = host_of(&upstream, &chains).start();
    for (model, marks) in [("second", vec!["A"]), ("first", vec![])] {
        let reply = ask_whole(&host, model).await;
        let message = reply.json();
        assert_eq!(message["content"][0]["text"], "from here", "{model}");
        let told: Vec<_> = members(&message)
            .into_iter()
            .filter(|name| name.len() == 1)
            .collect();
        assert_eq!(told, marks, "{model}");
        let reply = ask(&host, model).await;
        let report = grammar::check(&reply);
        assert_eq!(report.assert_clean().told, Told::Complete, "{model}");
        assert_eq!(report.text(), "from here", "{model}");
    }
    assert!(upstream.requests().is_empty(), "nothing is sent upstream");
}

/// Chains by who explains errors.
fn explaining() -> [(&'static str, Value); 4] {
    let explain = || json!({ "explain": "explains" });
    [
        (
            "neither",
            json!([link("A", json!({})), link("B", json!({}))]),
        ),
        ("left", json!([link("A", explain()), link("B", json!({}))])),
        ("right", json!([link("A", json!({})), link("B", explain())])),
        ("both", json!([link("A", explain()), link("B", explain())])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_stage_from_the_right_that_explains_an_error_wins() {
    let error = json!({ "error": { "type": "invalid_request_error", "message": "no such thing" } });
    for status in [400, 200] {
        let upstream = Upstream::always(Answer::json(status, &error)).await;
        let host = host_of(&upstream, &explaining()).start();
        for (model, by) in [("left", "A"), ("right", "B"), ("both", "B")] {
            for reply in [ask(&host, model).await, ask_whole(&host, model).await] {
                let message = error_of(&reply, 418, "api_error");
                let words = format!("{by} explains {status} {error}");
                assert_eq!(message, words, "{model}");
            }
        }
        let reply = ask(&host, "neither").await;
        let body = reply.json();
        assert!(reply.status >= 400 && reply.status != 418, "{body}");
        assert_eq!(body["error"]["message"], "no such thing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_was_dropped_is_not_asked_about_an_error() {
    let error = json!({ "error": { "type": "invalid_request_error", "message": "no such thing" } });
    let upstream = Upstream::always(Answer::json(400, &error)).await;
    let dropped = json!({ "reply": "untouched", "explain": "explains" });
    let stages = json!([
        link("A", json!({ "explain": "explains" })),
        link("B", dropped)
    ]);
    let host = host_of(&upstream, &[("dropped", stages)]).start();
    let message = error_of(&ask(&host, "dropped").await, 418, "api_error");
    assert!(message.starts_with("A explains"), "{message}");
}

/// An error first, then a good answer.
async fn healing() -> Upstream {
    Upstream::start(|request| match request.number {
        0 => Answer::json(429, &json!({ "error": { "message": "not now" } })),
        _ => answer(request),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_try_is_seen_by_the_stages_to_the_right_of_who_asked_for_it() {
    for (left, right, marks) in [
        (json!({ "resend": true }), json!({}), ["B", "A"]),
        (json!({}), json!({ "resend": true }), ["B", "A"]),
    ] {
        let upstream = healing().await;
        let by = if left["resend"] == true { "A" } else { "B" };
        let stages = json!([link("A", left), link("B", right)]);
        let host = host_of(&upstream, &[("again", stages)]).start();
        let reply = ask(&host, "again").await;
        assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
        let requests = upstream.requests();
        assert_eq!(requests.len(), 2, "{by}");
        assert_eq!(requests[1].path(), "/again", "{by}");
        assert_eq!(requests[1].header("x-resent-by"), Some(by));
        // What a stage sent before is kept, and marked once by each.
        for request in &requests {
            assert_eq!(
                request.json()["messages"],
                scene::ask("again", "hi")["messages"]
            );
            let body = request.json();
            let names = members(&body);
            assert_eq!(names[..2], marks, "{by}: {body}");
            assert_eq!(
                names.iter().filter(|name| name.len() == 1).count(),
                2,
                "{by}"
            );
        }
        let text = reply.text();
        assert!(
            text.contains(": A begun=1") && text.contains(": B begun=1"),
            "{text}"
        );
        if by == "A" {
            let told = requests[1].json();
            assert_eq!(told["B"], "/again x-resent-by=A", "B was asked again");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_try_is_granted_once_an_exchange_whoever_asks() {
    let error = json!({ "error": { "message": "never" } });
    let upstream = Upstream::always(Answer::json(429, &error)).await;
    let resend = || json!({ "resend": true });
    let chains = [
        ("both", json!([link("A", resend()), link("B", resend())])),
        (
            "told",
            json!([
                link("A", json!({ "explain": "explains" })),
                link("B", resend())
            ]),
        ),
    ];
    let host = host_of(&upstream, &chains).start();
    let reply = ask(&host, "both").await;
    assert_eq!((reply.status, upstream.requests().len()), (429, 2));
    assert_eq!(reply.json()["error"]["message"], "never");
    // A stage whose wish is not granted has nothing to say; the next one is asked.
    let message = error_of(&ask_whole(&host, "told").await, 418, "api_error");
    assert!(message.starts_with("A explains 429"), "{message}");
    assert_eq!(upstream.requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_inside_a_200_is_not_tried_again() {
    let error = json!({ "error": { "message": "inside" } });
    let upstream = Upstream::always(Answer::json(200, &error)).await;
    let stages = json!([link("A", json!({})), link("B", json!({ "resend": true }))]);
    let host = host_of(&upstream, &[("inside", stages)]);
    let host = host.set("retries", json!({ "attempts": 0 })).start();
    for reply in [ask(&host, "inside").await, ask_whole(&host, "inside").await] {
        assert_eq!(reply.json()["error"]["message"], "inside");
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_other_form_is_adapted_behind_the_last_stage() {
    let pieces = scene::pieces("it", 5);
    let events = scene::message_events(&pieces).concat();
    let stages = json!([link("A", json!({})), link("B", json!({ "shred": true }))]);
    let streaming = Upstream::always(Answer::stream().chunks_of(50, &events).end()).await;
    let host = host_of(&streaming, &[("folded", stages.clone())]).start();
    let reply = ask_whole(&host, "folded").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["content"][0]["text"], pieces.concat());
    let whole = Upstream::always(Answer::json(200, &scene::message_whole(&pieces))).await;
    let host = host_of(&whole, &[("expanded", stages)]).start();
    let report = grammar::check(&ask(&host, "expanded").await);
    assert_eq!(report.assert_clean().told, Told::Complete);
    assert_eq!(report.text(), pieces.concat());
}
