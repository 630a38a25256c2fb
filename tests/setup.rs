//! Commands that set transom up and show what it knows: `config`, `key`, `model`, `models`, `statusline`,
//! `completions`, `doctor`; and that a running service takes up what they write.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::{CEREBRAS, ZAI};

mod doctor;
mod proxy;
mod terminal;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn assert_code(output: &Output, code: i32) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    assert!(!err.contains("panicked"), "{err}");
}

/// Runs a command with this on its standard input.
fn fed(command: &mut std::process::Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("piped");
    // A command that does not read it may have ended.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn home(builder: &Builder) -> std::path::PathBuf {
    let folder = builder.transformers();
    folder.parent().expect("it lies in the home").to_owned()
}

#[test]
fn a_first_configuration_is_written_with_its_keys_beside_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let builder = Builder::new();
    let init = ["config", "init", "--provider", "cerebras"];
    let output = fed(&mut builder.unconfigured(&init), "csk-from-stdin-0123\n");
    assert_code(&output, 0);
    let out = text(&output.stdout);
    assert!(out.contains("transom check\n  transom code"), "{out}");
    assert!(!out.contains("csk-from-stdin"), "{out}");
    let folder = home(&builder).join("config/transom");
    let env = std::fs::read_to_string(folder.join("env")).expect("an env file");
    assert!(
        env.contains("CEREBRAS_API_KEY=csk-from-stdin-0123\n"),
        "{env}"
    );
    assert!(env.contains("TRANSOM_API_KEY="), "{env}");
    let mode = std::fs::metadata(folder.join("env"))
        .expect("a file")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let check = builder
        .unconfigured(&["check", "--json"])
        .output()
        .expect("it runs");
    assert_code(&check, 0);
    let report: Value = serde_json::from_slice(&check.stdout).expect("JSON");
    assert_eq!(report["context_window"], 131_072);
    assert_eq!(report["asks_key"], true);
    assert_eq!(report["warnings"], json!([]));

    let again = fed(&mut builder.unconfigured(&init), "other\n");
    assert_code(&again, 2);
    assert!(text(&again.stderr).contains("--force"));
    let forced = [
        "config",
        "init",
        "--provider",
        "zai",
        "--key-env",
        "MY_KEY",
        "--force",
    ];
    let output = fed(
        builder.unconfigured(&forced).env("MY_KEY", "k-0123456789"),
        "",
    );
    assert_code(&output, 0);
    let env = std::fs::read_to_string(folder.join("env")).expect("an env file");
    assert!(
        env.contains("MY_KEY=k-0123456789\n") && env.contains("csk-from-stdin"),
        "{env}"
    );
}

#[test]
fn a_first_configuration_that_would_not_hold_is_not_written_nor_put_in_the_place_of_another() {
    let builder = Builder::new();
    let folder = home(&builder).join("config/transom");
    let usual = vec!["config", "init", "--provider", "openai"];
    let wrong = [
        (vec!["--base-url", "ftp://x"], "base_url"),
        (vec!["--key-env", "bad name"], "`${` begins a variable"),
    ];
    for (more, said) in &wrong {
        let arguments = [usual.clone(), more.clone()].concat();
        let output = fed(&mut builder.unconfigured(&arguments), "a-key-0123456789\n");
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(said), "{output:?}");
        assert!(!folder.join("config.json5").exists());
        assert!(!folder.join("env").exists());
    }
    let output = fed(&mut builder.unconfigured(&usual), "a-key-0123456789\n");
    assert_code(&output, 0);
    let read = || std::fs::read_to_string(folder.join("config.json5")).expect("it is there");
    let before = read();
    for (more, _) in wrong {
        let arguments = [usual.clone(), more, vec!["--force"]].concat();
        let output = fed(&mut builder.unconfigured(&arguments), "");
        assert_code(&output, 2);
        assert_eq!(read(), before);
    }
}

#[test]
fn a_key_that_nothing_would_read_is_not_set() {
    let mut builder = Builder::new();
    for (name, key) in [
        ("both", json!(["${K1}", "${K2}"])),
        ("literal", json!("sk-literal-0123456789")),
    ] {
        let mut provider = host::provider(name, "http://127.0.0.1:9", "anthropic", "m");
        provider["api_key"] = key;
        builder = builder.provider(provider);
    }
    for (name, said) in [
        ("both", "name the variable of one: K1, K2"),
        ("literal", "write api_key: \"${LITERAL_API_KEY}\" there"),
    ] {
        let output = fed(
            &mut builder.command(&["key", "set", name]),
            "new-key-0123\n",
        );
        assert_code(&output, 2);
        let told = text(&output.stderr);
        assert!(told.contains(said), "{told}");
    }
    let folder = home(&builder).join("config/transom");
    assert!(!folder.join("env").exists());
}

#[test]
fn init_without_a_terminal_needs_a_provider_that_is_known() {
    let builder = Builder::new();
    let output = fed(&mut builder.unconfigured(&["config", "init"]), "");
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("--provider"));
    let slip = ["config", "init", "--provider", "cerebrs"];
    let output = fed(&mut builder.unconfigured(&slip), "");
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("did you mean `cerebras`?"));
    let late = ["config", "init", "--provider", "groq"];
    let output = fed(&mut builder.unconfigured(&late), "");
    assert_code(&output, 0);
    assert!(text(&output.stdout).contains("transom key set GROQ_API_KEY"));
}

#[test]
fn init_asks_openai_by_its_responses_api_and_its_likes_by_chat_completions() {
    for (elsewhere, transformer) in [
        (None, "responses"),
        (Some("http://127.0.0.1:9/v1"), "openai"),
    ] {
        let builder = Builder::new();
        let mut init = vec!["config", "init", "--provider", "openai"];
        init.extend(
            elsewhere
                .map(|url| ["--base-url", url])
                .into_iter()
                .flatten(),
        );
        let output = fed(&mut builder.unconfigured(&init), "sk-0123456789\n");
        assert_code(&output, 0);
        let check = builder.unconfigured(&["check", "--json"]).output();
        assert_code(&check.expect("it runs"), 0);
        let written = home(&builder).join("config/transom/config.json5");
        let written = std::fs::read_to_string(written).expect("a configuration");
        let line = format!("transformer: \"{transformer}\"");
        assert!(written.contains(&line), "{written}");
    }
}

#[test]
fn the_schema_that_is_printed_is_the_one_for_editors() {
    let output = Builder::new().output(&["config", "schema"]);
    assert_code(&output, 0);
    assert_eq!(text(&output.stdout), include_str!("../config/schema.json"));
}

#[tokio::test]
async fn a_key_that_is_set_is_taken_up_by_the_running_service() {
    let upstream = Upstream::always(Answer::sse(CEREBRAS)).await;
    let mut provider = host::provider("late", &format!("{}/v1", upstream.url()), "cerebras", "m");
    provider["api_key"] = json!("${LATE_KEY}");
    let host = Builder::new().provider(provider).start();
    assert_eq!(host.status().await["providers"][0]["key"], "missing");
    let output = fed(
        &mut host.command(&["key", "set", "late"]),
        "late-key-0123456789\n",
    );
    assert_code(&output, 0);
    assert!(!text(&output.stdout).contains("late-key-0123456789"));
    let set = |status: &Value| status["providers"][0]["key"] == "set";
    host.wait_for_status("the key", set).await;
    let request = json!({ "model": "late,m", "max_tokens": 9, "stream": true,
        "messages": [{ "role": "user", "content": "hi" }] });
    let reply = client::messages(host.base(), &request).await;
    assert_eq!(reply.status, 200);
    let requests = upstream.requests();
    assert_eq!(
        requests[0].header("authorization"),
        Some("Bearer late-key-0123456789")
    );
    let output = host.command(&["key", "list"]).output().expect("it runs");
    assert_eq!(text(&output.stdout), "LATE_KEY\n");
}

#[tokio::test]
async fn an_env_file_beside_the_configuration_counts_too() {
    let upstream = Upstream::always(Answer::sse(CEREBRAS)).await;
    let mut provider = host::provider("a", &format!("{}/v1", upstream.url()), "cerebras", "m");
    provider["api_key"] = json!("${BESIDE}");
    let host = Builder::new().provider(provider).start();
    let file = host.home().join("config/transom/.env");
    std::fs::write(&file, "export BESIDE='beside-0123456789'\n").expect("write it");
    let set = |status: &Value| status["providers"][0]["key"] == "set";
    host.wait_for_status("the key", set).await;
}

#[test]
fn a_route_is_set_in_the_file_and_all_else_in_it_stays() {
    let builder = Builder::new();
    let folder = home(&builder).join("config/transom");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("config.json5");
    let before = "// mine\n{\n  providers: [{ name: 'a', base_url: 'https://x.test/v1', transformer: 'openai', models: ['m', 'n'] }],\n  router: {\n    default: 'a,m', // the usual\n  },\n}\n";
    std::fs::write(&file, before).expect("write it");
    let set = |arguments: &[&str]| {
        let all = [&["model", "set"], arguments].concat();
        builder.unconfigured(&all).output().expect("it runs")
    };
    assert_code(&set(&["think", "A,n"]), 0);
    assert_code(&set(&["default", "a,n"]), 0);
    let after = std::fs::read_to_string(&file).expect("the file");
    assert!(
        after.contains("// mine") && after.contains("// the usual"),
        "{after}"
    );
    let list = builder
        .unconfigured(&["model", "list", "--json"])
        .output()
        .expect("it runs");
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    assert_eq!(list["routes"]["think"], "a,n");
    assert_eq!(list["routes"]["default"], "a,n");
    let wrong = set(&["thnik", "a,m"]);
    assert_code(&wrong, 2);
    assert!(text(&wrong.stderr).contains("did you mean `think`?"));
    assert_code(&set(&["think", "b,m"]), 2);
    assert_code(
        &builder.unconfigured(&["model"]).output().expect("it runs"),
        2,
    );
}

#[test]
fn a_route_of_claude_code_router_is_set_in_its_own_file() {
    let builder = Builder::new();
    let file = home(&builder).join("config.json");
    std::fs::write(&file, include_str!("ccr/two-providers.json")).expect("write it");
    let path = file.display().to_string();
    let arguments = [
        "model",
        "set",
        "long_context",
        "cerebras,gpt-oss-120b",
        "--config",
        &path,
    ];
    assert_code(
        &builder.unconfigured(&arguments).output().expect("it runs"),
        0,
    );
    let after = std::fs::read_to_string(&file).expect("the file");
    assert!(
        after.contains("\"longContext\": \"cerebras,gpt-oss-120b\""),
        "{after}"
    );
}

#[test]
fn models_are_shown_with_what_the_catalog_and_the_file_know() {
    let mut provider = host::provider(
        "cerebras",
        "https://api.cerebras.ai/v1",
        "cerebras",
        "zai-glm-4.7",
    );
    provider["models"] = json!(["zai-glm-4.7", { "id": "own", "context_window": 5, "price": { "input": 1, "output": 2 } }]);
    let builder = Builder::new().provider(provider);
    let output = builder.output(&["models", "--json"]);
    assert_code(&output, 0);
    let models: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let models = &models["models"];
    assert_eq!(models[0]["id"], "cerebras,zai-glm-4.7");
    assert_eq!(models[0]["context_window"], 131_072);
    assert_eq!(models[0]["retired"], "2026-08-17");
    assert_eq!(models[1]["price"]["output"], 2.0);
    let output = builder.output(&["models"]);
    assert!(text(&output.stdout).contains("retired 2026-08-17"));
    let activated = text(&builder.output(&["env"]).stdout);
    assert!(
        activated.contains("CLAUDE_CODE_MAX_CONTEXT_TOKENS=131072"),
        "{activated}"
    );
}

#[test]
fn the_status_line_is_one_line_and_bad_input_is_a_failure() {
    let builder = Builder::new();
    let said = json!({ "model": { "display_name": "Opus" }, "cwd": "/tmp/somewhere" });
    let mut command = builder.unconfigured(&["statusline"]);
    let output = fed(command.env("NO_COLOR", "1"), &said.to_string());
    assert_code(&output, 0);
    assert_eq!(text(&output.stdout), "somewhere Opus\n");
    let output = fed(
        &mut builder.unconfigured(&["statusline"]),
        &said.to_string(),
    );
    let coloured = "\u{1b}[94msomewhere\u{1b}[0m \u{1b}[96mOpus\u{1b}[0m\n";
    assert_eq!(text(&output.stdout), coloured);
    let output = fed(&mut builder.unconfigured(&["statusline"]), "nonsense");
    assert_code(&output, 1);
}

#[test]
fn completions_know_the_commands_of_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Builder::new().output(&["completions", shell]);
        assert_code(&output, 0);
        assert!(text(&output.stdout).contains("doctor"), "{shell}");
    }
}

#[tokio::test]
async fn guests_learn_the_catalogs_limits() {
    let upstream = Upstream::always(Answer::sse(ZAI)).await;
    let url = format!("{}/z", upstream.url());
    let host = Builder::new()
        .provider(host::provider("zai", &url, "zai", "glm-4.5-air"))
        .start();
    let request = json!({ "model": "zai,glm-4.5-air", "max_tokens": 90_000, "stream": true,
        "messages": [{ "role": "user", "content": "hi" }] });
    assert_eq!(client::messages(host.base(), &request).await.status, 200);
    assert_eq!(upstream.requests()[0].json()["max_tokens"], 32_000);
}
