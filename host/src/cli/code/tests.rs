//! A script stands in for `claude`.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A program of these lines, and an environment that names it.
fn claude(lines: &str) -> (tempfile::TempDir, impl Fn(&str) -> Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claude");
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, move |name: &str| {
        (name == "CLAUDE_PATH").then(|| path.clone())
    })
}

async fn run_with(env: Env<'_>, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let config = Config::demo("http://127.0.0.1:9".parse().unwrap());
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    run("http://127.0.0.1:3456", &config, env, &arguments).await
}

/// `ExitCode` can only be compared as text.
fn shown(code: ExitCode) -> String {
    format!("{code:?}")
}

#[tokio::test]
async fn arguments_and_environment_arrive_untouched() {
    let (folder, env) =
        claude("printf '%s\\n' \"$@\" \"$ANTHROPIC_BASE_URL\" > \"$(dirname \"$0\")/seen\"");
    run_with(&env, &["-p", "two words", "--x=false", "", "--"])
        .await
        .unwrap();
    let seen = std::fs::read_to_string(folder.path().join("seen")).unwrap();
    assert_eq!(
        seen,
        "-p\ntwo words\n--x=false\n\n--\nhttp://127.0.0.1:3456\n"
    );
}

#[tokio::test]
async fn the_exit_code_is_the_programs() {
    let (_folder, env) = claude("exit 7");
    assert_eq!(
        shown(run_with(&env, &[]).await.unwrap()),
        shown(ExitCode::from(7))
    );
    let (_folder, env) = claude("kill -KILL $$");
    assert_eq!(
        shown(run_with(&env, &[]).await.unwrap()),
        shown(ExitCode::from(128 + 9))
    );
}

#[tokio::test]
async fn a_missing_program_is_told_with_the_remedy() {
    let env = |name: &str| (name == "CLAUDE_PATH").then(|| "/nonexistent/claude".to_owned());
    let error = run_with(&env, &[]).await.unwrap_err().to_string();
    assert!(
        error.contains("npm install -g @anthropic-ai/claude-code"),
        "{error}"
    );
}

#[test]
fn without_a_path_claude_is_looked_for_by_name() {
    let config = Config::demo("http://127.0.0.1:9".parse().unwrap());
    assert_eq!(program(&config, &|_| None), "claude");
    assert_eq!(program(&config, &|_| Some(String::new())), "claude");
    let mut named = config;
    named.code.path = Some("/opt/claude".to_owned());
    assert_eq!(program(&named, &|_| None), "/opt/claude");
    assert_eq!(program(&named, &|_| Some("mine".to_owned())), "mine");
}
