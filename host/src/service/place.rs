//! The files of a service, by the address that it listens on: `service/ADDRESS.{json,sock,out}` in
//! the state folder; and of a process that was replaced by another, by its number:
//! `service/leaving-NUMBER.{json,sock}`.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::note::Note;

/// Begins the names of the files of processes that were replaced.
const LEAVING: &str = "leaving-";

/// What fits into the address of a Unix socket on every system, in bytes.
const LONGEST_SOCKET: usize = 100;

/// The folder of one user's services.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
}

/// A path that a socket can be bound to or reached at, whatever its length.
pub(super) struct SocketPath {
    pub(super) path: PathBuf,
    /// Keeps the short form valid.
    _folder: Option<File>,
}

impl Place {
    /// Below a state folder.
    pub fn new(state: &Path) -> Self {
        Self {
            folder: state.join("service"),
        }
    }

    /// Makes the folder, for this user alone.
    pub fn make(&self) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
    }

    fn file(&self, listen: SocketAddr, ending: &str) -> PathBuf {
        let name = listen.to_string().replace(['[', ']'], "");
        self.folder.join(format!("{name}.{ending}"))
    }

    /// What a background service printed while it started.
    pub fn output(&self, name: &str) -> io::Result<(File, PathBuf)> {
        self.make()?;
        let path = self.folder.join(format!("{name}.out"));
        // A process that still has the one before goes on with that.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = File::options();
        let file = options
            .create_new(true)
            .append(true)
            .mode(0o600)
            .open(&path)?;
        Ok((file, path))
    }

    /// Held by a command that starts a service, so that two at once do not both do so.
    pub fn turn(&self) -> io::Result<File> {
        self.make()?;
        let mut options = File::options();
        let path = self.folder.join("turn");
        let file = options.create(true).append(true).mode(0o600).open(path)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(file)
    }

    /// The note of the service that listens there, whether it still lives or not.
    pub fn note(&self, listen: SocketAddr) -> Option<Note> {
        Note::read(&self.file(listen, "json"))
    }

    /// The notes of all services, whether they still live or not.
    pub fn notes(&self) -> Vec<Note> {
        self.notes_that(|name| !name.starts_with(LEAVING))
    }

    /// The notes of processes that were replaced and still run. What dead ones left behind is removed.
    pub fn leaving(&self) -> Vec<Note> {
        let mut notes = self.notes_that(|name| name.starts_with(LEAVING));
        notes.retain(|note| {
            let alive = note.is_alive();
            if !alive {
                self.forget_leaving(note.pid);
            }
            alive
        });
        notes.sort_by_key(|note| note.began);
        notes
    }

    fn notes_that(&self, wanted: impl Fn(&str) -> bool) -> Vec<Note> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let notes = entries.map(|entry| entry.path());
        notes
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| wanted(&name.to_string_lossy()))
            })
            .filter_map(|path| Note::read(&path))
            .collect()
    }

    /// Puts a note in the place of the one before.
    pub(super) fn write(&self, note: &Note) -> io::Result<()> {
        self.make()?;
        note.write(&self.file(note.listen, "json"))
    }

    /// Where the control socket of a service is.
    pub(super) fn socket(&self, listen: SocketAddr) -> io::Result<SocketPath> {
        reachable(&self.file(listen, "sock"))
    }

    /// Where a process that was replaced is reached.
    pub(super) fn leaving_socket(&self, pid: u32) -> io::Result<SocketPath> {
        reachable(&self.leaving_file(pid, "sock"))
    }

    /// Puts down who is reached there.
    pub(super) fn write_leaving(&self, note: &Note) -> io::Result<()> {
        note.write(&self.leaving_file(note.pid, "json"))
    }

    /// Removes what belongs to a process that was replaced.
    pub(super) fn forget_leaving(&self, pid: u32) {
        for ending in ["json", "sock"] {
            // There is none unless it was replaced.
            let _ = fs::remove_file(self.leaving_file(pid, ending));
        }
    }

    fn leaving_file(&self, pid: u32, ending: &str) -> PathBuf {
        self.folder.join(format!("{LEAVING}{pid}.{ending}"))
    }

    /// Where a process binds its control socket before it takes the usual place.
    pub(super) fn own_socket(&self, listen: SocketAddr) -> io::Result<SocketPath> {
        let ending = format!("{}.sock", std::process::id());
        reachable(&self.file(listen, &ending))
    }

    /// Removes what belongs to this instance and to no later one.
    pub fn forget(&self, listen: SocketAddr, instance: &str) {
        if self
            .note(listen)
            .is_some_and(|note| note.instance == instance)
        {
            for ending in ["json", "sock"] {
                // Another command may have been quicker.
                let _ = fs::remove_file(self.file(listen, ending));
            }
        }
    }
}

fn reachable(path: &Path) -> io::Result<SocketPath> {
    if path.as_os_str().len() <= LONGEST_SOCKET {
        return Ok(SocketPath {
            path: path.to_owned(),
            _folder: None,
        });
    }
    let folder = File::open(path.parent().unwrap_or(Path::new("/")))?;
    let name = path.file_name().unwrap_or_default();
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
    Ok(SocketPath {
        path: short.join(name),
        _folder: Some(folder),
    })
}
