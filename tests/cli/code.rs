//! `transom code`: a script in the place of `claude` says what it was called with.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use super::{assert_code, configured, stderr, stdout};
use crate::harness::host::Builder;

/// Tells its arguments and environment; ends with code 7.
const SCRIPT: &str = r#"#!/bin/sh
for argument in "$@"; do printf 'argument <%s>\n' "$argument"; done
for name in ANTHROPIC_BASE_URL ANTHROPIC_AUTH_TOKEN ANTHROPIC_API_KEY API_TIMEOUT_MS NO_PROXY CLAUDE_CODE_MAX_CONTEXT_TOKENS; do
    eval "printf '%s=%s\n' $name \"\${$name-unset}\""
done
exit 7
"#;

/// The command with the script as the only `claude`.
fn code(builder: &Builder, arguments: &[&str]) -> Command {
    let folder = builder.transformers().with_file_name("bin");
    std::fs::create_dir_all(&folder).expect("a folder");
    let script = folder.join("claude");
    std::fs::write(&script, SCRIPT).expect("write the script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let mut command = builder.command(&[&["code"], arguments].concat());
    command.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    command.env("ANTHROPIC_API_KEY", "must not be seen");
    command
}

#[test]
fn without_a_service_claude_is_served_in_process_with_arguments_untouched() {
    let builder = configured();
    let arguments = [
        "--",
        "-p",
        "two words",
        "--model=cerebras,m",
        "",
        "*",
        "--help",
    ];
    let output = code(&builder, &arguments).output().expect("it runs");
    assert_code(&output, 7);
    let text = stdout(&output);
    for line in [
        "argument <-p>\nargument <two words>\nargument <--model=cerebras,m>\nargument <>\nargument <*>\nargument <--help>\n",
        "ANTHROPIC_AUTH_TOKEN=transom\n",
        "ANTHROPIC_API_KEY=unset\n",
        "API_TIMEOUT_MS=600000\n",
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS=131072\n",
    ] {
        assert!(text.contains(line), "{line:?} is missing:\n{text}");
    }
    // A port of its own, not the configured one, where nothing listens.
    assert!(
        text.contains("ANTHROPIC_BASE_URL=http://127.0.0.1:"),
        "{text}"
    );
    assert!(
        !text.contains("ANTHROPIC_BASE_URL=http://127.0.0.1:1\n"),
        "{text}"
    );
    assert!(!stderr(&output).contains("INFO"), "{}", stderr(&output));
}

#[tokio::test]
async fn with_a_service_claude_is_sent_there() {
    let host = configured().start();
    let address = host.base().trim_start_matches("http://").to_owned();
    let builder = configured().set("listen", json!(address));
    let running = tokio::task::spawn_blocking(move || {
        code(&builder, &["--", "-p", "hi"])
            .output()
            .expect("it runs")
    });
    let output = running.await.expect("no panic");
    assert_code(&output, 7);
    let line = format!("ANTHROPIC_BASE_URL={}\n", host.base());
    assert!(stdout(&output).contains(&line), "{}", stdout(&output));
}

#[test]
fn without_claude_the_remedy_is_told() {
    let builder = configured();
    let mut command = builder.command(&["code", "--", "-p", "hi"]);
    let output = command
        .env("PATH", "/nonexistent")
        .output()
        .expect("it runs");
    assert_code(&output, 1);
    assert!(
        stderr(&output).contains("npm install"),
        "{}",
        stderr(&output)
    );
}
