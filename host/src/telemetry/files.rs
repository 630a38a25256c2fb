//! Log files that stay under their bound: `transom-DATE.NUMBER.jsonl` in a folder of this user alone.
//!
//! Numbers only rise, so that the order of files does not depend on the clock. Several processes may
//! share a folder: the file that one writes is locked by it, and only what nobody writes is removed
//! or written on. Before a file is begun the folder is made to have room for all of it. Knows
//! nothing of what lines say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::clock::{Stamp, day_of};

/// More are not kept, however small they are: a folder must stay readable.
const MOST_FILES: usize = 200;

/// What log files may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes of one file.
    pub file: u64,
    /// The most bytes of all files of the folder together.
    pub total: u64,
    /// Files of more than so many days ago are removed.
    pub days: u32,
}

/// One of the files of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogFile {
    /// Rises from file to file.
    pub number: u64,
    /// On which it was begun, as days since 1970.
    day: i64,
    /// Where it is.
    pub path: PathBuf,
}

/// All log files of a folder, the oldest first.
pub fn files_of(folder: &Path) -> Vec<LogFile> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<LogFile> = entries
        .filter_map(|entry| parsed(entry.file_name().to_str()?, entry.path()))
        .collect();
    files.sort();
    files
}

fn parsed(name: &str, path: PathBuf) -> Option<LogFile> {
    let stem = name.strip_prefix("transom-")?.strip_suffix(".jsonl")?;
    let (date, number) = stem.split_once('.')?;
    Some(LogFile {
        number: number.parse().ok()?,
        day: day_of(date)?,
        path,
    })
}

/// The writing side of a folder.
pub(super) struct Files {
    folder: PathBuf,
    bounds: Bounds,
    open: Option<Open>,
}

struct Open {
    file: File,
    path: PathBuf,
    day: i64,
    size: u64,
}

impl Files {
    /// Of a folder, which is made with the first line.
    pub(super) fn new(folder: PathBuf, bounds: Bounds) -> Self {
        Self {
            folder,
            bounds,
            open: None,
        }
    }

    /// The file that was last written.
    pub(super) fn current(&self) -> Option<&Path> {
        self.open.as_ref().map(|open| open.path.as_path())
    }

    /// Writes whole lines, and leaves in `rest` those that are not written. A line that is longer than a
    /// file is left out.
    ///
    /// Errors: the disk's, and a folder in which other processes have taken all room.
    pub(super) fn write(&mut self, rest: &mut &[u8], now: Stamp) -> io::Result<()> {
        while !rest.is_empty() {
            let first = first_line(rest).len();
            if first as u64 > self.bounds.file {
                *rest = &rest[first..];
                continue;
            }
            self.make_ready(first as u64, now)?;
            let Some(open) = &mut self.open else {
                return Err(io::Error::other("no log file is open"));
            };
            let room = self.bounds.file.saturating_sub(open.size);
            let piece = whole_lines(rest, room);
            if piece.is_empty() {
                return Err(io::Error::other("a log file has no room for a line"));
            }
            if let Err(error) = open.file.write_all(piece) {
                self.open = None;
                return Err(error);
            }
            open.size += piece.len() as u64;
            *rest = &rest[piece.len()..];
        }
        Ok(())
    }

    /// A file of today with room for so many bytes.
    fn make_ready(&mut self, bytes: u64, now: Stamp) -> io::Result<()> {
        if let Some(open) = &self.open
            && open.day == now.day()
            && (open.size + bytes <= self.bounds.file || open.size == 0)
            && open.is_there()
        {
            return Ok(());
        }
        self.open = None;
        self.open = Some(self.begin(bytes, now)?);
        Ok(())
    }

    /// Continues a file of today that nobody writes, else begins one, with room made for it. One
    /// process does so at a time.
    fn begin(&self, bytes: u64, now: Stamp) -> io::Result<Open> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let turn = private().open(self.folder.join(".lock"))?;
        flock(&turn, FlockOperation::LockExclusive)?;
        let mut files = files_of(&self.folder);
        let of_today = |file: &LogFile| file.day == now.day();
        let mut begun = files
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, file)| of_today(file));
        let continued = begun.find_map(|(at, file)| Some((at, self.continued(file, bytes)?)));
        if let Some((at, open)) = continued {
            files.remove(at);
            if self.make_room(files, now)? {
                return Ok(open);
            }
            return Err(no_room(&self.folder));
        }
        let number = files.last().map_or(1, |newest| newest.number + 1);
        if !self.make_room(files, now)? {
            return Err(no_room(&self.folder));
        }
        let name = format!("transom-{}.{number:08}.jsonl", now.date());
        let path = self.folder.join(name);
        let file = private().open(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Open {
            file,
            path,
            day: now.day(),
            size: 0,
        })
    }

    fn continued(&self, newest: &LogFile, bytes: u64) -> Option<Open> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&newest.path)
            .ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        let mut size = file.metadata().ok()?.len();
        if size + bytes + 1 > self.bounds.file {
            return None;
        }
        // A process that was killed may have left half a line.
        if size > 0 && !ends_a_line(&mut file) {
            file.write_all(b"\n").ok()?;
            size += 1;
        }
        Some(Open {
            file,
            path: newest.path.clone(),
            day: newest.day,
            size,
        })
    }

    /// Removes what is too old, then the oldest until one file of full size fits in. False: what
    /// others write takes too much.
    fn make_room(&self, files: Vec<LogFile>, now: Stamp) -> io::Result<bool> {
        let oldest_day = now.day() - i64::from(self.bounds.days);
        let most = self.bounds.total.saturating_sub(self.bounds.file);
        let mut kept: Vec<Kept> = Vec::new();
        for file in files {
            let Some(one) = self.looked_at(file) else {
                continue;
            };
            if !one.in_use && one.file.day < oldest_day {
                removed(&one.file.path)?;
            } else {
                kept.push(one);
            }
        }
        let fits = |kept: &[Kept]| {
            kept.iter().map(|one| one.takes).sum::<u64>() <= most && kept.len() < MOST_FILES
        };
        while !fits(&kept) {
            let Some(oldest) = kept.iter().position(|one| !one.in_use) else {
                return Ok(false);
            };
            removed(&kept.remove(oldest).file.path)?;
        }
        Ok(true)
    }

    fn looked_at(&self, file: LogFile) -> Option<Kept> {
        let size = fs::metadata(&file.path).ok()?.len();
        let in_use = in_use(&file.path);
        // What another process writes can still grow to its full size.
        let takes = if in_use {
            size.max(self.bounds.file)
        } else {
            size
        };
        Some(Kept {
            file,
            takes,
            in_use,
        })
    }
}

/// A file of the folder, as room is made.
struct Kept {
    file: LogFile,
    /// Bytes that must be counted for it.
    takes: u64,
    in_use: bool,
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Open {
    /// Somebody may have removed it: what is written would be gone.
    fn is_there(&self) -> bool {
        self.file.metadata().is_ok_and(|meta| meta.nlink() > 0)
    }
}

/// Whether a process writes this file. One that cannot be opened is left alone.
fn in_use(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockExclusive).is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn no_room(folder: &Path) -> io::Error {
    io::Error::other(format!(
        "the processes that share {} have taken all of log.max_total",
        folder.display()
    ))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    options
}

fn ends_a_line(file: &mut File) -> bool {
    let mut last = [0];
    file.seek(SeekFrom::End(-1)).is_ok() && file.read_exact(&mut last).is_ok() && last == *b"\n"
}

/// With its end.
fn first_line(lines: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', lines).map_or(lines, |end| &lines[..=end])
}

/// As many whole lines as fit.
fn whole_lines(lines: &[u8], room: u64) -> &[u8] {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if lines.len() <= room {
        return lines;
    }
    let end = memchr::memrchr(b'\n', &lines[..room]).map_or(0, |end| end + 1);
    &lines[..end]
}

#[cfg(test)]
mod tests;
