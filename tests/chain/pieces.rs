//! What passes between two stages of a stream: whole frames, ends and wakes.

use super::*;

/// What a link says of each push in an answer: how often it was begun, and whether the frames were whole.
fn pushes<'a>(reply: &'a str, mark: &str) -> Vec<&'a str> {
    let start = format!(": {mark} begun=");
    let lines = reply.lines();
    lines.filter(|line| line.starts_with(&start)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_left_stage_is_given_whole_frames_however_the_right_one_cuts_them() {
    let events = scene::message_events(&scene::pieces("it \u{1f600}", 20)).concat();
    for size in [1, 7, 100, 10_000] {
        let upstream = Upstream::always(Answer::stream().chunks_of(size, &events).end()).await;
        let stages = json!([link("A", json!({})), link("B", json!({ "shred": true }))]);
        let host = host_of(&upstream, &[("shred", stages)]).start();
        let reply = ask(&host, "shred").await;
        assert_eq!(
            grammar::check(&reply).assert_clean().told,
            Told::Complete,
            "{size}"
        );
        let text = reply.text();
        for mark in ["A", "B"] {
            let pushes = pushes(&text, mark);
            assert!(!pushes.is_empty(), "{size} {mark}: {text}");
            for push in pushes {
                let fine = push.contains("begun=1 ") && push.ends_with("whole=true");
                assert!(fine, "{size}: {push}");
            }
        }
        // Less the notes, every byte of the upstream has come, in order.
        let notes = text
            .split_inclusive("\n\n")
            .filter(|frame| !frame.starts_with(": "));
        assert_eq!(notes.collect::<String>().as_bytes(), events, "{size}");
        assert!(text.ends_with(": A finished\n\n"), "{size}: {text}");
        assert!(text.contains(": B finished\n\n"), "{size}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_stages_are_events_whatever_the_upstream_frames_by() {
    let lines = b"{\"text\":\"one \"}\n{\"text\":\"two\"}\n{\"done\":true}\n";
    let upstream = Upstream::always(Answer::stream().chunks_of(9, lines).end()).await;
    let lines = json!({ "name": "faulty", "options": { "fault": "json-lines" } });
    let stages = json!([link("A", json!({})), lines]);
    let host = host_of(&upstream, &[("lines", stages)]).start();
    let reply = ask(&host, "lines").await;
    let report = grammar::check(&reply);
    assert_eq!(report.assert_clean().told, Told::Complete);
    assert_eq!(report.text(), "one two");
    let text = reply.text();
    assert!(
        pushes(&text, "A")
            .iter()
            .all(|push| push.ends_with("whole=true")),
        "{text}"
    );
    assert!(text.contains(": A finished"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_left_stage_is_finished_when_the_right_one_is_done() {
    let events = scene::message_events(&scene::pieces("it", 3)).concat();
    let upstream = Upstream::always(Answer::stream().chunk(&events).silence()).await;
    let stages = json!([link("A", json!({})), link("B", json!({ "done": true }))]);
    let host = host_of(&upstream, &[("done", stages)]).start();
    let reply = ask(&host, "done").await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    let text = reply.text();
    assert!(text.ends_with(": A finished\n\n"), "{text}");
    assert!(!text.contains(": B finished"), "done is done: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_done_ends_the_answer_though_the_right_one_would_go_on() {
    let events = scene::message_events(&scene::pieces("it", 3)).concat();
    let upstream = Upstream::always(Answer::stream().chunk(&events).silence()).await;
    let stages = json!([link("A", json!({ "done": true })), link("B", json!({}))]);
    let host = host_of(&upstream, &[("done", stages)]).start();
    let reply = ask(&host, "done").await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    assert_eq!(reply.end, End::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_that_asked_to_be_woken_is_woken() {
    let events = scene::message_events(&scene::pieces("it", 3));
    let begun = events[..3].concat();
    let upstream = Upstream::always(Answer::stream().chunk(&begun).silence()).await;
    let wake = |ms: u32| json!({ "wake_ms": ms });
    let chains = [
        (
            "left-first",
            json!([link("A", wake(10)), link("B", wake(200))]),
        ),
        (
            "right-first",
            json!([link("A", wake(200)), link("B", wake(10))]),
        ),
        (
            "right-only",
            json!([link("A", json!({})), link("B", wake(10))]),
        ),
    ];
    let host = host_of(&upstream, &chains).start();
    for (model, marks) in [
        ("left-first", vec!["A", "B"]),
        ("right-first", vec!["B", "A"]),
        ("right-only", vec!["B"]),
    ] {
        let mut exchange = client::open_messages(host.base(), &scene::ask(model, "hi")).await;
        for mark in marks {
            exchange
                .read_until(format!(": {mark} woke\n\n").as_bytes())
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_is_not_lost_by_a_read_that_holds_no_whole_frame() {
    let events = scene::message_events(&scene::pieces("it", 3));
    let begun = events[..3].concat();
    let half = &events[3][..20];
    let answer = Answer::stream()
        .chunk(&begun)
        .pause(std::time::Duration::from_millis(50));
    let upstream = Upstream::always(answer.chunk(half).silence()).await;
    let wake = |ms: u32| json!({ "wake_ms": ms });
    let chains = [
        ("one", json!([link("A", wake(300))])),
        ("left", json!([link("A", wake(300)), link("B", json!({}))])),
        ("right", json!([link("A", json!({})), link("B", wake(300))])),
        (
            "shred",
            json!([link("A", wake(300)), link("B", json!({ "shred": true }))]),
        ),
    ];
    let host = host_of(&upstream, &chains).start();
    for (model, _) in chains {
        let mark = if model == "right" { "B" } else { "A" };
        let mut exchange = client::open_messages(host.base(), &scene::ask(model, "hi")).await;
        exchange
            .read_until(format!(": {mark} woke\n\n").as_bytes())
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_is_no_clean_end_behind_two_stages_either() {
    let events = scene::message_events(&scene::pieces("it", 5));
    let cut = Answer::stream().chunk(&events[..4].concat());
    let cut = cut.pause(std::time::Duration::from_millis(50)).cut();
    let upstream = Upstream::always(cut).await;
    let clean = json!({ "name": "faulty", "options": { "fault": "clean-after-break" } });
    let chains = [
        ("links", json!([link("A", json!({})), link("B", json!({}))])),
        ("left-lies", json!([clean, link("B", json!({}))])),
        ("right-lies", json!([link("A", json!({})), clean])),
        ("both-lie", json!([clean, clean])),
    ];
    for (on_broken, told) in [("cut", Told::Cut), ("error", Told::Error)] {
        let host = host_of(&upstream, &chains)
            .set("on_broken", json!(on_broken))
            .start();
        for (model, _) in &chains {
            let report = grammar::check(&ask(&host, model).await);
            report.assert_clean();
            assert_eq!(report.told, told, "{model} {on_broken}");
        }
    }
}
