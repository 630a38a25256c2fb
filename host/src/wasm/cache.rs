//! Compiled components on disk, so that a start does not compile: `SHA256-ENGINE.cwasm` in a
//! folder that only this user can write.
//!
//! A compiled component is machine code: whoever can write it can run anything as this user. So
//! folder and file must belong to this user and be writable by nobody else, and a folder on a
//! shared mount is not used at all.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
}
