//! What a service writes down of itself: who it is, where it listens, how it was started. Holds no key.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How a service was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// `transom serve` in a terminal or under some supervisor.
    Foreground,
    /// `transom start`.
    Background,
    /// By systemd.
    Unit,
}

/// The options of `serve`, as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The configuration file that is used, absolute; none: the embedded demo.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--transformers`, absolute.
    pub transformers: Option<PathBuf>,
    /// `--record`.
    pub record: bool,
}

/// A service, as it wrote itself down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The process.
    pub pid: u32,
    /// When that began, in the kernel's ticks since it booted: a number that is given to another
    /// process begins at another time.
    pub began: u64,
    /// Of the kernel that counts so.
    pub boot: String,
    /// Told at `/health` too.
    pub instance: String,
    /// Where it listens.
    pub listen: SocketAddr,
    /// How it was started.
    pub mode: Mode,
    /// With what.
    pub options: Options,
    /// Of the program.
    pub version: String,
}

impl Note {
    /// Of this process.
    pub fn of_this_process(
        instance: &str,
        listen: SocketAddr,
        mode: Mode,
        options: Options,
    ) -> Self {
        let pid = std::process::id();
        Self {
            pid,
            began: began(pid).unwrap_or_default(),
            boot: boot(),
            instance: instance.to_owned(),
            listen,
            mode,
            options,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// None for a file that is not there, or no note.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let unfinished = path.with_extension(format!("{}.new", self.pid));
        let text = serde_json::to_vec_pretty(self)?;
        let written = fs::File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&unfinished)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// The process that wrote it still runs: not one that was given its number later.
    pub fn is_alive(&self) -> bool {
        self.boot == boot() && began(self.pid) == Some(self.began)
    }
}

/// Field 22 of `/proc/PID/stat`. The name in the second one may hold anything but ends with the last `)`.
fn began(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    // A dead process that nobody waited for is none.
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18)?.parse().ok())?
}

fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Note {
        Note::of_this_process(
            "i",
            ([127, 0, 0, 1], 1).into(),
            Mode::Background,
            Options::default(),
        )
    }

    #[test]
    fn a_number_that_was_given_to_another_process_is_not_taken_for_it() {
        let note = note();
        assert!(note.is_alive());
        let reused = Note {
            began: note.began + 1,
            ..note.clone()
        };
        assert!(!reused.is_alive());
        let of_an_earlier_boot = Note {
            boot: "another".to_owned(),
            ..note
        };
        assert!(!of_an_earlier_boot.is_alive());
    }

    #[test]
    fn what_is_written_is_read_and_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        note().write(&path).unwrap();
        assert_eq!(Note::read(&path), Some(note()));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&path, "{").unwrap();
        assert_eq!(Note::read(&path), None);
    }
}
