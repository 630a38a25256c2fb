//! Claude Code on a configuration of claude-code-router as it lies there: two providers, a plugin in
//! JavaScript for one of them, four routes.

use serde_json::json;

use super::claude::Claude;
use crate::harness::host::{Builder, Host};
use crate::strict::cerebras::Cerebras;
use crate::strict::zai::{Mood, Zai};
use crate::strict::{Seen, Strict, Turn};

const SETUP: &str = include_str!("../ccr/two-providers.json");
const KEY: &str = "upstream-key-0123456789";

/// Both providers, strict, and transom started by a user whose home has nothing but that file.
struct Setup {
    cerebras: Strict,
    zai: Strict,
    host: Host,
}

fn script(seen: &Seen) -> Turn {
    let look = json!({ "command": "echo out-$((40 + 2))", "description": "a scripted command" });
    match seen.answers {
        0 => Turn::call("Bash", &look).saying("I will look."),
        _ => Turn::text(&format!("{} says {}.", seen.model, seen.results.concat())),
    }
}

async fn setup() -> Setup {
    let cerebras = Strict::start(Cerebras::new(KEY, &["zai-glm-4.7"]), script).await;
    let zai = Strict::start(Zai::new(KEY, Mood::Takes), script).await;
    let text = SETUP
        .replace("https://api.cerebras.ai", &cerebras.url())
        .replace("https://api.z.ai/api/anthropic", &zai.url());
    let builder = Builder::new()
        .env("CEREBRAS_API_KEY", KEY)
        .env("ZAI_API_KEY", KEY);
    let home = builder.transformers();
    let folder = home.parent().expect("a home").join(".claude-code-router");
    std::fs::create_dir(&folder).expect("a fresh folder");
    std::fs::write(folder.join("config.json"), text).expect("write the configuration");
    let host = builder.start_unconfigured();
    Setup {
        cerebras,
        zai,
        host,
    }
}

fn models(strict: &Strict) -> Vec<String> {
    strict.assert_no_violation();
    strict.seen().into_iter().map(|seen| seen.model).collect()
}

#[tokio::test]
async fn the_routes_and_the_plugins_provider_work_unchanged() {
    for model in [
        "claude-opus-4-8",
        "claude-haiku-4-5",
        "cerebras,zai-glm-4.7",
    ] {
        let setup = setup().await;
        let claude = Claude::new(setup.host.base(), "any-key", model);
        let run = claude.ask("look", &[]).await;
        let answer = run.assert_ok().answer();
        // To models that it knows the client adds what tokens are left.
        assert!(answer.starts_with("zai-glm-4.7 says out-42"), "{answer}");
        assert_eq!(models(&setup.cerebras), ["zai-glm-4.7", "zai-glm-4.7"]);
        assert!(models(&setup.zai).is_empty());
    }
}

#[tokio::test]
async fn the_provider_that_could_not_be_used_there_works_by_its_name() {
    let setup = setup().await;
    let claude = Claude::new(setup.host.base(), "any-key", "zai,glm-4.7");
    let run = claude.ask("look", &[]).await;
    assert_eq!(run.assert_ok().answer(), "glm-4.7 says out-42.");
    assert_eq!(models(&setup.zai), ["glm-4.7", "glm-4.7"]);
    assert!(models(&setup.cerebras).is_empty());
}
