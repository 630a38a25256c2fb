//! Notices changes of component files and of the configuration, and says which.
//!
//! Folders are watched, not files: a file is lost to a watch at its first rename. Events settle
//! before they count. A look at every file each second finds what events missed, and is all there
//! is on mounts that deliver no events (a Mac folder in a VM).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Silence after which a burst of events is over.
const QUIET: Duration = Duration::from_millis(20);

/// A burst counts after this long even when it goes on.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often files are looked at without an event.
const POLL: Duration = Duration::from_secs(1);

/// What to watch, asked for at every look since the configuration may change it.
pub struct Watched {
    /// Files whose content matters; they need not exist.
    pub files: Vec<PathBuf>,
}

/// Says which files changed. Lives on a thread of its own.
pub struct Watch {
    events: Receiver<()>,
    sender: Sender<()>,
    watcher: Option<RecommendedWatcher>,
    followed: Followed,
    stamps: BTreeMap<PathBuf, Option<Stamp>>,
}

/// What events are asked for.
#[derive(Clone, Default, PartialEq, Eq)]
struct Followed {
    files: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
}

/// Changes when a file does; cheap to get.
type Stamp = (u64, u64, i64, i64, i64, i64);

impl Watch {
    /// Starts with the files as they are now: only later changes are said.
    pub fn new(watched: &Watched) -> Self {
        let (sender, events) = channel();
        let mut watch = Self {
            events,
            sender,
            watcher: None,
            followed: Followed::default(),
            stamps: BTreeMap::new(),
        };
        watch.follow(watched);
        watch.changed(watched);
        watch
    }

    /// Blocks until a file changed (or a poll interval passed): the changed files.
    pub fn next(&mut self, watched: &Watched) -> Vec<PathBuf> {
        self.follow(watched);
        match self.events.recv_timeout(POLL) {
            Ok(()) => self.settle(),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        self.changed(watched)
    }

    fn settle(&self) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && self.events.recv_timeout(QUIET).is_ok() {}
    }

    fn changed(&mut self, watched: &Watched) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        for path in &watched.files {
            let stamp = stamp(path);
            if self.stamps.insert(path.clone(), stamp) != Some(stamp) {
                changed.push(path.clone());
            }
        }
        changed
    }

    /// Watches the folders of the files. One that cannot be watched is still polled.
    fn follow(&mut self, watched: &Watched) {
        let followed = Followed::of(watched);
        if followed == self.followed && self.watcher.is_some() {
            return;
        }
        let (sender, wanted) = (self.sender.clone(), followed.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| wanted.concerns(&event)) {
                // The thread that listens is gone only when the process ends.
                let _ = sender.send(());
            }
        });
        let Ok(mut watcher) = watcher else {
            tracing::warn!("file events are not to be had; files are looked at every second");
            return;
        };
        for dir in &followed.dirs {
            if let Err(error) = watcher.watch(dir, RecursiveMode::NonRecursive) {
                tracing::warn!(dir = %dir.display(), %error, "folder cannot be watched; it is looked at every second");
            }
        }
        self.watcher = Some(watcher);
        self.followed = followed;
    }
}

impl Followed {
    fn of(watched: &Watched) -> Self {
        let parents = watched.files.iter().filter_map(|file| file.parent());
        let mut dirs: Vec<PathBuf> = parents.map(Path::to_owned).collect();
        dirs.sort();
        dirs.dedup();
        dirs.retain(|dir| dir.is_dir() && !crate::mount::is_shared(dir));
        Self {
            files: watched.files.clone(),
            dirs,
        }
    }

    /// Other files of a folder, a log that grows there for one, wake nobody.
    fn concerns(&self, event: &notify::Event) -> bool {
        let ours = |path: &PathBuf| self.files.contains(path) || self.dirs.contains(path);
        event.need_rescan() || (matters(event.kind) && event.paths.iter().any(ours))
    }
}

/// Opening and reading are our own doing.
fn matters(kind: EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode};
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((
        meta.ino(),
        meta.size(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_until(watch: &mut Watch, watched: &Watched, path: &Path) {
        for _ in 0..30 {
            if watch.next(watched).iter().any(|changed| changed == path) {
                return;
            }
        }
        panic!("the change of {} was never said", path.display());
    }

    #[test]
    fn other_files_of_the_folder_wake_nobody() {
        use notify::event::{CreateKind, Event};
        let followed = Followed {
            files: vec!["/d/a.wasm".into()],
            dirs: vec!["/d".into()],
        };
        let created =
            |path: &str| Event::new(EventKind::Create(CreateKind::File)).add_path(path.into());
        assert!(followed.concerns(&created("/d/a.wasm")));
        assert!(followed.concerns(&created("/d")));
        assert!(!followed.concerns(&created("/d/transom.log")));
        let renamed = created("/d/.a.new").add_path("/d/a.wasm".into());
        assert!(followed.concerns(&renamed));
    }

    #[test]
    fn a_file_is_followed_through_every_way_of_replacing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        let other = dir.path().join("other");
        let watched = Watched {
            files: vec![path.clone()],
        };
        let mut watch = Watch::new(&watched);
        fs::write(&path, "1").unwrap();
        look_until(&mut watch, &watched, &path);
        fs::write(&other, "22").unwrap();
        fs::rename(&other, &path).unwrap();
        look_until(&mut watch, &watched, &path);
        fs::write(&other, "333").unwrap();
        fs::remove_file(&path).unwrap();
        fs::hard_link(&other, &path).unwrap();
        look_until(&mut watch, &watched, &path);
        fs::write(&path, "4444").unwrap();
        look_until(&mut watch, &watched, &path);
        fs::remove_file(&path).unwrap();
        look_until(&mut watch, &watched, &path);
    }
}
