//! Claude Code as people use it: in a terminal, changing the model while it runs.

use serde_json::json;

use super::claude::Claude;
use super::installed;
use super::route::{Road, Route};
use super::terminal::Terminal;
use crate::strict::{Seen, Turn};

#[tokio::test]
async fn directly_the_model_is_changed_and_shown() {
    model_and_status(Route::Direct, "direct,model-2").await;
}

#[tokio::test]
async fn through_passthrough_the_model_is_changed_and_shown() {
    model_and_status(Route::Passthrough, "anthropic,model-2").await;
}

#[tokio::test]
async fn through_cerebras_the_model_is_changed_and_shown() {
    model_and_status(Route::Cerebras, "cerebras,qwen-3.8-27b").await;
}

#[tokio::test]
async fn through_zai_the_model_is_changed_and_shown() {
    model_and_status(Route::Zai, "zai,glm-4.5-air").await;
}

/// What spares an interactive start its questions: onboarding, the key, the folder.
fn answer_first_questions(claude: &Claude, key: &str) {
    let tail = key.len().saturating_sub(20);
    let work = claude.work().to_string_lossy().into_owned();
    let settings = json!({
        "hasCompletedOnboarding": true,
        "theme": "dark",
        "customApiKeyResponses": { "approved": [&key[tail..]], "rejected": [] },
        "projects": { work: { "hasTrustDialogAccepted": true } },
    });
    let file = claude.home().join(".claude.json");
    std::fs::write(file, settings.to_string()).expect("write the settings");
}

fn script(seen: &Seen) -> Turn {
    Turn::text(&format!(
        "Answer {} comes from {}.",
        seen.answers, seen.model
    ))
}

async fn model_and_status(route: Route, other: &str) {
    let road: Road = route.script(script).await;
    let claude = road.claude();
    answer_first_questions(&claude, road.key());
    let first = route.model();
    let _place = installed::turn_to_run().await;
    let mut terminal = Terminal::start(
        &installed::claude(),
        &["--model", &first],
        &claude.work(),
        &claude.environment(),
    );
    terminal.wait_for("shift+tab to cycle").await;
    terminal.enter("hello there").await;
    terminal
        .wait_for(&format!("Answer 0 comes from {}.", route.upstream_model()))
        .await;
    terminal.enter(&format!("/model {other}")).await;
    // It asks because the conversation has begun: the new model reads all of it again.
    terminal.wait_for("Yes, switch to").await;
    terminal.press("\r");
    terminal.wait_for("Set model to").await;
    terminal.enter("and hello again").await;
    let second = match route {
        Route::Direct => other,
        _ => other.split_once(',').expect("provider,model").1,
    };
    terminal
        .wait_for(&format!("Answer 1 comes from {second}."))
        .await;
    terminal.enter("/status").await;
    terminal.wait_for("Anthropic base URL").await;
    let screen = terminal.screen();
    assert!(screen.contains(&road.base_url()), "{screen}");
    assert!(screen.contains(other), "{screen}");
    road.strict.assert_no_violation();
    // `/model` asks the new one for a token, without a stream, before it is taken.
    let seen = road.strict.seen();
    let asked: Vec<(&str, bool)> = seen
        .iter()
        .map(|one| (one.model.as_str(), one.streaming))
        .collect();
    assert_eq!(
        asked,
        [
            (route.upstream_model(), true),
            (second, false),
            (second, true)
        ]
    );
}

/// With what else an interactive client asks of its own accord; nothing of it leaves for the network.
fn talkative(claude: Claude) -> Claude {
    claude
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "")
        .env("DISABLE_TELEMETRY", "1")
        .env("DISABLE_ERROR_REPORTING", "1")
}

fn started(claude: &Claude, arguments: &[&str]) -> Terminal {
    Terminal::start(
        &installed::claude(),
        arguments,
        &claude.work(),
        &claude.environment(),
    )
}

#[tokio::test]
async fn the_request_for_a_title_goes_to_the_background() {
    let script = |seen: &Seen| {
        if seen.body.to_string().contains("response_format") {
            Turn::text(r#"{"title":"A scripted title"}"#)
        } else {
            script(seen)
        }
    };
    let strict = Route::Cerebras.strict(script).await;
    let small = "qwen-3.8-27b";
    let host = Route::Cerebras
        .host_builder(&strict, |_| ())
        .edit(|config| {
            config["router"]["background"] = json!(format!("cerebras,{small}"));
        })
        .start();
    let key = "any-key-of-the-client";
    let claude = talkative(Claude::new(host.base(), key, "claude-opus-4-8"));
    answer_first_questions(&claude, key);
    let _place = installed::turn_to_run().await;
    let mut terminal = started(&claude, &["--model", "claude-opus-4-8"]);
    terminal.wait_for("shift+tab to cycle").await;
    terminal.enter("hello there").await;
    let model = Route::Cerebras.upstream_model();
    terminal
        .wait_for(&format!("Answer 0 comes from {model}."))
        .await;
    let asked_for = |seen: &Seen| seen.body.to_string().contains("response_format");
    for _ in 0..3000 {
        if strict.seen().iter().any(asked_for) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let seen = strict.seen();
    let titles: Vec<&str> = seen
        .iter()
        .filter(|seen| asked_for(seen))
        .map(|seen| seen.model.as_str())
        .collect();
    assert!(!titles.is_empty(), "no title was asked for");
    assert!(titles.iter().all(|model| *model == small), "{titles:?}");
    strict.assert_no_violation();
}

#[tokio::test]
async fn the_picker_lists_the_aliases_that_it_discovers() {
    let strict = Route::Cerebras.strict(script).await;
    let host = Route::Cerebras
        .host_builder(&strict, |_| ())
        .set("aliases", json!({ "claude-oss": "cerebras,gpt-oss-120b" }))
        .start();
    let key = "any-key-of-the-client";
    let claude = talkative(Claude::new(host.base(), key, "claude-opus-4-8"))
        .env("CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY", "1");
    answer_first_questions(&claude, key);
    let _place = installed::turn_to_run().await;
    let mut terminal = started(&claude, &[]);
    terminal.wait_for("shift+tab to cycle").await;
    terminal.enter("/model").await;
    terminal.wait_for("gpt-oss-120b (cerebras)").await;
}
