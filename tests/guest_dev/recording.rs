//! The recording that `guest dev` begins: it ends with it, however that ends, and goes on when the service is
//! restarted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::host::{Builder, provider};
use crate::harness::upstream::{Answer, Upstream};
use crate::scene;

const NAME: &str = "stub_js";

/// A guest in JavaScript that npm builds by copying a component.
fn guest(home: &Path) {
    let folder = home.join(NAME);
    let bin = home.join("bin");
    for made in [&folder, &bin] {
        std::fs::create_dir(made).expect("a folder");
    }
    let component = home.join("other.wasm");
    std::fs::write(&component, scene::guest("faulty")).expect("write");
    std::fs::write(
        folder.join("package.json"),
        json!({ "name": NAME }).to_string(),
    )
    .expect("write");
    let npm = bin.join("npm");
    let script = format!("#!/bin/sh\ncp {} {NAME}.wasm\n", component.display());
    std::fs::write(&npm, script).expect("a script");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&npm, mode).expect("it is ours");
}

/// Ends with the test.
struct Dev(Child);

impl Dev {
    fn start(mut command: Command, home: &Path) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path);
        let path = std::env::join_paths(std::iter::once(home.join("bin")).chain(path));
        command.env("PATH", path.expect("a path"));
        command.current_dir(home.join(NAME));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("it runs"))
    }

    fn close_terminal(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), Signal::HUP).expect("signal");
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_begins_again_after_a_restart_and_ends_when_the_terminal_is_closed() {
    let home = TempDir::new().expect("a temporary folder");
    guest(home.path());
    let upstream = Upstream::always(Answer::json(200, &json!({ "ok": true }))).await;
    let mine = provider("mine", &upstream.url(), NAME, "m");
    let mut host = Builder::new()
        .component(NAME, &scene::guest("faulty"))
        .provider(mine.clone())
        .start();
    let address = host.base().trim_start_matches("http://").to_owned();
    let transformers = host.transformers();
    let transformers = transformers.to_string_lossy();
    let config = json!({ "listen": address, "providers": [mine] });
    let arguments = ["guest", "dev", ".", "--transformers", &transformers];
    let mut dev = Dev::start(host.command_beside(&arguments, &config), home.path());

    let records = |status: &Value| status["recorder"]["on"] == true;
    host.wait_for_status("it records", records).await;
    host.terminate();
    host.wait_for_exit().await;
    let host = host.again_there();
    assert_eq!(host.status().await["recorder"]["on"], false);
    std::fs::write(home.path().join(NAME).join("index.js"), "// saved").expect("write");
    host.wait_for_status("it records again", records).await;

    assert_eq!(dev.close_terminal(), Some(130));
    assert_eq!(host.status().await["recorder"]["on"], false);
}
