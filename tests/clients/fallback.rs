//! A task of Claude Code whose provider fails: it is finished by the next target, and the client notices nothing.

use serde_json::json;

use super::claude::Claude;
use super::route::Route;
use crate::harness::host;
use crate::harness::upstream::{Answer, Upstream};
use crate::strict::Turn;

/// Whatever can happen before the first byte, in turn.
fn failures() -> Vec<Answer> {
    let words = |status: u16| {
        let error = json!({ "type": "error", "error": { "type": "api_error", "message": "down" } });
        Answer::json(status, &error)
    };
    vec![
        words(529),
        Answer::hang_up(),
        words(500),
        Answer::stream().cut(),
        words(401),
        Answer::no_answer(),
    ]
}

#[tokio::test]
async fn a_task_of_tool_turns_is_finished_over_a_fallback_without_a_retry_of_the_client() {
    let steps = 4;
    let script = move |seen: &crate::strict::Seen| {
        if seen.answers < steps {
            let input = json!({ "command": "echo step", "description": "a scripted command" });
            Turn::call("Bash", &input)
        } else {
            Turn::text("All steps are done.")
        }
    };
    let strict = Route::Cerebras.strict(script).await;
    let failures = failures();
    let failing = move |request: &crate::harness::upstream::Request| {
        failures[request.number % failures.len()].clone()
    };
    let down = Upstream::start(failing).await;
    let target = format!("cerebras,{}", Route::Cerebras.upstream_model());
    let host = Route::Cerebras
        .host_builder(&strict, |_| ())
        .provider(host::provider("down", &down.url(), "anthropic", "model-1"))
        .edit(|config| {
            config["router"]["fallback"] = json!({ "default": [target] });
            config["timeouts"] = json!({ "before_fallback_ms": 500 });
            config["retries"] = json!({ "attempts": 1 });
        })
        .start();
    let claude = Claude::new(host.base(), "any-key-of-the-client", "down,model-1");
    let run = claude.ask("work", &[]).await;
    assert_eq!(run.assert_ok().answer(), "All steps are done.");
    strict.assert_no_violation();
    assert_eq!(strict.seen().len(), steps + 1, "one request for each turn");
    assert!(down.requests().len() > steps, "each was asked of it first");
}
