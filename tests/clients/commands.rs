//! `transom code` and `transom activate`: Claude Code with nothing set by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use super::installed;
use super::route::Route;
use crate::harness::host::{self, Builder};
use crate::harness::upstream::Upstream;
use crate::strict::{Strict, Turn};

const WINDOW: u32 = 120_000;

/// A strict upstream that answers everything, and transom configured for it.
async fn configured(route: Route) -> (Strict, Builder) {
    let said = |seen: &crate::strict::Seen| Turn::text(&format!("{} answers.", seen.model));
    let strict = route.strict(said).await;
    let builder = route.host_builder(&strict, |provider| {
        let model = route.upstream_model();
        provider["models"] = json!([{ "id": model, "context_window": WINDOW }]);
    });
    (strict, builder)
}

/// An address that nobody listens on.
async fn free_address() -> String {
    let url = Upstream::refused().await;
    url.trim_start_matches("http://").to_owned()
}

/// Only what a fresh shell has: the home, and a `PATH` that leads to `transom` and `claude`.
fn as_from_a_shell(mut command: Command) -> Command {
    let claude = installed::claude();
    let transom = host::binary();
    let folders: Vec<PathBuf> = [&claude, &transom]
        .iter()
        .filter_map(|program| program.parent().map(Path::to_owned))
        .chain(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ))
        .collect();
    let path = std::env::join_paths(folders).expect("folders without a colon");
    command.env("PATH", path).env("IS_SANDBOX", "1");
    command
}

async fn finished(command: Command) -> Output {
    let _place = installed::turn_to_run().await;
    let mut command = tokio::process::Command::from(as_from_a_shell(command));
    command
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts")
}

fn assert_said(output: &Output, answer: &str) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert_eq!(stdout.trim(), answer, "{stderr}");
    // What the client says of a model whose window it was not told.
    assert!(!stderr.contains("assumed to be 1m"), "{stderr}");
}

#[tokio::test]
async fn code_serves_for_the_lifetime_of_claude_when_no_service_runs() {
    let (strict, builder) = configured(Route::Cerebras).await;
    let address = free_address().await;
    let builder = builder.set("listen", address.into());
    let command = builder.command(&["code", "--", "-p", "hi"]);
    assert_said(&finished(command).await, "gpt-oss-120b answers.");
    strict.assert_no_violation();
}

#[tokio::test]
async fn code_uses_the_service_that_runs() {
    let (strict, builder) = configured(Route::Cerebras).await;
    let builder = builder.listen(&free_address().await);
    let command = builder.command(&["code", "--", "-p", "hi"]);
    let host = builder.start();
    assert_said(&finished(command).await, "gpt-oss-120b answers.");
    strict.assert_no_violation();
    assert!(host.log().contains("exchange"), "{}", host.log());
}

#[tokio::test]
async fn activate_gives_a_shell_what_claude_needs() {
    let (strict, builder) = configured(Route::Cerebras).await;
    let builder = builder.listen(&free_address().await);
    let script =
        "eval \"$(transom activate)\"; claude -p hi; echo \"$CLAUDE_CODE_MAX_CONTEXT_TOKENS\" >&2";
    let transom = builder.command(&[]);
    let mut command = Command::new("bash");
    command.args(["-c", script]).env_clear();
    command.envs(
        transom
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command.current_dir(transom.get_current_dir().expect("the home"));
    let _host = builder.start();
    let output = finished(command).await;
    assert_said(&output, "gpt-oss-120b answers.");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.trim().ends_with(&WINDOW.to_string()), "{stderr}");
    strict.assert_no_violation();
}
