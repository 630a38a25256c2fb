//! The command line as a person and a script use it: what is printed where, and the exit code.

use std::io::Read as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::harness::host::{self, Builder};

mod activate;
mod code;
mod guest_accept;
mod guest_diff;
mod guest_test;
mod serve;

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Panics with everything printed unless the exit code is `code`.
#[track_caller]
fn assert_code(output: &Output, code: i32) {
    let (out, err) = (stdout(output), stderr(output));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    assert!(!err.contains("panicked"), "{err}");
}

fn configured() -> Builder {
    let mut cerebras = host::provider("cerebras", "http://127.0.0.1:9/v1", "cerebras", "m");
    cerebras["models"] = json!([{ "id": "m", "context_window": 131_072 }]);
    Builder::new()
        .provider(cerebras)
        .provider(host::provider("zai", "http://127.0.0.1:9/z", "zai", "glm"))
        .set("listen", json!("127.0.0.1:1"))
}

#[test]
fn every_command_explains_itself() {
    let builder = Builder::new();
    for command in [
        vec!["--help"],
        vec!["serve", "--help"],
        vec!["code", "--help"],
        vec!["activate", "--help"],
        vec!["check", "--help"],
        vec!["demo", "--help"],
        vec!["config", "--help"],
        vec!["config", "init", "--help"],
        vec!["config", "import", "--help"],
        vec!["key", "--help"],
        vec!["model", "--help"],
        vec!["models", "--help"],
        vec!["doctor", "--help"],
        vec!["statusline", "--help"],
        vec!["completions", "--help"],
        vec!["guest", "--help"],
        vec!["guest", "list", "--help"],
        vec!["guest", "inspect", "--help"],
        vec!["guest", "test", "--help"],
        vec!["guest", "diff", "--help"],
        vec!["--version"],
    ] {
        let output = builder.output(&command);
        assert_code(&output, 0);
        assert!(stdout(&output).len() > 10, "{command:?}");
    }
}

#[test]
fn wrong_usage_is_code_2() {
    let builder = configured();
    for command in [
        vec!["nonsense"],
        vec![],
        vec!["serve", "--nonsense"],
        vec!["serve", "--listen", "nowhere"],
        vec!["activate", "--shell", "tcsh"],
        vec!["guest"],
    ] {
        let output = builder.output(&command);
        assert_code(&output, 2);
        assert!(!stderr(&output).is_empty(), "{command:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let builder = configured();
    for command in [
        vec!["--help"],
        vec!["check"],
        vec!["activate"],
        vec!["guest", "list"],
        vec!["guest", "inspect", "cerebras", "--json"],
    ] {
        let mut child = builder
            .command(&command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        drop(child.stdout.take());
        let mut err = String::new();
        let stream = child.stderr.as_mut().expect("piped");
        stream.read_to_string(&mut err).expect("text");
        child.wait().expect("it ends");
        assert!(!err.contains("panicked"), "{command:?}: {err}");
    }
}

#[test]
fn check_names_every_provider_the_state_of_its_key_and_what_claude_code_is_told() {
    let builder = configured()
        .edit(|config| config["providers"][1]["api_key"] = json!("${NOT_SET_ANYWHERE}"));
    let output = builder.output(&["check"]);
    assert_code(&output, 0);
    let text = stdout(&output);
    for words in [
        "cerebras",
        "key set",
        "zai",
        "NOT_SET_ANYWHERE",
        "131072",
        "config.json5",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let output = builder.output(&["check", "--json"]);
    assert_code(&output, 0);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["ok"], true);
    assert_eq!(report["providers"][0]["key"], "set");
    assert_eq!(report["providers"][1]["key"], "missing");
    assert_eq!(report["context_window"], 131_072);
}

#[test]
fn check_names_every_problem_with_its_line_and_a_remedy() {
    let builder = configured().edit(|config| {
        config["providers"][0]["base_uri"] = json!("x");
        config["providers"][1]["base_url"] = json!("ftp://x");
        config["router"]["default"] = json!("nobody,m");
        config["timeouts"] = json!({ "ping_ms": "soon" });
    });
    let output = builder.output(&["check"]);
    assert_code(&output, 2);
    let text = stdout(&output);
    for words in [
        "base_uri", "base_url", "https://", "nobody", "ping_ms", "cerebras", "zai",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let output = builder.output(&["check", "--json"]);
    assert_code(&output, 2);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let problems = report["problems"].as_array().cloned().unwrap_or_default();
    assert!(problems.len() >= 4, "{report:#}");
    for problem in problems {
        assert!(
            problem["line"].as_u64().is_some_and(|line| line > 0),
            "{problem}"
        );
        assert!(problem["remedy"].is_string(), "{problem}");
    }
}

#[test]
fn check_names_a_transformer_that_does_not_exist_and_one_that_shadows_a_built_in() {
    let builder =
        configured().edit(|config| config["providers"][1]["transformer"] = json!("nowhere"));
    let output = builder.output(&["check"]);
    assert_code(&output, 2);
    assert!(stdout(&output).contains("nowhere"), "{}", stdout(&output));
    let folder = builder.transformers();
    std::fs::write(folder.join("cerebras.wasm"), b"not wasm").expect("write a file");
    let output = builder.output(&["check", "--transformers", &folder.to_string_lossy()]);
    assert_code(&output, 2);
    assert!(
        stdout(&output).contains("cerebras: problem"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn serve_refuses_a_configuration_with_problems_by_code_2() {
    let builder = configured().edit(|config| config["nonsense"] = json!(1));
    let output = builder.output(&["serve"]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("nonsense"), "{}", stderr(&output));
    let output = configured().output(&["serve", "--listen", "0.0.0.0:0"]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("api_key"), "{}", stderr(&output));
}

#[test]
fn guests_are_listed_and_inspected_as_text_and_as_json() {
    let builder = configured();
    let output = builder.output(&["guest", "list"]);
    assert_code(&output, 0);
    for name in ["cerebras", "openai", "zai"] {
        assert!(stdout(&output).contains(name), "{}", stdout(&output));
    }
    let output = builder.output(&["guest", "list", "--json"]);
    assert_code(&output, 0);
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(list.as_array().is_some_and(|all| all.len() >= 3), "{list}");
    for arguments in [
        vec!["guest", "inspect", "zai"],
        vec!["guest", "inspect", "zai", "--json"],
    ] {
        let output = builder.output(&arguments);
        assert_code(&output, 0);
        assert!(
            stdout(&output).contains("transom:transformer"),
            "{}",
            stdout(&output)
        );
    }
    let output = builder.output(&["guest", "inspect", "nobody"]);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("cerebras"), "{}", stderr(&output));
}

#[test]
fn activate_speaks_three_shells() {
    let builder = configured();
    for (shell, line) in [
        ("bash", "export ANTHROPIC_BASE_URL=http://127.0.0.1:1;"),
        ("zsh", "export CLAUDE_CODE_MAX_CONTEXT_TOKENS=131072;"),
        ("fish", "set -gx ANTHROPIC_BASE_URL http://127.0.0.1:1;"),
    ] {
        let output = builder.output(&["activate", "--shell", shell]);
        assert_code(&output, 0);
        assert!(
            stdout(&output).contains(line),
            "{shell}: {}",
            stdout(&output)
        );
    }
}
