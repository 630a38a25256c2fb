//! `transom guest add`: checked, put in place, pinned; and nothing of it if something is wrong.

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{Builder, provider};
use crate::harness::upstream::{Answer, Upstream};
use crate::scene;

/// A configuration as a person writes one.
const MINE: &str = "// my own
{
  listen: '127.0.0.1:1',   // nobody there
  providers: [
    { name: 'p', base_url: 'http://127.0.0.1:9', models: ['m'], transformer: 'subject', options: {} },
  ],
  pins: {
    other: '0000000000000000000000000000000000000000000000000000000000000000', /* not mine */
  },
}
";

/// A home with a component file to add, and a configuration.
struct Home {
    builder: Builder,
    config: PathBuf,
    file: PathBuf,
}

impl Home {
    fn new(text: &str, component: &[u8]) -> Self {
        let builder = Builder::new();
        let home = builder.transformers().parent().expect("a home").to_owned();
        let (config, file) = (home.join("mine.json5"), home.join("subject.wasm"));
        std::fs::write(&config, text).expect("it is ours");
        std::fs::write(&file, component).expect("it is ours");
        Self {
            builder,
            config,
            file,
        }
    }

    fn add(&self, source: &str, more: &[&str]) -> Output {
        let mut command = self.builder.unconfigured(&["guest", "add", source]);
        command.args(more).arg("--config").arg(&self.config);
        command
            .arg("--transformers")
            .arg(self.builder.transformers());
        command.output().expect("it runs")
    }

    fn add_file(&self, more: &[&str]) -> Output {
        self.add(&self.file.to_string_lossy(), more)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.config).expect("the configuration")
    }

    fn installed(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.builder.transformers().join(format!("{name}.wasm"))).ok()
    }

    /// It failed with these words, and nothing was changed.
    fn assert_refused(&self, output: &Output, code: i32, words: &str) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(self.installed("subject"), None, "{said}");
        assert_eq!(self.text(), MINE, "{said}");
    }
}

#[test]
fn a_file_is_installed_and_pinned_and_the_configuration_keeps_its_form() {
    let good = scene::guest("faulty");
    let home = Home::new(MINE, &good);
    let output = home.add_file(&[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(home.installed("subject").as_ref(), Some(&good));
    assert!(
        said.contains(&scene::sha256(&good)) && said.contains("pinned in"),
        "{said}"
    );
    let text = home.text();
    for line in MINE.lines() {
        assert!(text.contains(line), "{line} is gone:\n{text}");
    }
    let pin = format!("\"subject\": \"{}\"", scene::sha256(&good));
    assert!(text.contains(&pin), "{text}");
    let again = home.add_file(&["--json"]);
    let told: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(
        (&told["pinned"], &told["used"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(home.text(), text, "a second time changes nothing");
}

#[test]
fn what_a_start_would_refuse_is_not_installed() {
    let home = Home::new(MINE, b"not a component");
    home.assert_refused(&home.add_file(&[]), 1, "not a WebAssembly file");
    let home = Home::new(MINE, &scene::faulty("configure-error"));
    home.assert_refused(&home.add_file(&[]), 1, "options.fault: this one");
    let half = scene::guest("faulty").len() / 2;
    let home = Home::new(MINE, &scene::guest("faulty")[..half]);
    home.assert_refused(&home.add_file(&[]), 1, "does not compile");
    let home = Home::new(MINE, &scene::guest("faulty"));
    let digest = "1".repeat(64);
    home.assert_refused(&home.add_file(&["--sha256", &digest]), 1, "its sha256 is");
    home.assert_refused(&home.add_file(&["--name", "../subject"]), 2, "--name");
    home.assert_refused(&home.add("/no/such/subject.wasm", &[]), 1, "cannot be read");
    let far = "http://example.com/subject.wasm";
    home.assert_refused(&home.add(far, &[]), 1, "only https");
}

#[test]
fn a_file_that_stands_before_a_built_in_is_told() {
    let home = Home::new(MINE, &scene::guest("faulty"));
    let output = home.add_file(&["--name", "zai"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("stands before the built-in `zai`"), "{said}");
    assert!(said.contains("no provider names it yet"), "{said}");
}

#[test]
fn without_a_configuration_the_lines_to_write_are_shown() {
    let good = scene::guest("faulty");
    let home = Home::new(MINE, &good);
    let mut command = home.builder.unconfigured(&["guest", "add"]);
    let output = command.arg(&home.file).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = format!("pins: {{ \"subject\": \"{}\" }},", scene::sha256(&good));
    assert!(said.contains(&line), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_fetched_and_a_service_that_pins_takes_it_up() {
    let good = scene::guest("faulty");
    let other = scene::faulty("splice");
    let bytes = other.clone();
    let upstream = Upstream::start(move |request| {
        if request.path() == "/v9/subject.wasm" {
            Answer::whole(200, "application/wasm", &bytes)
        } else {
            Answer::sse(&scene::message_events(&scene::pieces("it", 3)).concat())
        }
    })
    .await;
    let host = Builder::new()
        .component("subject", &good)
        .provider(provider("p", &upstream.url(), "subject", "m"))
        .set("trust", json!("pinned"))
        .set("pins", json!({ "subject": scene::sha256(&good) }))
        .start();
    let config = host.home().join("config/transom/config.json5");
    let url = format!("{}/v9/subject.wasm?raw=1", upstream.url());
    let mut command = host.command(&["guest", "add", &url, "--sha256", &scene::sha256(&other)]);
    command.arg("--replace");
    command.arg("--config").arg(&config);
    command.arg("--transformers").arg(host.transformers());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("no panic").expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let live = |status: &Value| {
        let entry = &status["transformers"][0];
        let (sha256, pin) = (&entry["sha256"], &entry["pin"]);
        // It serves a moment before the whole configuration is in force.
        *sha256 == scene::sha256(&other) && pin == sha256 && entry["last_error"].is_null()
    };
    host.wait_for_status("the added bytes", live).await;
    let reply = client::messages(host.base(), &scene::ask("m", "hi")).await;
    let label = reply.header("x-transom-transformer").unwrap_or_default();
    assert!(label.starts_with("subject@2 "), "{label}");
    let entry = host.transformer("subject").await;
    assert_eq!(entry["pin"], scene::sha256(&other).as_str(), "{entry}");
    assert_eq!(host.status().await["trust"], "pinned");
}

#[test]
fn what_lies_there_is_replaced_only_if_that_is_said_and_comes_back_if_it_cannot_be_pinned() {
    let (mine, new) = (scene::guest("faulty"), scene::faulty("splice"));
    let home = Home::new(MINE, &new);
    let there = home.builder.transformers().join("subject.wasm");
    scene::put(&there, &mine);
    let output = home.add_file(&[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("--replace") && said.contains(&scene::sha256(&mine)),
        "{said}"
    );
    assert_eq!(home.installed("subject").as_ref(), Some(&mine));
    // Without a configuration there is no place for the pin.
    let mut command = home.builder.unconfigured(&["guest", "add", "--replace"]);
    command
        .arg("--transformers")
        .arg(home.builder.transformers());
    let output = command.arg(&home.file).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is back there"), "{said}");
    assert_eq!(home.installed("subject").as_ref(), Some(&mine));
    assert!(home.add_file(&["--replace"]).status.success());
    assert_eq!(home.installed("subject").as_ref(), Some(&new));
}
