//! `transom serve` where nothing was set up.

use serde_json::json;

use crate::harness::client;
use crate::harness::grammar::{self, Told};
use crate::harness::host::Builder;
use crate::scene;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configuration_the_demo_answers_and_the_place_for_one_is_told() {
    let host = Builder::new().start_unconfigured();
    let status = host.status().await;
    assert!(status["config"]["path"].is_null(), "{status}");
    assert_eq!(status["providers"][0]["name"], "demo");
    assert_eq!(status["providers"].as_array().map(Vec::len), Some(1));
    let place = host.home().join("config/transom/config.json5");
    assert!(!place.exists(), "nothing is written unasked");
    let told = |_: &serde_json::Value| host.stdout().contains("no configuration");
    host.wait_for_status("the place is told", told).await;
    let out = host.stdout();
    for words in [
        "listening on http://127.0.0.1:",
        "provider registered demo",
        &place.display().to_string(),
    ] {
        assert!(out.contains(words), "{words} is missing:\n{out}");
    }
    // Whatever model is asked for: nobody knows the demo's name before reading this.
    for model in ["demo", "demo,anything", "claude-sonnet-4-5"] {
        let reply = client::messages(host.base(), &scene::ask(model, "hi")).await;
        let report = grammar::check(&reply);
        assert_eq!(report.assert_clean().told, Told::Complete, "{model}");
        assert!(report.text().contains("embedded in transom"), "{model}");
        assert_eq!(reply.header("x-transom-provider"), Some("demo"));
        let reply = client::messages(host.base(), &scene::ask_whole(model, "hi")).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.text());
        assert_eq!(reply.json()["stop_reason"], json!("end_turn"));
    }
}

#[test]
fn a_configuration_that_is_named_but_not_there_is_a_problem_and_no_demo() {
    let builder = Builder::new();
    let nowhere = builder.transformers().join("nowhere.json5");
    let nowhere = nowhere.display().to_string();
    let mut command = builder.unconfigured(&["serve", "--config", &nowhere]);
    let output = command.output().expect("it runs");
    super::assert_code(&output, 2);
    let said = super::stderr(&output);
    assert!(said.contains("nowhere.json5"), "{said}");
}
