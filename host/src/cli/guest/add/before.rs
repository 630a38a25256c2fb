//! What lies where a component is to be put: kept until it is sure that it may go.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::guest::dev::put;
use crate::wasm::sha256;

/// The file that was there, if there was one.
pub(super) struct Before {
    bytes: Option<Vec<u8>>,
    mode: u32,
}

impl Before {
    /// Errors: it is there and cannot be read.
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let bytes = match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
        };
        let mode = fs::metadata(path).map_or(0o600, |file| file.permissions().mode());
        Ok(Self { bytes, mode })
    }

    /// Nothing is lost if these bytes take its place.
    pub(super) fn may_go(&self, digest: &str) -> bool {
        self.sha256().is_none_or(|own| own == digest)
    }

    pub(super) fn sha256(&self) -> Option<String> {
        self.bytes.as_deref().map(sha256)
    }

    /// As it was, or nothing if there was nothing.
    pub(super) fn put_back(&self, path: &Path) -> anyhow::Result<()> {
        match &self.bytes {
            Some(bytes) => {
                put(path, bytes)?;
                fs::set_permissions(path, fs::Permissions::from_mode(self.mode))?;
            }
            None => fs::remove_file(path)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.wasm");
        let nothing = Before::of(&path).unwrap();
        assert!(nothing.may_go("ab"));
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let one = Before::of(&path).unwrap();
        assert!(!one.may_go("ab") && one.may_go(&sha256(b"one")));
        put(&path, b"two").unwrap();
        one.put_back(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        nothing.put_back(&path).unwrap();
        assert!(!path.exists());
    }
}
