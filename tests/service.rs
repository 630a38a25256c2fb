//! The service in the background: who answers is asked, not guessed; and a restart loses nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{Builder, binary};
use crate::harness::keys::Canary;
use crate::harness::port;
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::Road;

mod handover;
mod keys;
mod logs;
mod replaced;
mod strangers;
mod unit;
mod words;

/// A home in which a service may run, at an address of its own. Stopped when it is dropped.
struct Desk {
    builder: Builder,
    address: String,
}

impl Desk {
    fn new(upstream: &str) -> Self {
        let address = format!("127.0.0.1:{}", port::free());
        let builder = Builder::new()
            .provider(Road::Passthrough.provider(upstream))
            .listen(&address);
        Self { builder, address }
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    fn home(&self) -> PathBuf {
        let folder = self.builder.transformers();
        folder.parent().expect("the home").to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&self.builder.output(arguments))
    }

    /// Runs it and expects success.
    fn done(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.text);
        said.text
    }

    fn note(&self) -> PathBuf {
        let name = format!("{}.json", self.address);
        self.home().join("state/transom/service").join(name)
    }

    fn pid(&self) -> i32 {
        let note = std::fs::read(self.note()).expect("a service that runs has a note");
        let note: Value = serde_json::from_slice(&note).expect("JSON");
        note["pid"]
            .as_i64()
            .and_then(|pid| pid.try_into().ok())
            .expect("a process")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.builder.unconfigured(&["stop", "--now"]).output();
    }
}

/// What a command printed, on both streams.
struct Said {
    code: Option<i32>,
    text: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        Self {
            code: output.status.code(),
            text: text.concat(),
        }
    }
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    // Until it is gone, or dead and not waited for.
    let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
