//! Notices that sources were saved.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Context as _;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// Silence after which a burst of saves is over: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(30);

/// The folders that are watched.
pub(super) struct Sources {
    events: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Sources {
    /// Watches folders, and those in them.
    pub(super) fn watch(folders: &[PathBuf]) -> anyhow::Result<Self> {
        let (sender, events) = channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                if event.is_ok_and(|event| is_save(&event)) {
                    // Gone only when the process ends.
                    let _ = sender.send(());
                }
            })
            .context("changes of files cannot be watched")?;
        for folder in folders {
            watcher
                .watch(folder, RecursiveMode::Recursive)
                .with_context(|| format!("{} cannot be watched", folder.display()))?;
        }
        Ok(Self {
            events,
            _watcher: watcher,
        })
    }

    /// Blocks until something was saved.
    pub(super) fn changed(&mut self) {
        if self.events.recv().is_err() {
            return;
        }
        while self.events.recv_timeout(QUIET).is_ok() {}
    }
}

fn is_save(event: &notify::Event) -> bool {
    let written = event.kind.is_create() || event.kind.is_modify() || event.kind.is_remove();
    written && event.paths.iter().any(|path| is_source(path))
}

/// What a build writes, and what editors keep beside a file, is none.
fn is_source(path: &Path) -> bool {
    let built = path
        .components()
        .any(|part| part.as_os_str() == "target" || part.as_os_str() == ".git");
    let extension = path.extension().and_then(|extension| extension.to_str());
    !built
        && matches!(
            extension,
            Some("rs" | "toml" | "json" | "json5" | "sse" | "jsonl" | "wit")
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_fixtures_count_and_what_is_built_does_not() {
        assert!(is_source(Path::new("/g/src/lib.rs")));
        assert!(is_source(Path::new("/g/fixtures/a/case.json5")));
        assert!(!is_source(Path::new("/g/target/guest-dev/build/x.rs")));
        assert!(!is_source(Path::new("/g/src/.lib.rs.swp")));
    }
}
