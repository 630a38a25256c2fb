//! Exchanges of the real Claude Code become fixtures that pass and that tell nobody.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::claude::Claude;
use super::route::Route;
use crate::harness::host::{Builder, Host};
use crate::strict::{Strict, Turn};

/// A road whose service records, and its configuration.
async fn recording(route: Route, turns: Vec<Turn>) -> (Strict, Host, Value) {
    let script = move |seen: &crate::strict::Seen| {
        let missing = || Turn::text("the script has no turn");
        turns.get(seen.answers).cloned().unwrap_or_else(missing)
    };
    let strict = route.strict(script).await;
    let mut config = Value::Null;
    let builder = route.host_builder(&strict, |_| ());
    let builder = builder.set("recorder", json!({ "on": true }));
    let host = builder.edit(|of_host| config = of_host.clone()).start();
    config["listen"] = host.base().trim_start_matches("http://").into();
    (strict, host, config)
}

/// What a fixture must not hold: what the client sent of it is taken from the upstream's books and
/// from the service, not from what is looked for.
async fn secrets(claude: &Claude, host: &Host, key: &str) -> Vec<(&'static str, String)> {
    let token = host.owner_token();
    let owner = [("x-transom-owner", token.as_str())];
    let get = async |path: &str| {
        crate::harness::client::send(host.base(), "GET", path, &owner, b"").await
    };
    let list = get("/api/recordings").await.json();
    let id = list["recordings"][0]["id"]
        .as_str()
        .expect("an exchange")
        .to_owned();
    let one = get(&format!("/api/recordings/{id}")).await;
    let request = one.json()["request"].as_str().expect("a body").to_owned();
    let request: Value = serde_json::from_str(&request).expect("JSON");
    let user_id = request["metadata"]["user_id"].as_str().expect("a user id");
    let ids: Value = serde_json::from_str(user_id).expect("JSON in a string");
    let home = claude.home().to_string_lossy().into_owned();
    let name = claude.home().file_name().expect("a name");
    let id = |name: &str| ids[name].as_str().expect("an id").to_owned();
    vec![
        ("the home folder", home.clone()),
        (
            "the home folder, as a folder's name",
            home.replace(['/', '.'], "-"),
        ),
        ("the user's name", name.to_string_lossy().into_owned()),
        ("the device's id", id("device_id")),
        ("the session's id", id("session_id")),
        ("the upstream's key", key.to_owned()),
        ("the client's key", "any-key-of-the-client".to_owned()),
    ]
}

/// Every file below a folder, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let text = std::fs::read_to_string(&path).expect("text");
            all.push((path.display().to_string(), text));
        }
    }
    all
}

async fn become_fixtures(route: Route) {
    let look = json!({ "command": "pwd; echo ~; ls -d ~/.claude", "description": "look around" });
    let turns = vec![
        Turn::call("Bash", &look).saying("I look where I am."),
        Turn::text("I am where I am."),
    ];
    let (strict, host, config) = recording(route, turns).await;
    let claude = Claude::new(host.base(), "any-key-of-the-client", &route.model());
    let run = claude.ask("where are you?", &[]).await;
    assert_eq!(run.assert_ok().answer(), "I am where I am.");
    strict.assert_no_violation();
    let secrets = secrets(&claude, &host, "upstream-key-0123456789").await;

    let folder = TempDir::with_prefix("cases-").expect("a temporary folder");
    let cases = folder.path().join("cases");
    let name = route.provider();
    let cases_text = cases.to_string_lossy();
    let output = host.beside(
        &["guest", "record", name, &cases_text, "--last", "2"],
        &config,
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{output:?}");
    assert_eq!(said.matches(" passes; taken out: ").count(), 2, "{said}");
    let apart = Builder::new();
    let mut test = apart.unconfigured(&["guest", "test", name, &cases_text]);
    let output = test.output().expect("it runs");
    assert!(output.status.success(), "{output:?}");

    let files = files(&cases);
    assert_eq!(files.len(), 10, "{said}");
    let all: String = files.iter().map(|(_, text)| text.as_str()).collect();
    assert!(
        all.contains("/home/user"),
        "a placeholder stands for the home"
    );
    for (path, text) in &files {
        for (what, secret) in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "{path} holds {what}, {secret}\n{said}"
            );
        }
    }
}

#[tokio::test]
async fn exchanges_through_cerebras_become_fixtures_that_tell_nobody() {
    become_fixtures(Route::Cerebras).await;
}

#[tokio::test]
async fn exchanges_through_zai_become_fixtures_that_tell_nobody() {
    become_fixtures(Route::Zai).await;
}
