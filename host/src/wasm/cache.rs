//! Compiled components on disk, so that a start does not compile: `SHA256-ENGINE.cwasm` in a
//! folder that only this user can write.
//!
//! A compiled component is machine code: whoever can write it can run anything as this user. So
//! folder and file must belong to this user and be writable by nobody else, and a folder on a
//! shared mount is not used at all.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wasmtime::component::Component;

/// The folder of compiled components.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// Opens (and makes) the folder. None when it cannot be trusted, with the reason.
    pub fn open(dir: &Path) -> Result<Self, String> {
        let named = |why: String| format!("cache {}: {why}", dir.display());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| named(error.to_string()))?;
        let meta = fs::metadata(dir).map_err(|error| named(error.to_string()))?;
        owned_by_us_alone(&meta).map_err(named)?;
        if crate::mount::is_shared(dir) {
            return Err(named("it lies on a shared mount".to_owned()));
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// The compiled form of the component with this sha256, if it is there and can be trusted.
    pub(super) fn get(&self, engine: &wasmtime::Engine, sha256: &str) -> Option<Component> {
        let path = self.path(engine, sha256);
        let meta = fs::symlink_metadata(&path).ok()?;
        if !meta.is_file() || owned_by_us_alone(&meta).is_err() {
            return None;
        }
        deserialize(engine, &path)
    }

    /// Keeps a compiled component. Failing to is not an error: the next start compiles again.
    pub(super) fn put(&self, engine: &wasmtime::Engine, sha256: &str, component: &Component) {
        if let Err(error) = self.write(engine, sha256, component) {
            tracing::debug!(%error, "a compiled component could not be cached");
        }
    }

    fn write(
        &self,
        engine: &wasmtime::Engine,
        sha256: &str,
        component: &Component,
    ) -> anyhow::Result<()> {
        let bytes = component.serialize()?;
        let path = self.path(engine, sha256);
        let unfinished = path.with_extension(format!("tmp{}", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(&bytes)?;
        drop(file);
        fs::rename(unfinished, path)?;
        Ok(())
    }

    fn path(&self, engine: &wasmtime::Engine, sha256: &str) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.dir
            .join(format!("{sha256}-{:016x}.cwasm", hasher.finish()))
    }
}

/// Compiled components that are kept beside those in use, and what they may take in all.
const MOST_FILES: usize = 32;
const MOST_BYTES: u64 = 512 << 20;

/// An unfinished file of this age belongs to a process that is gone.
const UNFINISHED_FOR: Duration = Duration::from_hours(1);

impl Cache {
    /// Removes what was not used for the longest time, beyond the last 32 files and 512 MiB.
    /// `used` are the sha256 of the components that run: they stay, and count as just used. Other
    /// hosts may use the folder too; what one of them has loaded stays usable when its file goes.
    pub(crate) fn prune(&self, engine: &wasmtime::Engine, used: &BTreeSet<String>) {
        // Mounts can change under a path.
        if crate::mount::is_shared(&self.dir) {
            return;
        }
        let used: BTreeSet<_> = used
            .iter()
            .map(|sha256| self.path(engine, sha256))
            .collect();
        let now = SystemTime::now();
        for path in &used {
            // A file that is not there, or not ours, has no time to set.
            let _ = fs::File::options()
                .append(true)
                .open(path)
                .and_then(|file| file.set_modified(now));
        }
        let removed = surplus(self.files(now), &used, MOST_FILES, MOST_BYTES);
        for path in &removed {
            // Another host may have been quicker.
            let _ = fs::remove_file(path);
        }
        if !removed.is_empty() {
            tracing::debug!(files = removed.len(), "old compiled components are removed");
        }
    }

    /// The files that this module wrote, in this process or another. Anything else in the folder is
    /// not ours to judge.
    fn files(&self, now: SystemTime) -> Vec<Kept> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| {
            let name = entry.file_name();
            let finished = kind(name.to_str()?)?;
            let meta = fs::symlink_metadata(entry.path()).ok()?;
            let modified = meta.modified().ok().filter(|_| meta.is_file())?;
            let age = now.duration_since(modified).unwrap_or_default();
            Some(Kept {
                path: entry.path(),
                size: meta.len(),
                age,
                finished,
            })
        });
        files.collect()
    }
}

/// A file of the folder.
struct Kept {
    path: PathBuf,
    size: u64,
    /// Since it was last used.
    age: Duration,
    /// Not the remains of a write.
    finished: bool,
}

/// Whether a name is that of a finished file; none: of no file of ours.
fn kind(name: &str) -> Option<bool> {
    let hex = |text: &str, length| {
        text.len() == length && text.chars().all(|digit| digit.is_ascii_hexdigit())
    };
    let (stem, extension) = name.rsplit_once('.')?;
    let (sha256, engine) = stem.split_once('-')?;
    if !hex(sha256, 64) || !hex(engine, 16) {
        return None;
    }
    match extension.strip_prefix("tmp") {
        Some(process) => process.parse::<u32>().is_ok().then_some(false),
        None => (extension == "cwasm").then_some(true),
    }
}

/// What goes: the newest stay, and whatever is in use.
fn surplus(
    mut files: Vec<Kept>,
    used: &BTreeSet<PathBuf>,
    most_files: usize,
    most_bytes: u64,
) -> Vec<PathBuf> {
    files.sort_by_key(|file| (!used.contains(&file.path), file.age));
    let (mut count, mut bytes, mut removed) = (0, 0, Vec::new());
    for file in files {
        if !file.finished {
            if file.age >= UNFINISHED_FOR {
                removed.push(file.path);
            }
            continue;
        }
        count += 1;
        bytes += file.size;
        let fits = count <= most_files && bytes <= most_bytes;
        if !fits && !used.contains(&file.path) {
            removed.push(file.path);
        }
    }
    removed
}

#[expect(
    unsafe_code,
    reason = "wasmtime cannot verify machine code; the file is ours alone and lies where only we write"
)]
fn deserialize(engine: &wasmtime::Engine, path: &Path) -> Option<Component> {
    // SAFETY: the caller checked that only this user can have written the file, and `write` is
    // the only place that does, with the output of this engine's compiler.
    match unsafe { Component::deserialize_file(engine, path) } {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::debug!(%error, "a cached component is not usable and is compiled again");
            None
        }
    }
}

fn owned_by_us_alone(meta: &fs::Metadata) -> Result<(), String> {
    let us = rustix::process::geteuid().as_raw();
    if meta.uid() != us {
        return Err(format!("it belongs to user {}, not to {us}", meta.uid()));
    }
    if meta.mode() & 0o022 != 0 {
        return Err("others can write it; chmod go-w it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(
            Cache::open(dir.path())
                .unwrap_err()
                .contains("others can write")
        );
    }

    #[test]
    fn a_new_folder_is_made_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        Cache::open(&path).unwrap();
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o700);
    }

    fn name(digit: char, extension: &str) -> String {
        format!(
            "{}-{}.{extension}",
            digit.to_string().repeat(64),
            "0".repeat(16)
        )
    }

    /// A file of a megabyte that was last used so many hours ago.
    fn kept(name: &str, hours: u64) -> Kept {
        Kept {
            path: PathBuf::from(name),
            size: 1 << 20,
            age: Duration::from_hours(hours),
            finished: kind(name).unwrap(),
        }
    }

    #[test]
    fn the_least_recently_used_go_and_those_in_use_stay() {
        let [used, new, older, oldest] = ['a', 'b', 'c', 'd'].map(|digit| name(digit, "cwasm"));
        let files = || {
            vec![
                kept(&older, 2),
                kept(&used, 900),
                kept(&oldest, 3),
                kept(&new, 1),
            ]
        };
        let in_use = BTreeSet::from([PathBuf::from(&used)]);
        let by_count = surplus(files(), &in_use, 2, u64::MAX);
        assert_eq!(by_count, [PathBuf::from(&older), PathBuf::from(&oldest)]);
        let by_size = surplus(files(), &in_use, 9, 3 << 20);
        assert_eq!(by_size, [PathBuf::from(&oldest)]);
        assert!(surplus(files(), &in_use, 4, 4 << 20).is_empty());
        let alone = surplus(vec![kept(&used, 9)], &in_use, 0, 0);
        assert!(alone.is_empty(), "what is in use stays whatever it takes");
    }

    #[test]
    fn only_remains_of_processes_that_are_gone_are_removed() {
        let [young, old] = ['a', 'b'].map(|digit| name(digit, "tmp77"));
        let files = vec![kept(&young, 0), kept(&old, 1)];
        let removed = surplus(files, &BTreeSet::new(), 0, 0);
        assert_eq!(removed, [PathBuf::from(old)]);
    }

    #[test]
    fn a_full_cache_is_pruned_and_files_of_others_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path()).unwrap();
        let engine = wasmtime::Engine::default();
        let sha256 = "f".repeat(64);
        let used = cache.path(&engine, &sha256);
        let foreign =
            ["notes.cwasm", "config.json", &name('x', "cwasm")].map(|name| dir.path().join(name));
        let mut all: Vec<_> = (0..MOST_FILES + 3)
            .map(|number| {
                let name = format!("{number:064x}-{}.cwasm", "0".repeat(16));
                dir.path().join(name)
            })
            .collect();
        all.extend(foreign.clone());
        all.push(used.clone());
        for (number, path) in all.iter().enumerate() {
            fs::write(path, "x").unwrap();
            let age = Duration::from_hours(100 + number as u64);
            let file = fs::File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        cache.prune(&engine, &BTreeSet::from([sha256]));
        let left = all.iter().filter(|path| path.exists()).count();
        assert_eq!(left, MOST_FILES + foreign.len());
        assert!(used.exists() && foreign.iter().all(|path| path.exists()));
        assert!(all[0].exists(), "used most recently");
        assert!(!all[MOST_FILES + 2].exists(), "used least recently");
    }
}
