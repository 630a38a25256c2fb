//! `transom guest dev`: what is saved is built, tested and live; what is not right changes nothing.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::client;
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Upstream};
use crate::scene;

mod recording;

const NAME: &str = "scaffold_dev";

/// A running host whose provider uses a guest that is being written.
struct Desk {
    /// Of its own: all guests are built into one folder.
    name: &'static str,
    home: TempDir,
    upstream: Upstream,
    host: Host,
}

impl Desk {
    async fn new(name: &'static str) -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let mut new = Builder::new().command(&["guest", "new", name]);
        let made = new.current_dir(home.path()).output().expect("it runs");
        assert!(made.status.success(), "{made:?}");
        let upstream = Upstream::always(Answer::json(200, &json!({ "ok": true }))).await;
        let builder = Builder::new()
            .component(name, &scene::guest("faulty"))
            .provider(provider("mine", &upstream.url(), name, "m"));
        Self {
            name,
            home,
            upstream,
            host: builder.start(),
        }
    }

    fn source(&self) -> PathBuf {
        self.home.path().join(self.name).join("src/lib.rs")
    }

    fn edit(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.source()).expect("a source");
        assert!(text.contains(old), "{text}");
        std::fs::write(self.source(), text.replace(old, new)).expect("it is ours");
    }

    /// One round, without the network, beside what the guests' workspace has built.
    fn round(&self) -> Output {
        self.round_into(&self.host.transformers())
    }

    /// The same with this folder of transformers.
    fn round_into(&self, transformers: &Path) -> Output {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/target");
        let transformers = transformers.to_string_lossy();
        let arguments = [
            "guest",
            "dev",
            self.name,
            "--once",
            "--transformers",
            &transformers,
        ];
        let address = self.host.base().trim_start_matches("http://");
        let config = json!({
            "listen": address,
            "providers": [provider("mine", &self.upstream.url(), self.name, "m")],
        });
        let mut command = self.host.command_beside(&arguments, &config);
        command.current_dir(self.home.path());
        // The compiler is that of whoever runs the tests, not of the home that is made for them.
        let home = PathBuf::from(std::env::var_os("HOME").expect("a home"));
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let usual = std::env::var_os(name).unwrap_or_else(|| home.join(folder).into());
            command.env(name, usual);
        }
        command
            .envs(std::env::var_os("RUSTUP_TOOLCHAIN").map(|chosen| ("RUSTUP_TOOLCHAIN", chosen)));
        command
            .env("CARGO_TARGET_DIR", built)
            .env("CARGO_NET_OFFLINE", "true");
        for name in ["CARGO_BUILD_TARGET", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
            command.env_remove(name);
        }
        command.output().expect("it runs")
    }

    /// A round that must fail, say why, and change nothing that serves.
    async fn refuses(&self, says: &str) {
        let before = self.sha256().await;
        let output = self.round();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(says) && said.contains("what serves stays"),
            "{said}"
        );
        assert_eq!(self.sha256().await, before, "{said}");
    }

    async fn sha256(&self) -> Value {
        self.host.transformer(self.name).await["sha256"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_built_tested_and_live_and_what_fails_changes_nothing() {
    let desk = Desk::new(NAME).await;
    let output = desk.round();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{output:?}");
    assert!(said.contains("2 cases passed"), "{said}");
    assert!(said.contains(&format!("live as {NAME}@2")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let recorder = desk.host.status().await["recorder"]["on"].clone();
    assert_eq!(recorder, false, "what it switched on it switches off");
    let switched = |_: &Value| desk.host.log().contains("switched by a request on=true");
    desk.host
        .wait_for_status("each version is tried on what is recorded", switched)
        .await;

    let again = desk.round();
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success(), "{again:?}");
    assert!(
        said.contains(&format!("unchanged: {NAME}@2 serves")),
        "{said}"
    );
    let other = desk.home.path().join("other");
    let elsewhere = desk.round_into(&other);
    let said = String::from_utf8_lossy(&elsewhere.stderr).into_owned();
    assert_eq!(elsewhere.status.code(), Some(1), "{elsewhere:?}");
    assert!(said.contains("takes transformers from"), "{said}");
    assert_eq!(desk.host.transformer(NAME).await["generation"], 2);

    desk.edit("\"temperature\"", "\"top_p\"");
    desk.refuses("the case temperature-is-set fails").await;
    desk.edit("\"top_p\"", "\"temperature\" oops");
    desk.refuses("it does not build").await;

    desk.edit("\"temperature\" oops", "\"temperature\"");
    desk.edit("Ok(Answer::Untouched)", "panic!(\"in the smoke run\")");
    desk.refuses("trapped in `request`").await;
    desk.edit(
        "panic!(\"in the smoke run\")",
        "let unused = 1;\n        Ok(Answer::Untouched)",
    );
    let warned = desk.round();
    let said = String::from_utf8_lossy(&warned.stdout).into_owned();
    assert!(said.contains("with 1 warning"), "{said}\n{warned:?}");
    let body = scene::ask_whole("m", "hi");
    let reply = client::messages(desk.host.base(), &body).await;
    let label = reply.header("x-transom-transformer").unwrap_or_default();
    assert!(label.starts_with(&format!("{NAME}@")), "{label}");
    let sent = desk.upstream.requests();
    assert!(sent.last().expect("a request").json()["temperature"].is_number());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_of_a_development_build_is_logged_with_the_functions_that_it_came_from() {
    let desk = Desk::new("scaffold_trap").await;
    let (begin, end) = ("impl sdk::Rewrite", "Ok(Answer::Untouched)");
    desk.edit(
        end,
        "stumble(body.get(\"stop_sequences\").is_some());\n        Ok(Answer::Untouched)",
    );
    let function = "#[inline(never)]\nfn stumble(given: bool) {\n    assert!(!given, \"stumbled over it\");\n}\n\n";
    desk.edit(begin, &format!("{function}{begin}"));
    let output = desk.round();
    assert!(output.status.success(), "{output:?}");
    let mut body = scene::ask_whole("m", "hi");
    body["stop_sequences"] = json!(["x"]);
    let reply = client::messages(desk.host.base(), &body).await;
    assert_eq!(reply.status, 500);
    assert!(!reply.text().contains("stumble"), "{}", reply.text());
    let logged = |_: &Value| desk.host.log().contains("trap in `request`");
    desk.host
        .wait_for_status("the trap is logged", logged)
        .await;
    let log = desk.host.log();
    assert!(log.contains("stumbled over it"), "{log}");
    assert!(log.contains("  in scaffold_trap::stumble"), "{log}");
    assert!(log.contains("src/lib.rs:"), "the place of the panic: {log}");
}

/// What npm would do, without its network: `build` is whatever the script beside it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_in_javascript_is_built_by_npm_in_its_own_folder_too() {
    const NAME: &str = "scaffold_js";
    let home = TempDir::new().expect("a temporary folder");
    let mut new = Builder::new().command(&["guest", "new", NAME, "--lang", "js"]);
    let made = new.current_dir(home.path()).output().expect("it runs");
    assert!(made.status.success(), "{made:?}");
    let folder = home.path().join(NAME);
    // They are of the scaffold's own source, which is not what is built here.
    std::fs::remove_dir_all(folder.join("fixtures")).expect("fixtures");
    let upstream = Upstream::always(Answer::json(200, &json!({ "ok": true }))).await;
    let host = Builder::new()
        .component(NAME, &scene::guest("faulty"))
        .provider(provider("mine", &upstream.url(), NAME, "m"))
        .start();
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let npm = |script: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = bin.join("npm");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("it is ours");
    };
    let round = |guest: &str| {
        let transformers = host.transformers();
        let transformers = transformers.to_string_lossy();
        let arguments = [
            "guest",
            "dev",
            guest,
            "--once",
            "--transformers",
            &transformers,
        ];
        let address = host.base().trim_start_matches("http://");
        let config = json!({
            "listen": address,
            "providers": [provider("mine", &upstream.url(), NAME, "m")],
        });
        let mut command = host.command_beside(&arguments, &config);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path);
        let path = std::env::join_paths(std::iter::once(bin.clone()).chain(path)).expect("a path");
        command.current_dir(&folder).env("PATH", path);
        command.output().expect("it runs")
    };
    let other = home.path().join("other.wasm");
    std::fs::write(&other, scene::same_but_other(&scene::guest("faulty"))).expect("write");
    npm(&format!(
        "[ \"$1 $2\" = \"run build\" ] && cp {} {NAME}.wasm",
        other.display()
    ));
    let output = round(NAME);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains(&format!("live as {NAME}@2")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    npm("echo 'SyntaxError: oops' >&2; exit 1");
    let output = round(".");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("SyntaxError: oops"), "{said}");
    assert!(said.contains("run `npm install` in "), "{said}");
    assert!(said.contains("what serves stays"), "{said}");
    let output = round("nobody");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains(&format!("`transom guest dev .` takes `{NAME}`")),
        "{said}"
    );
}
