//! `transom guest record` and `trace`: what a running service keeps becomes fixtures that pass, and
//! can be looked at hop by hop.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::client;
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Request, Upstream};
use crate::scene;

mod chains;
mod kinds;
mod private;
mod switch;
mod trace;

const MODEL: &str = "gpt-oss-120b";

/// A service that records, what it was configured with, and a folder for fixtures.
struct Desk {
    upstream: Upstream,
    host: Host,
    config: Value,
    folder: TempDir,
}

impl Desk {
    /// With one provider through the built-in `cerebras`.
    async fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(answer, |upstream| {
            let provider = provider("cerebras", &upstream.url(), "cerebras", MODEL);
            Builder::new().provider(provider)
        })
        .await
    }

    /// `build` makes everything but the recorder.
    async fn with(
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        build: impl FnOnce(&Upstream) -> Builder,
    ) -> Self {
        Self::recording(answer, build, Some(json!({ "on": true }))).await
    }

    async fn recording(
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        build: impl FnOnce(&Upstream) -> Builder,
        recorder: Option<Value>,
    ) -> Self {
        let upstream = Upstream::start(answer).await;
        let mut config = Value::Null;
        let builder = build(&upstream).edit(|of_host| {
            if let Some(recorder) = recorder {
                of_host["recorder"] = recorder;
            }
            config = of_host.clone();
        });
        let host = builder.start();
        config["listen"] = host.base().trim_start_matches("http://").into();
        Self {
            upstream,
            host,
            config,
            folder: TempDir::with_prefix("cases-").expect("a temporary folder"),
        }
    }

    /// Sends, and waits until the exchange is kept.
    async fn ask(&self, body: &Value) -> client::Reply {
        let before = self.kept().await;
        let reply = client::messages(self.host.base(), body).await;
        let kept = |status: &Value| status["recorder"]["exchanges"].as_u64() > Some(before);
        self.host
            .wait_for_status("the exchange is kept", kept)
            .await;
        reply
    }

    async fn kept(&self) -> u64 {
        let status = self.host.status().await;
        status["recorder"]["exchanges"].as_u64().unwrap_or_default()
    }

    /// Another command beside the service, with its configuration.
    fn run(&self, arguments: &[&str]) -> Output {
        self.host.beside(arguments, &self.config)
    }

    /// The same; it must end well. Standard output.
    fn runs(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = text(&output);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn cases(&self) -> PathBuf {
        self.folder.path().join("cases")
    }

    /// `guest record NAME` of the last exchanges into the folder of cases; then `guest test` on them.
    fn record(&self, name: &str, further: &[&str]) -> String {
        let cases = self.cases();
        let cases = cases.to_string_lossy();
        let arguments = [&["guest", "record", name, &cases], further].concat();
        let said = self.runs(&arguments);
        self.passes(name, &cases);
        said
    }

    /// `guest test` on a folder of cases, with the components of the service.
    fn passes(&self, name: &str, cases: &str) {
        let transformers = self.host.transformers();
        let transformers = transformers.to_string_lossy();
        let arguments = [
            "guest",
            "test",
            name,
            cases,
            "--transformers",
            &transformers,
        ];
        let apart = Builder::new();
        let mut command = apart.unconfigured(&arguments);
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }

    fn file(&self, case: &str, name: &str) -> String {
        let path = self.cases().join(case).join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Both outputs.
fn text(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    format!("{stdout}{stderr}")
}

/// The files of a case, by name.
fn files(case: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(case).expect("a case");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// Says the prompt again, as a stream where one was asked for.
fn echo(request: &Request) -> Answer {
    let body = request.json();
    let content = &body["messages"][0]["content"];
    let prompt = content.as_str().or(content[0]["text"].as_str());
    let pieces: Vec<String> = prompt
        .unwrap_or_default()
        .split_inclusive(' ')
        .map(str::to_owned)
        .collect();
    if body["stream"] == true {
        Answer::sse(&scene::chat_events(&pieces).concat())
    } else {
        Answer::json(200, &scene::chat_whole(&pieces))
    }
}
