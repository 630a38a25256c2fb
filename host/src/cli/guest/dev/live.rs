//! The running service's side of a round: what it serves, where it looks, and waiting until it serves
//! the new bytes or says why it does not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::recordings::Recorder;
use crate::cli::service::Service;
use crate::cli::term;
use crate::config::Config;
use crate::wasm::sha256;

/// Compiling takes a second at most; a service that polls its folder another.
const PATIENCE: Duration = Duration::from_secs(15);

const LOOK: Duration = Duration::from_millis(10);

/// What became of bytes that were put.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// They are a generation of their own, with what trying it on recorded exchanges came to.
    Live(u64, Option<String>),
    /// They served already.
    Unchanged(u64),
    /// No service runs.
    Nowhere,
}

/// The running service keeps its last exchanges as long as this is there, so that each version is tried on
/// them. Each service is asked once: who switches it off meanwhile has the last word.
pub(super) struct Recording {
    config: Config,
    /// The service that was asked, by the name that it gave itself when it started.
    asked: Option<String>,
    /// It did not record before; then it is switched off at the end.
    of_ours: Arc<AtomicBool>,
    /// Something waits for a signal that ends this.
    watched: bool,
}

impl Recording {
    /// Of the service that runs with this configuration; nothing is asked of it yet.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            asked: None,
            of_ours: Arc::default(),
            watched: false,
        }
    }

    /// Has the service that runs now begin, if it was not asked before and its configuration does not decide.
    pub(super) fn keep(&mut self, runtime: &Runtime) {
        let Some(instance) = runtime.block_on(instance(&self.config)) else {
            return;
        };
        if self.asked.as_ref() == Some(&instance) {
            return;
        }
        self.asked = Some(instance);
        let began = runtime.block_on(switch(&self.config, true)) == Some(false);
        self.of_ours.store(began, Ordering::Relaxed);
        if began {
            term::note(
                "the running service keeps its last exchanges in memory until `guest dev` ends, to try each version on them; `transom guest record --off` ends that sooner",
            );
            self.watch(runtime);
        }
    }

    fn watch(&mut self, runtime: &Runtime) {
        if std::mem::replace(&mut self.watched, true) {
            return;
        }
        let (config, of_ours) = (self.config.clone(), self.of_ours.clone());
        runtime.spawn(async move {
            if interrupted().await.is_ok() {
                if of_ours.load(Ordering::Relaxed) {
                    switch(&config, false).await;
                }
                end_interrupted();
            }
        });
    }

    /// Has it end, if it began here.
    pub(super) fn end(self, runtime: &Runtime) {
        if self.of_ours.load(Ordering::Relaxed) {
            runtime.block_on(switch(&self.config, false));
        }
    }
}

/// What the running service calls itself since it started; none if none runs, or it does not tell.
async fn instance(config: &Config) -> Option<String> {
    let status = Service::running(config).await?.status().await.ok()?;
    status.get("instance")?.as_str().map(str::to_owned)
}

/// What the recorder was before; none if it is not ours to switch.
async fn switch(config: &Config, on: bool) -> Option<bool> {
    let recorder = Recorder::find(config).await.ok()?;
    recorder.switch(on).await.ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a round blocks this process: nothing else ends it on an interrupt"
)]
fn end_interrupted() -> ! {
    // As a shell says of a command that was interrupted.
    std::process::exit(130)
}

async fn interrupted() -> std::io::Result<()> {
    let mut end = signal(SignalKind::terminate())?;
    // The terminal was closed.
    let mut closed = signal(SignalKind::hangup())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked,
        _ = end.recv() => Ok(()),
        _ = closed.recv() => Ok(()),
    }
}

/// Puts the bytes in place by `put` and waits until they serve.
///
/// Errors: the service's reason for keeping the old version, or why it cannot take these up at all.
pub(super) async fn swap(
    config: &Config,
    target: &Path,
    name: &str,
    bytes: &[u8],
    put: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Went> {
    let Some(service) = Service::running(config).await else {
        put()?;
        return Ok(Went::Nowhere);
    };
    let sha256 = sha256(bytes);
    let status = service.status().await?;
    let before = served(&status, name, target, &sha256);
    let lies_there = std::fs::read(target).is_ok_and(|there| there == bytes);
    if let (Some(generation), true) = (before, lies_there) {
        looks_here(&status, target)?;
        return Ok(Went::Unchanged(generation));
    }
    let told = entry(&status, name);
    if lies_there && text(told, "refused") == Some(&sha256) {
        let why = text(told, "last_error").unwrap_or("the service does not say why");
        bail!("the same bytes were refused before, and are not tried again: {why}");
    }
    put()?;
    looks_here(&status, target)?;
    ensure!(
        entry(&status, name).is_some(),
        "the running service has no provider with the transformer `{name}`; name it in the configuration"
    );
    let began = Instant::now();
    loop {
        let status = service.status().await?;
        if let Some(generation) = served(&status, name, target, &sha256) {
            let replay = text(entry(&status, name), "replay").map(str::to_owned);
            return Ok(match before {
                Some(_) => Went::Unchanged(generation),
                None => Went::Live(generation, replay),
            });
        }
        let told = entry(&status, name);
        let why = text(told, "last_error");
        if text(told, "refused") == Some(&sha256) {
            bail!("refused: {}", why.unwrap_or("the service does not say why"));
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the running service keeps its version: {}",
            why.unwrap_or("it did not look at the file")
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// The service must take its transformers from the folder that the bytes were put into.
fn looks_here(status: &Value, target: &Path) -> anyhow::Result<()> {
    let Some(theirs) = status.get("transformers_folder").and_then(Value::as_str) else {
        return Ok(());
    };
    let theirs = PathBuf::from(theirs);
    let ours = target.parent().unwrap_or(target);
    ensure!(
        same(&theirs, ours),
        "put into {}, but the running service takes transformers from {}; leave --transformers out or start the service with it",
        ours.display(),
        theirs.display()
    );
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

/// The generation that serves, if it is of this file and these bytes.
fn served(status: &Value, name: &str, target: &Path, sha256: &str) -> Option<u64> {
    let entry = entry(status, name);
    let from_there = text(entry, "path").is_some_and(|path| same(Path::new(path), target));
    let generation = entry?.get("generation").and_then(Value::as_u64);
    generation.filter(|_| from_there && text(entry, "sha256") == Some(sha256))
}

fn entry<'a>(status: &'a Value, name: &str) -> Option<&'a Value> {
    let all = status.get("transformers")?.as_array()?;
    all.iter()
        .find(|one| one.get("name").and_then(Value::as_str) == Some(name))
}

fn text<'a>(entry: Option<&'a Value>, field: &str) -> Option<&'a str> {
    entry?.get(field)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_serve_only_if_they_came_from_the_file_that_was_written() {
        let entry = json!({"name": "a", "path": "/t/a.wasm", "sha256": "ab", "generation": 3});
        let status = json!({ "transformers": [entry] });
        let served = |path: &str, sha256| served(&status, "a", Path::new(path), sha256);
        assert_eq!(served("/t/a.wasm", "ab"), Some(3));
        assert_eq!(served("/t/a.wasm", "cd"), None);
        assert_eq!(served("/other/a.wasm", "ab"), None, "another folder's");
    }

    #[test]
    fn a_service_that_looks_elsewhere_is_told_with_both_folders() {
        let status = json!({ "transformers_folder": "/there" });
        let told = looks_here(&status, Path::new("/here/a.wasm"))
            .unwrap_err()
            .to_string();
        assert!(told.contains("/here") && told.contains("/there"), "{told}");
        assert!(looks_here(&status, Path::new("/there/a.wasm")).is_ok());
    }
}
