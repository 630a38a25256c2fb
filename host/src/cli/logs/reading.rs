//! Log files read from their end, and on as they grow. Files come and go meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::line::{Line, Wanted};
use crate::telemetry::files::files_of;

/// The files of a folder, and how far each was read.
pub(super) struct Reading {
    folder: PathBuf,
    /// By path: bytes of whole lines.
    read: BTreeMap<PathBuf, u64>,
}

impl Reading {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            read: BTreeMap::new(),
        }
    }

    /// No file was there.
    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// The last lines that are wanted, in the order of their time: several processes may write at once.
    pub(super) fn last(&mut self, count: usize, wanted: &Wanted) -> Vec<Line> {
        let files = files_of(&self.folder);
        let mut lines: Vec<Line> = Vec::new();
        let mut enough = false;
        for file in files.iter().rev() {
            if enough {
                // Not shown, and not news either.
                let size = std::fs::metadata(&file.path).map_or(0, |meta| meta.len());
                self.read.insert(file.path.clone(), size);
                continue;
            }
            // One file more than is needed: another process may have written beside it.
            enough = lines.len() >= count;
            let mut of_file = self.grown(&file.path, wanted);
            let surplus = of_file.len().saturating_sub(count);
            lines.extend(of_file.drain(surplus..));
        }
        lines.sort_by(|one, other| one.at().cmp(other.at()));
        let surplus = lines.len().saturating_sub(count);
        lines.split_off(surplus)
    }

    /// What was written since.
    pub(super) fn news(&mut self, wanted: &Wanted) -> Vec<Line> {
        let files = files_of(&self.folder);
        self.read
            .retain(|path, _| files.iter().any(|file| file.path == *path));
        let mut lines: Vec<Line> = Vec::new();
        for file in &files {
            lines.extend(self.grown(&file.path, wanted));
        }
        lines.sort_by(|one, other| one.at().cmp(other.at()));
        lines
    }

    /// Whole lines of a file from where it was read to.
    fn grown(&mut self, path: &Path, wanted: &Wanted) -> Vec<Line> {
        let read = self.read.entry(path.to_owned()).or_default();
        let mut bytes = Vec::new();
        let size = std::fs::metadata(path).map_or(0, |meta| meta.len());
        if size <= *read {
            return Vec::new();
        }
        let grown = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(*read))?;
            file.read_to_end(&mut bytes)
        });
        if grown.is_err() {
            return Vec::new();
        }
        let end = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        *read += end as u64;
        let text = String::from_utf8_lossy(&bytes[..end]);
        text.lines()
            .filter_map(|line| Line::read(line, wanted))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn line(second: u32, message: &str) -> String {
        format!(
            "{{\"timestamp\":\"2026-11-22T00:00:{second:02}.000Z\",\"level\":\"INFO\",\"message\":\"{message}\"}}\n"
        )
    }

    fn messages(lines: &[Line]) -> Vec<String> {
        let words = lines.iter().map(Line::for_people);
        words
            .map(|text| text.rsplit(' ').next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn lines_come_in_order_over_files_and_go_on_as_they_grow() {
        let dir = tempfile::tempdir().unwrap();
        let path = |number: u32| {
            dir.path()
                .join(format!("transom-2026-11-22.{number:08}.jsonl"))
        };
        std::fs::write(path(1), line(1, "a") + &line(4, "d")).unwrap();
        std::fs::write(path(2), line(2, "b") + &line(3, "c") + "{\"half").unwrap();
        let wanted = Wanted::new(None, None);
        let mut reading = Reading::new(dir.path().to_owned());
        assert_eq!(messages(&reading.last(3, &wanted)), ["b", "c", "d"]);
        assert!(reading.news(&wanted).is_empty());
        let mut file = File::options().append(true).open(path(2)).unwrap();
        file.write_all(b"\n").unwrap();
        std::fs::write(path(3), line(6, "f")).unwrap();
        file.write_all(line(5, "e").as_bytes()).unwrap();
        assert_eq!(messages(&reading.news(&wanted)), ["e", "f"]);
        std::fs::remove_file(path(1)).unwrap();
        assert!(reading.news(&wanted).is_empty());
    }

    #[test]
    fn none_are_shown_where_none_are_asked_for_and_only_news_come() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("transom-2026-11-22.00000001.jsonl");
        std::fs::write(&path, line(1, "a")).unwrap();
        let wanted = Wanted::new(None, None);
        let mut reading = Reading::new(dir.path().to_owned());
        assert!(reading.last(0, &wanted).is_empty());
        assert!(reading.news(&wanted).is_empty());
    }
}
