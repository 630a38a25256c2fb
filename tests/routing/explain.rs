//! `transom route --explain`: each rule in order, why, and the outcome.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::{builder, upstream};
use crate::harness::host::Builder;
use crate::harness::upstream::Upstream;

fn explain(builder: &Builder, body: &str, further: &[&str]) -> Output {
    let arguments = [&["route", "--explain", "-"], further].concat();
    let mut command = builder.command(&arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // One that refuses its arguments may have ended before it read this.
    let _ = input.write_all(body.as_bytes());
    drop(input);
    child.wait_with_output().unwrap()
}

async fn configured() -> (Upstream, Builder) {
    let upstream = upstream().await;
    let builder = builder(&upstream).edit(|config| {
        config["router"]["rules"] = json!([
            { "name": "nightly", "when": { "header": { "x-job": "night*" } }, "route": "main,other-m" },
        ]);
        config["router"]["fallback"] = json!({ "think": ["main,other-m", "main,default-m"] });
        config["aliases"] = json!({ "fast": "main,other-m" });
    });
    (upstream, builder)
}

const THINKS: &str =
    r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_is_listed_in_order_with_why_and_the_outcome_with_what_follows() {
    let (_upstream, builder) = configured().await;
    let output = explain(&builder, THINKS, &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = told["steps"].as_array().unwrap();
    let rules: Vec<&str> = steps
        .iter()
        .map(|step| step["rule"].as_str().unwrap())
        .collect();
    let expected = [
        "explicit",
        "nightly",
        "alias",
        "listed",
        "long_context",
        "subagent",
        "background",
        "web_search",
        "image",
        "think",
        "default",
    ];
    assert_eq!(rules, expected);
    let decided: Vec<_> = steps
        .iter()
        .filter(|step| step["decided"] == true)
        .collect();
    assert_eq!(decided.len(), 1);
    assert_eq!(
        (&decided[0]["rule"], &decided[0]["matched"]),
        (&json!("think"), &json!(true))
    );
    assert!(
        steps
            .iter()
            .all(|step| step["why"].as_str().is_some_and(|why| !why.is_empty()))
    );
    assert_eq!(told["model"], "think-m");
    assert_eq!(told["fallback"], json!(["main,other-m", "main,default-m"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_names_each_target_once_and_not_the_one_that_failed() {
    let upstream = upstream().await;
    let builder = builder(&upstream).edit(|config| {
        config["router"]["fallback"] =
            json!({ "think": ["main,other-m", "main,think-m", "main,other-m"] });
    });
    let output = explain(&builder, THINKS, &["--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["model"], "think-m");
    assert_eq!(told["fallback"], json!(["main,other-m"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_is_taken_into_account_and_the_text_names_the_rule() {
    let (_upstream, builder) = configured().await;
    let output = explain(&builder, THINKS, &["--header", "x-job: nightly build"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("goes to main,other-m by nightly"), "{text}");
    assert!(text.contains("thinking is enabled"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_routed_is_said_with_the_fitting_exit_code() {
    let (_upstream, builder) = configured().await;
    let refused = explain(&builder, r#"{"model":"nobody,m","messages":[]}"#, &[]);
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stdout).unwrap();
    assert!(
        text.contains("no provider `nobody` is configured"),
        "{text}"
    );
    let code = |body: &str, further: &[&str]| explain(&builder, body, further).status.code();
    assert_eq!(code("{", &[]), Some(1));
    assert_eq!(code(THINKS, &["--header", "nothing"]), Some(2));
}
