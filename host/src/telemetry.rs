//! Log lines: to standard error, as text or as one JSON object each. No body and no key is logged at any level.

use std::fs::{File, OpenOptions};
use std::io::IsTerminal;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// A log file of this size, in bytes, begins anew at the next start.
const LONGEST: u64 = 4 << 20;

/// Starts logging into a file that only this user can read; without one, nowhere. Several processes
/// may share it.
pub fn start_in_file(log: &Log, path: Option<PathBuf>) {
    let Some(file) = path.as_deref().and_then(open) else {
        return;
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(log))
        .with_writer(Mutex::new(file))
        .with_ansi(false)
        .log_internal_errors(false);
    let started = if log.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.try_init()
    };
    drop(started);
}

fn open(path: &Path) -> Option<File> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path.parent()?)
        .ok()?;
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .ok()?;
    if file.metadata().is_ok_and(|meta| meta.len() > LONGEST) {
        file.set_len(0).ok()?;
    }
    Some(file)
}

fn filter(log: &Log) -> EnvFilter {
    let directives = std::env::var("TRANSOM_LOG").unwrap_or_else(|_| log.level.clone());
    EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Starts logging. `TRANSOM_LOG` (in `tracing`'s directive syntax) comes before the configuration.
pub fn start(log: &Log) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(log))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // A reader of the log that went away must not cost an exchange: saying so would panic.
        .log_internal_errors(false);
    // A second start (the demo after a service in one process) keeps the first.
    let started = if log.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.try_init()
    };
    drop(started);
}
