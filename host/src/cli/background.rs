//! `transom start`, `stop` and `restart`: the service in the background.
//!
//! Each finds out first who answers where the service listens, and says so in words. A process number
//! alone proves nothing.

mod find;
mod restart;
mod start;
mod stop;
mod told;
mod unit;

use std::process::ExitCode;

use super::serve::place;
use super::{RestartArgs, StartArgs, StopArgs, runtime};
use crate::service::Place;
pub(super) use find::{Asked, Found, Ours, find, foreign, replaced};

/// Starts the service, unless it runs.
pub(super) fn start(args: &StartArgs) -> anyhow::Result<ExitCode> {
    start::run(args)
}

/// Stops the service, if it runs.
pub(super) fn stop(args: &StopArgs) -> anyhow::Result<ExitCode> {
    stop::run(args)
}

/// Replaces the running service by a new process.
pub(super) fn restart(args: &RestartArgs) -> anyhow::Result<ExitCode> {
    restart::run(args)
}

/// Where services are noted. Errors: there is no such folder.
pub(super) fn known_place() -> anyhow::Result<Place> {
    place().ok_or_else(|| {
        anyhow::anyhow!(
            "there is no state folder: set HOME, or XDG_STATE_HOME, to an absolute path"
        )
    })
}

fn block_on<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    Ok(runtime()?.block_on(future))
}
