//! Claude Code in print mode, in a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::installed;

/// How long one run may take. Long: it only ends a test that fails.
const PATIENCE: Duration = Duration::from_mins(2);

/// A home and a work folder with nothing in them, and the environment a user would set.
#[derive(Debug)]
pub(super) struct Claude {
    home: TempDir,
    model: String,
    env: Vec<(String, String)>,
}

/// A finished run.
#[derive(Debug)]
pub(super) struct Run {
    /// The exit was 0.
    pub(super) ok: bool,
    /// The lines of `--output-format stream-json`.
    pub(super) events: Vec<Value>,
    pub(super) stderr: String,
}

impl Claude {
    pub(super) fn new(base_url: &str, key: &str, model: &str) -> Self {
        let home = TempDir::with_prefix("transom-claude-").expect("a temporary folder");
        std::fs::create_dir_all(home.path().join("work")).expect("a fresh folder");
        std::fs::create_dir_all(home.path().join("tmp")).expect("a fresh folder");
        let claude = Self {
            home,
            model: model.to_owned(),
            env: Vec::new(),
        };
        claude
            .env("ANTHROPIC_BASE_URL", base_url)
            .env("ANTHROPIC_API_KEY", key)
    }

    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder that the client works in.
    pub(super) fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Everything the client sees of its environment.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let home = self.home.path().to_string_lossy().into_owned();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut all: Vec<(String, String)> = [
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("TMPDIR", &format!("{home}/tmp")),
            ("LANG", "C.UTF-8"),
            ("IS_SANDBOX", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            // The default of 10 makes three minutes of each failure.
            ("CLAUDE_CODE_MAX_RETRIES", "3"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        all.extend(self.env.iter().cloned());
        all
    }

    /// `claude -p PROMPT` with these further arguments.
    pub(super) async fn ask(&self, prompt: &str, further: &[&str]) -> Run {
        let mut command = Command::new(installed::claude());
        command
            .args(["-p", prompt, "--model", &self.model])
            .args(["--output-format", "stream-json", "--verbose"])
            .arg("--dangerously-skip-permissions")
            .args(further)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.work());
        run(command).await
    }
}

/// Runs a command that prints Claude Code's `stream-json`.
pub(super) async fn run(mut command: Command) -> Run {
    let _place = installed::turn_to_run().await;
    command.stdin(Stdio::null());
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output());
    let output = output
        .await
        .unwrap_or_else(|_| panic!("still running after {PATIENCE:?}"))
        .expect("the client starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = stdout.lines();
    Run {
        ok: output.status.success(),
        events: lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| Value::from(line)))
            .collect(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Run {
    /// Panics, with everything the client said, unless it ended well.
    pub(super) fn assert_ok(&self) -> &Self {
        let told: Vec<String> = self
            .events
            .iter()
            .filter(|event| event["subtype"] != "init")
            .map(|event| event.to_string().chars().take(2000).collect())
            .collect();
        let told = told.join("\n");
        assert!(self.ok, "the client failed:\n{told}\n{}", self.stderr);
        self
    }

    /// The final answer.
    pub(super) fn answer(&self) -> &str {
        self.last()["result"].as_str().unwrap_or_default()
    }

    /// What `--resume` takes.
    pub(super) fn session(&self) -> &str {
        self.last()["session_id"].as_str().unwrap_or_default()
    }

    /// The blocks of this type that the client has of the model's answers.
    pub(super) fn blocks(&self, kind: &str) -> Vec<&Value> {
        let messages = self
            .events
            .iter()
            .filter(|event| event["type"] == "assistant");
        messages
            .flat_map(|event| event["message"]["content"].as_array().into_iter().flatten())
            .filter(|block| block["type"] == kind)
            .collect()
    }

    fn last(&self) -> &Value {
        let result = self.events.iter().rfind(|event| event["type"] == "result");
        result.unwrap_or(&Value::Null)
    }
}
