//! What earlier processes learned of transformers, on disk: which bytes served last, and which were
//! taken back. A start with a file that is refused then serves what served before, as the process
//! before it did, and says so.
//!
//! In a folder for each transformers folder, `NAME.json` says which, and `NAME-SHA256.wasm` are the bytes.
//! Losing them loses no more than that. Knows no generations and compiles nothing.

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::wasm::sha256;

/// The folder of what was learned.
#[derive(Debug, Clone)]
pub struct History {
    dir: PathBuf,
}

/// Why bytes that could be loaded are not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Held {
    /// They were not the same on recorded exchanges.
    Differs,
    /// They broke over recorded exchanges that the version before them served.
    Broke,
    /// They trapped while they were new.
    Trapped,
    /// A person took them back.
    ByHand,
}

/// Bytes that served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Served {
    /// Of the binary.
    Builtin,
    /// Of a file, with this sha256.
    File(String),
}

/// What is known of one transformer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    /// What serves, or served when the last process ended.
    pub(super) served: Option<Served>,
    /// What served before it.
    pub(super) before: Option<Served>,
    /// The newest bytes that were held back: their sha256, and why.
    pub(super) held: Option<(String, Held, String)>,
}

impl History {
    /// Below this folder, of the transformers in `transformers`: another folder has another history.
    /// It is made when there is something to keep.
    pub fn of(state: &Path, transformers: &Path) -> Self {
        let whole = std::path::absolute(transformers).unwrap_or(transformers.to_owned());
        let digest = sha256(whole.as_os_str().as_bytes());
        let of_folder = digest.get(..16).unwrap_or(&digest);
        Self {
            dir: state.join("transformers").join(of_folder),
        }
    }

    /// What is known. A note that cannot be read is as good as none.
    pub(super) fn note(&self, name: &str) -> Note {
        let text = fs::read(self.path(name)).ok();
        text.and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// The file with the bytes that had this sha256, if it is whole.
    pub(super) fn bytes(&self, name: &str, digest: &str) -> Option<(PathBuf, Vec<u8>)> {
        let path = self.bytes_path(name, digest);
        let bytes = fs::read(&path).ok()?;
        (sha256(&bytes) == digest).then_some((path, bytes))
    }

    /// Keeps a changed note; `bytes` are those of the file that serves now. Failing to is no error: a
    /// later start then loads the file, whatever it is.
    pub(super) fn keep(&self, name: &str, note: &Note, bytes: Option<&[u8]>) {
        let is_there = match &note.served {
            Some(Served::File(digest)) => self.bytes_path(name, digest).exists(),
            _ => true,
        };
        if *note == self.note(name) && (is_there || bytes.is_none()) {
            return;
        }
        if let Err(error) = self.write(name, note, bytes) {
            tracing::warn!(transformer = name, %error, "what serves cannot be kept for the next start");
        }
    }

    fn write(&self, name: &str, note: &Note, bytes: Option<&[u8]>) -> anyhow::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)?;
        if let (Some(Served::File(digest)), Some(bytes)) = (&note.served, bytes) {
            put(&self.bytes_path(name, digest), bytes)?;
        }
        put(&self.path(name), &serde_json::to_vec(note)?)?;
        self.forget_others(name, note);
        Ok(())
    }

    /// Bytes that neither serve nor served before.
    fn forget_others(&self, name: &str, note: &Note) {
        let wanted: Vec<PathBuf> = [&note.served, &note.before]
            .into_iter()
            .filter_map(|served| match served {
                Some(Served::File(digest)) => Some(self.bytes_path(name, digest)),
                _ => None,
            })
            .collect();
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if is_bytes_of(&path, name) && !wanted.contains(&path) {
                // Another process may have been quicker.
                let _ = fs::remove_file(path);
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }

    fn bytes_path(&self, name: &str, digest: &str) -> PathBuf {
        self.dir.join(format!("{name}-{digest}.wasm"))
    }
}

/// `NAME-SHA256.wasm`: another transformer's name may begin with this one's.
fn is_bytes_of(path: &Path, name: &str) -> bool {
    let digest = path
        .file_name()
        .and_then(|file| file.to_str()?.strip_prefix(name)?.strip_prefix('-'))
        .and_then(|rest| rest.strip_suffix(".wasm"));
    digest.is_some_and(|digest| {
        digest.len() == 64 && digest.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// By rename, for this user alone.
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh
        .as_file()
        .set_permissions(fs::Permissions::from_mode(0o600))?;
    fresh.write_all(bytes)?;
    fresh.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serves_and_what_served_before_are_kept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::of(dir.path(), Path::new("/t"));
        assert_eq!(history.note("a"), Note::default());
        let mut before = None;
        for bytes in [b"one", b"two", b"six"] {
            let served = Some(Served::File(sha256(bytes)));
            let note = Note {
                served: served.clone(),
                before,
                held: None,
            };
            history.keep("a", &note, Some(bytes));
            assert_eq!(history.note("a"), note);
            before = served;
        }
        let kept = |bytes: &[u8]| history.bytes("a", &sha256(bytes)).map(|(_, bytes)| bytes);
        assert_eq!(kept(b"one"), None);
        assert_eq!(kept(b"two"), Some(b"two".to_vec()));
        assert_eq!(kept(b"six"), Some(b"six".to_vec()));
        let (path, _) = history.bytes("a", &sha256(b"six")).unwrap();
        fs::write(&path, "damaged").unwrap();
        assert_eq!(kept(b"six"), None, "bytes that are not whole are none");
        assert_eq!(
            fs::metadata(path.parent().unwrap())
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
    }

    #[test]
    fn the_bytes_of_a_transformer_whose_name_begins_alike_are_not_taken_for_its_own() {
        let digest = "a".repeat(64);
        assert!(is_bytes_of(
            Path::new(&format!("/s/zai-{digest}.wasm")),
            "zai"
        ));
        assert!(!is_bytes_of(
            Path::new(&format!("/s/zai-two-{digest}.wasm")),
            "zai"
        ));
        assert!(!is_bytes_of(Path::new("/s/zai.json"), "zai"));
    }
}
