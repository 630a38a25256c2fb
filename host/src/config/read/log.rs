//! `log`: what is logged, and how much of it is kept.

use super::super::Log;
use super::super::reader::{Fields, Place, Reader};
use super::limits::{count, size};

pub(in super::super) const LOG: [&str; 8] = [
    "bodies",
    "body_bytes",
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
/// Of each body in the log, unless told otherwise.
const BODY_BYTES: usize = 64 << 10;
/// Less tells nothing; of more not even the beginning is kept.
const BODY_BOUNDS: (u64, u64) = (256, 1 << 20);
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
    bodies(&fields, &mut log, at, reader);
    log
}

/// Two bodies make a line, in which a byte can take six, and a line must fit into a file.
fn bodies(fields: &Fields<'_>, log: &mut Log, at: &Place<'_>, reader: &mut Reader<'_>) {
    let mut most = BODY_BYTES;
    size(fields, "body_bytes", BODY_BOUNDS, &mut most, reader);
    let place = fields.get("bodies").unwrap_or(at);
    let wanted = fields.get("bodies").and_then(|at| reader.flag(at));
    if wanted != Some(true) {
        return;
    }
    if !log.files {
        reader.problem(
            place,
            "bodies are logged into files only, and `files` is false",
            "take out one of the two",
        );
    }
    if most as u64 * 12 > log.bounds.file {
        let place = fields.get("body_bytes").unwrap_or(place);
        reader.problem(
            place,
            "a line with two such bodies may not fit into a file of `max_file`",
            "make `max_file` at least twelve times `body_bytes`",
        );
    }
    log.bodies = Some(most);
}
