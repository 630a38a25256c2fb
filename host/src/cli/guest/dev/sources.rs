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
        let watched = folders.to_vec();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                if event.is_ok_and(|event| is_save(&event, &watched)) {
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

fn is_save(event: &notify::Event, watched: &[PathBuf]) -> bool {
    let written = event.kind.is_create() || event.kind.is_modify() || event.kind.is_remove();
    // What lies above a watched folder says nothing about the file.
    let inside = |path: &Path| {
        let below = watched
            .iter()
            .find_map(|folder| path.strip_prefix(folder).ok());
        is_source(below.unwrap_or(path))
    };
    written && event.paths.iter().any(|path| inside(path))
}

/// Folders in which no person writes.
const BUILT: [&str; 3] = ["target", "node_modules", ".git"];

/// What a build writes, and what editors keep beside a file, is none.
fn is_source(path: &Path) -> bool {
    let built = path
        .components()
        .any(|part| BUILT.iter().any(|name| part.as_os_str() == *name));
    let extension = path.extension().and_then(|extension| extension.to_str());
    !built
        && matches!(
            extension,
            Some("rs" | "toml" | "js" | "mjs" | "ts" | "json" | "json5" | "sse" | "jsonl" | "wit")
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_lies_below_a_target_folder_is_followed_too() {
        use notify::event::{CreateKind, Event, EventKind};
        let created =
            |path: &str| Event::new(EventKind::Create(CreateKind::File)).add_path(path.into());
        let watched = [PathBuf::from("/build/target/guest")];
        assert!(is_save(
            &created("/build/target/guest/src/lib.rs"),
            &watched
        ));
        assert!(!is_save(
            &created("/build/target/guest/target/x.rs"),
            &watched
        ));
    }

    #[test]
    fn sources_and_fixtures_count_and_what_is_built_does_not() {
        assert!(is_source(Path::new("/g/src/lib.rs")));
        assert!(is_source(Path::new("/g/fixtures/a/case.json5")));
        assert!(!is_source(Path::new("/g/target/guest-dev/build/x.rs")));
        assert!(!is_source(Path::new("/g/src/.lib.rs.swp")));
        assert!(is_source(Path::new("/g/transformer.js")));
        assert!(
            !is_source(Path::new("/g/node_modules/a/a.js")) && !is_source(Path::new("/g/a.wasm"))
        );
    }
}
