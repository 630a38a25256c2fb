//! Log lines: to standard error, as text or as one JSON object each. No body and no key is logged at any level.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Starts logging. `TRANSOM_LOG` (in `tracing`'s directive syntax) comes before the configuration.
pub fn start(log: &Log) {
    let directives = std::env::var("TRANSOM_LOG").unwrap_or_else(|_| log.level.clone());
    let filter = EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start (the demo after a service in one process) keeps the first.
    let started = if log.json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
    drop(started);
}
