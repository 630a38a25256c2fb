//! `log`: what is logged, and how much of it is kept.

use super::super::Log;
use super::super::reader::{Place, Reader};
use super::limits::{count, size};

pub(in super::super) const LOG: [&str; 6] = [
    "files",
    "format",
    "level",
    "max_days",
    "max_file",
    "max_total",
];

/// A file below this would hold few lines only.
const SMALLEST_FILE: u64 = 64 << 10;
/// More would not be looked through by anybody.
const LARGEST: u64 = 64 << 30;
/// Ten years.
const MOST_DAYS: u64 = 3650;

pub(super) fn log(at: &Place<'_>, reader: &mut Reader<'_>) -> Log {
    let mut log = Log::default();
    let Some(fields) = reader.fields(at, &LOG) else {
        return log;
    };
    let levels = ["error", "warn", "info", "debug", "trace"].map(|name| (name, name));
    if let Some(level) = fields
        .get("level")
        .and_then(|at| reader.choice(at, &levels))
    {
        level.clone_into(&mut log.level);
    }
    if let Some(format) = fields.get("format") {
        let json = reader.choice(format, &[("text", false), ("json", true)]);
        log.json = json.unwrap_or_default();
    }
    if let Some(flag) = fields.get("files").and_then(|at| reader.flag(at)) {
        log.files = flag;
    }
    let mut bytes = |name: &str, into: &mut u64| {
        let mut number = usize::try_from(*into).unwrap_or(usize::MAX);
        size(&fields, name, (SMALLEST_FILE, LARGEST), &mut number, reader);
        *into = number as u64;
    };
    bytes("max_file", &mut log.bounds.file);
    bytes("max_total", &mut log.bounds.total);
    let mut days = log.bounds.days as usize;
    count(&fields, "max_days", (1, MOST_DAYS), &mut days, reader);
    log.bounds.days = u32::try_from(days).unwrap_or(u32::MAX);
    if log.bounds.total / 2 < log.bounds.file {
        let place = fields.get("max_total").or(fields.get("max_file"));
        reader.problem(
            place.unwrap_or(at),
            "`max_total` has no room for two files of `max_file`",
            "make `max_total` larger or `max_file` smaller; four files and more are usual",
        );
    }
    log
}
