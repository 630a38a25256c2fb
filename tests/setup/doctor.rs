//! `transom doctor` against scripted upstreams.

use serde_json::{Value, json};

use super::{assert_code, text};
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::{CEREBRAS, ZAI};

fn finding<'r>(report: &'r Value, what: &str) -> &'r Value {
    let findings = report["findings"].as_array().expect("a list");
    let found = findings.iter().find(|finding| finding["what"] == what);
    found.unwrap_or_else(|| panic!("nothing about {what}: {report:#}"))
}

async fn run(builder: Builder, arguments: &'static [&'static str]) -> std::process::Output {
    let all = [&["doctor"], arguments].concat();
    tokio::task::spawn_blocking(move || builder.output(&all))
        .await
        .expect("it ends")
}

#[tokio::test]
async fn every_provider_is_asked_and_each_failure_has_its_remedy() {
    let good = Upstream::always(Answer::sse(CEREBRAS)).await;
    let zai_good = Upstream::always(Answer::sse(ZAI)).await;
    let broke = json!({ "error": { "code": "1113", "message": "Insufficient balance or no resource package. Please recharge." } });
    let broke = Upstream::always(Answer::json(429, &broke)).await;
    let unauthorized = json!({ "message": "Wrong API Key", "type": "invalid_request_error", "code": "wrong_api_key" });
    let unauthorized = Upstream::always(Answer::json(401, &unauthorized)).await;
    let mut keyless = host::provider("keyless", "http://127.0.0.1:9/v1", "openai", "m");
    keyless["api_key"] = json!("${KEYLESS_KEY}");
    let builder = Builder::new()
        .provider(host::provider(
            "cerebras",
            &format!("{}/v1", good.url()),
            "cerebras",
            "gpt-oss-120b",
        ))
        .provider(host::provider("mine", &zai_good.url(), "anthropic", "m"))
        .provider(host::provider("zai", &broke.url(), "zai", "glm-4.7"))
        .provider(host::provider(
            "wrong",
            &format!("{}/v1", unauthorized.url()),
            "cerebras",
            "m",
        ))
        .provider(host::provider(
            "gone",
            &format!("{}/v1", Upstream::refused().await),
            "openai",
            "m",
        ))
        .provider(keyless)
        .set("listen", json!("127.0.0.1:1"));
    let output = run(builder, &["--json"]).await;
    assert_code(&output, 1);
    let out = text(&output.stdout);
    assert!(
        !out.contains("0123456789"),
        "no key is in the report: {out}"
    );
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["ok"], false);
    let cerebras = finding(&report, "provider cerebras");
    assert_eq!(cerebras["state"], "ok", "{cerebras}");
    assert!(cerebras["first_token_ms"].is_u64(), "{cerebras}");
    assert_eq!(finding(&report, "provider mine")["state"], "ok");
    for (what, remedy) in [
        ("provider zai", "Coding Plan"),
        ("provider wrong", "transom key set wrong"),
        ("provider gone", "reachable"),
        ("provider keyless", "transom key set KEYLESS_KEY"),
    ] {
        let finding = finding(&report, what);
        assert_eq!(finding["state"], "fail", "{finding}");
        let said = finding["remedy"].as_str().unwrap_or_default();
        assert!(said.contains(remedy), "{finding}");
    }
    assert_eq!(finding(&report, "window")["state"], "ok");
    assert_eq!(good.requests().len(), 1, "one small request");
    assert_eq!(good.requests()[0].json()["max_completion_tokens"], 64);
}

#[tokio::test]
async fn offline_nobody_is_asked_and_the_port_and_retired_models_are_told() {
    let upstream = Upstream::always(Answer::sse(CEREBRAS)).await;
    let url = format!("{}/v1", upstream.url());
    let other = Upstream::always(Answer::json(200, &json!({}))).await;
    let address = other.url().replace("http://", "");
    let builder = Builder::new()
        .provider(host::provider("cerebras", &url, "cerebras", "zai-glm-4.7"))
        .set("listen", json!(address));
    let output = run(builder, &["--offline"]).await;
    assert_code(&output, 1);
    let out = text(&output.stdout);
    assert!(out.contains("retired the model `zai-glm-4.7`"), "{out}");
    assert!(out.contains("which is no transom"), "{out}");
    assert!(out.contains("      -> "), "{out}");
    assert_eq!(upstream.requests().len(), 0);
}

#[tokio::test]
async fn a_provider_beyond_this_machine_is_asked_over_https() {
    // Of this machine all the same, but in a form that is none of loopback: refused at once.
    let url = "https://[::ffff:127.0.0.1]:9/v1";
    let builder = Builder::new().provider(host::provider("far", url, "cerebras", "m"));
    let output = run(builder, &["--json"]).await;
    assert_code(&output, 1);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let said = report.to_string();
    assert!(said.contains("cannot be reached"), "{said}");
}

#[tokio::test]
async fn a_configuration_with_problems_is_told_with_exit_code_2() {
    let builder = Builder::new()
        .provider(host::provider("a", "nonsense", "openai", "m"))
        .set("lisen", json!("x"));
    let output = run(builder, &["--offline"]).await;
    assert_code(&output, 2);
    let out = text(&output.stdout);
    assert!(out.contains("did you mean `listen`?"), "{out}");
    assert!(out.contains("this is not a URL"), "{out}");
}

#[tokio::test]
async fn a_provider_that_fails_is_not_well_because_another_one_would_answer_for_it() {
    let good = Upstream::always(Answer::sse(CEREBRAS)).await;
    let limited = json!({ "message": "slow down", "type": "too_many_requests_error" });
    let limited = Upstream::always(Answer::json(429, &limited)).await;
    let at = |upstream: &Upstream| format!("{}/v1", upstream.url());
    let builder = Builder::new()
        .provider(host::provider("good", &at(&good), "cerebras", "m"))
        .provider(host::provider("bad", &at(&limited), "cerebras", "m"))
        .edit(|config| {
            config["router"] = json!({
                "default": "good,m", "think": "bad,m",
                "fallback": { "default": ["good,m"], "think": ["good,m"] },
                "rules": [{ "name": "all", "when": {}, "route": "good,m" }],
            });
        })
        .set("listen", json!("127.0.0.1:1"));
    let output = run(builder, &["--json"]).await;
    assert_code(&output, 1);
    let report: Value = serde_json::from_str(&text(&output.stdout)).expect("JSON");
    let bad = finding(&report, "provider bad");
    assert_eq!(bad["state"], "fail", "{bad}");
    let said = bad["said"].as_str().unwrap_or_default();
    assert_eq!(said, "m: 429 slow down");
    assert_eq!(finding(&report, "provider good")["state"], "ok");
    let asked = (good.requests().len(), limited.requests().len());
    assert_eq!(asked, (1, 1), "each was asked once");
}
