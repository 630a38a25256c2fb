//! `eval "$(transom activate)"` as a person types it.

use std::process::Command;

use serde_json::json;

use super::{assert_code, configured, stdout};
use crate::harness::host::{self, Builder};

/// The shell's words behind the evaluated text, with this much in the environment before.
fn evaluated(builder: &Builder, before: &[(&str, &str)], script: &str) -> String {
    // Writes the configuration, and knows the environment that a person has.
    let command = builder.command(&[]);
    let mut shell = Command::new("bash");
    let script = format!(
        "set -eu\neval \"$('{}' activate)\"\n{script}",
        host::binary().display()
    );
    shell
        .args(["--noprofile", "--norc", "-c", &script])
        .env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let output = shell
        .envs(before.iter().copied())
        .output()
        .expect("bash runs");
    assert_code(&output, 0);
    assert_eq!(
        super::stderr(&output),
        "",
        "nothing is told that is no command"
    );
    stdout(&output)
}

/// What a program that the shell starts sees of a variable.
fn shown(name: &str) -> String {
    format!("bash --noprofile --norc -c 'printf \"%s\\n\" \"${{{name}-unset}}\"'\n")
}

fn all() -> String {
    let names = [
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_AUTH_TOKEN",
        "API_TIMEOUT_MS",
        "NO_PROXY",
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS",
        "ANTHROPIC_API_KEY",
    ];
    names.map(shown).concat()
}

#[test]
fn bash_and_the_programs_it_starts_have_the_variables() {
    let told = evaluated(&configured(), &[], &all());
    let lines: Vec<_> = told.lines().collect();
    let expected = [
        "http://127.0.0.1:1",
        "transom",
        "600000",
        "127.0.0.1,localhost",
        "131072",
        "unset",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn what_the_shell_had_before_is_kept_or_taken_away_as_it_must_be() {
    let before = [
        ("NO_PROXY", "intranet.example,127.0.0.1"),
        ("ANTHROPIC_API_KEY", "would be taken instead"),
        ("ANTHROPIC_BASE_URL", "http://elsewhere"),
    ];
    let told = evaluated(&configured(), &before, &all());
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[0], "http://127.0.0.1:1");
    assert_eq!(lines[3], "intranet.example,127.0.0.1,localhost");
    assert_eq!(lines[5], "unset");
}

#[test]
fn a_key_with_every_character_of_the_shell_arrives_as_it_is() {
    // No space: no header can carry one.
    let key = r#"it's"$HOME"`id`$(id)\!*;&|<>~#{a,b}%s"#;
    let builder = configured().set("api_key", json!("${ODD_KEY}"));
    let told = evaluated(
        &builder,
        &[("ODD_KEY", key)],
        &shown("ANTHROPIC_AUTH_TOKEN"),
    );
    assert_eq!(told.trim_end_matches('\n'), key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_finds_the_service_by_these_variables() {
    let host = configured()
        .set("api_key", json!("key-of-the-service-01"))
        .start();
    let address = host.base().trim_start_matches("http://").to_owned();
    let builder = configured()
        .set("api_key", json!("key-of-the-service-01"))
        .set("listen", json!(address));
    let told = evaluated(
        &builder,
        &[],
        &(shown("ANTHROPIC_BASE_URL") + &shown("ANTHROPIC_AUTH_TOKEN")),
    );
    let lines: Vec<_> = told.lines().collect();
    let bearer = format!("Bearer {}", lines[1]);
    let headers = [("authorization", bearer.as_str())];
    let reply = crate::harness::client::send(lines[0], "GET", "/v1/models", &headers, b"").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}
