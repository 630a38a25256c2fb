//! Files under a clock and bounds of the tests.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use super::*;

const BOUNDS: Bounds = Bounds {
    file: 10_000,
    total: 50_000,
    days: 7,
};

/// So many hours after a midnight in 2026.
fn hours(hours: u64) -> Stamp {
    Stamp::of(UNIX_EPOCH + Duration::from_hours(490_896 + hours))
}

fn line(number: usize) -> Vec<u8> {
    format!("{{\"line\":{number},\"rest\":\"{}\"}}\n", "x".repeat(80)).into_bytes()
}

fn total(folder: &Path) -> u64 {
    let files = files_of(folder);
    files
        .iter()
        .map(|file| fs::metadata(&file.path).unwrap().len())
        .sum()
}

#[test]
fn ten_days_of_traffic_stay_under_their_bound() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Files::new(dir.path().to_owned(), BOUNDS);
    for hour in 0..240 {
        for number in 0..40 {
            files.write(&mut &*line(number), hours(hour)).unwrap();
        }
        assert!(total(dir.path()) <= BOUNDS.total, "hour {hour}");
    }
    for file in files_of(dir.path()) {
        let meta = fs::metadata(&file.path).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        assert!(meta.len() <= BOUNDS.file);
        let text = fs::read_to_string(&file.path).unwrap();
        assert!(text.lines().all(|line| line.ends_with('}')), "whole lines");
    }
    assert!(files.current().is_some_and(Path::exists));
}

#[test]
fn a_process_that_restarts_all_the_time_goes_on_with_the_file_that_is_there() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..500 {
        let mut files = Files::new(dir.path().to_owned(), BOUNDS);
        files.write(&mut &*line(number), hours(1)).unwrap();
    }
    let files = files_of(dir.path());
    assert!(files.len() <= 6, "{files:?}");
    assert!(total(dir.path()) <= BOUNDS.total);
}

#[test]
fn half_a_line_of_a_process_that_was_killed_spoils_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Files::new(dir.path().to_owned(), BOUNDS);
    files.write(&mut &b"{}\n"[..], hours(1)).unwrap();
    let path = files.current().unwrap().to_owned();
    drop(files);
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(b"{\"half").unwrap();
    drop(file);
    let mut files = Files::new(dir.path().to_owned(), BOUNDS);
    files.write(&mut &b"{}\n"[..], hours(1)).unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "{}\n{\"half\n{}\n");
}

#[test]
fn two_writers_of_a_folder_have_a_file_each_and_one_bound() {
    let dir = tempfile::tempdir().unwrap();
    let mut writers = [0, 1].map(|_| Files::new(dir.path().to_owned(), BOUNDS));
    for number in 0..2000 {
        for writer in &mut writers {
            writer.write(&mut &*line(number), hours(1)).unwrap();
        }
        assert!(total(dir.path()) <= BOUNDS.total, "after {number}");
    }
    let [one, other] = &writers;
    assert_ne!(one.current(), other.current());
    assert!(one.current().is_some_and(Path::exists));
    assert!(other.current().is_some_and(Path::exists));
}

#[test]
fn more_writers_than_there_is_room_for_are_told_so_and_the_bound_holds() {
    let dir = tempfile::tempdir().unwrap();
    let mut writers: Vec<_> = (0..7)
        .map(|_| Files::new(dir.path().to_owned(), BOUNDS))
        .collect();
    let refused = writers
        .iter_mut()
        .filter_map(|writer| writer.write(&mut &*line(0), hours(1)).err())
        .count();
    assert_eq!(refused, 2);
    for number in 0..400 {
        for writer in &mut writers {
            drop(writer.write(&mut &*line(number), hours(1)));
        }
        assert!(total(dir.path()) <= BOUNDS.total);
    }
}

#[test]
fn a_clock_that_jumps_neither_stops_the_log_nor_breaks_the_bound() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Files::new(dir.path().to_owned(), BOUNDS);
    for jump in [0, 24 * 400, 3, 24 * 9000, 0, 24, 1] {
        for number in 0..300 {
            files.write(&mut &*line(number), hours(jump)).unwrap();
            assert!(total(dir.path()) <= BOUNDS.total);
        }
        let newest = files_of(dir.path()).pop().unwrap();
        assert_eq!(files.current(), Some(newest.path.as_path()), "in order");
    }
}

#[test]
fn old_days_go_and_a_file_that_was_removed_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Files::new(dir.path().to_owned(), BOUNDS);
    files.write(&mut &*line(1), hours(0)).unwrap();
    let first = files.current().unwrap().to_owned();
    files.write(&mut &*line(2), hours(24 * 7)).unwrap();
    assert!(first.exists());
    files.write(&mut &*line(3), hours(24 * 8)).unwrap();
    assert!(!first.exists(), "of eight days ago");
    let now = files.current().unwrap().to_owned();
    fs::remove_file(&now).unwrap();
    files.write(&mut &*line(4), hours(24 * 8)).unwrap();
    let written = fs::read_to_string(files.current().unwrap()).unwrap();
    assert!(written.contains("\"line\":4"));
}

#[test]
fn a_line_longer_than_a_file_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Files::new(dir.path().to_owned(), BOUNDS);
    let mut lines = line(1);
    lines.extend(vec![b'x'; 20_000]);
    lines.push(b'\n');
    lines.extend(line(2));
    files.write(&mut &*lines, hours(1)).unwrap();
    let written = fs::read_to_string(files.current().unwrap()).unwrap();
    assert_eq!(written.lines().count(), 2);
}
