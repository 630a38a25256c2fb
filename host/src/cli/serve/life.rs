//! The life of a serving process as a service: it takes the place of the one before, if there is
//! one, tells that it is ready, and leaves.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context;

use super::stop::{Obeying, Stops};
use crate::app::Running;
use crate::cli::ServeArgs;
use crate::config::{Config, Paths, process_env};
use crate::service::ask::Line;
use crate::service::control::Control;
use crate::service::note::{Mode, Note, Options};
use crate::service::{Place, systemd};
use crate::telemetry;

/// The service that this process is to replace.
pub(super) struct Predecessor {
    line: Line,
    listen: SocketAddr,
    /// As it was started, so is its successor.
    mode: Mode,
}

impl Predecessor {
    /// Of the service that listens there. Errors: it does not answer.
    pub(super) fn find(listen: SocketAddr) -> anyhow::Result<Self> {
        let place = place().context("there is no state folder: set HOME")?;
        let asked = Line::to(&place, listen).and_then(|mut line| {
            let mode = line.who()?.note.mode;
            Ok((line, mode))
        });
        let (line, mode) =
            asked.with_context(|| format!("the service at {listen} does not answer"))?;
        Ok(Self { line, listen, mode })
    }

    /// Its listener, if it is one of the address that is wanted now.
    pub(super) fn listener(&mut self, wanted: SocketAddr) -> anyhow::Result<Option<TcpListener>> {
        let any_port = wanted.port() == 0 && wanted.ip() == self.listen.ip();
        if wanted != self.listen && !any_port {
            return Ok(None);
        }
        let listener = self.line.listener();
        Ok(Some(listener.context(
            "the running service did not hand over its listener",
        )?))
    }
}

/// Serves to the end. What clients can reach is there before anybody is told so.
pub(super) async fn serve(
    running: Running,
    args: &ServeArgs,
    predecessor: Option<Predecessor>,
    announce: impl FnOnce(&Running),
) -> anyhow::Result<()> {
    // Before anyone can know that the host is there: a signal right after that drains too.
    let stops = Stops::listen();
    let before = predecessor.as_ref().map(|before| before.mode);
    let control = control(&running, args, before, &stops);
    let control = match control.and_then(|control| control.take_place().map(|()| control)) {
        Ok(control) => Some(control),
        // The one before can be reached; and what runs in the background could not be stopped any more.
        Err(error) if predecessor.is_some() || args.background => {
            return Err(error).context("the state folder does not take what a service needs there");
        }
        Err(error) => {
            tracing::warn!(%error, "`transom stop` and `restart` will not find this service");
            None
        }
    };
    announce(&running);
    if let Some(mut before) = predecessor {
        match before.line.take_over() {
            Ok(exchanges) => tracing::info!(exchanges, "took over from the process before"),
            Err(error) => tracing::warn!(%error, "the process before is gone"),
        }
    }
    systemd::tell("READY=1");
    if args.background {
        telemetry::leave_standard_error();
    }
    let leaving = async {
        let leaving = stops.leaving().await;
        if let Some(control) = &control {
            control.leave();
        }
        leaving
    };
    tokio::select! {
        () = running.serve_as_service(leaving, stops.ending()) => {}
        () = stops.at_once() => tracing::warn!("running exchanges are cut off, as was asked"),
    }
    Ok(())
}

/// Errors: there is no folder for it. The service serves all the same.
fn control(
    running: &Running,
    args: &ServeArgs,
    before: Option<Mode>,
    stops: &Stops,
) -> std::io::Result<Control> {
    let no_folder = || std::io::Error::other("there is no state folder: set HOME");
    let place = place().ok_or_else(no_folder)?;
    let app = &running.app;
    let options = Options {
        config: app.snapshot().config.path.clone(),
        listen: args.listen,
        transformers: args.places.transformers.clone().map(absolute),
        record: args.record,
    };
    let mode = match before {
        Some(mode) => mode,
        None if args.background => Mode::Background,
        None if systemd::started_us(&process_env) => Mode::Unit,
        None => Mode::Foreground,
    };
    let note = Note::of_this_process(&app.instance, app.address, mode, options);
    let obeying = Obeying {
        stops: stops.clone(),
        app: app.clone(),
    };
    let listener = running.listener()?;
    Control::open(&place, note, listener, app.in_flight.clone(), obeying)
}

/// Where the services of this user are noted.
pub(in crate::cli) fn place() -> Option<Place> {
    Some(Place::new(&Paths::of(&process_env)?.state))
}

/// From wherever another process runs.
pub(in crate::cli) fn absolute(path: std::path::PathBuf) -> std::path::PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// Where the host is to listen.
pub(super) fn wanted(args: &ServeArgs, config: &Config) -> SocketAddr {
    args.listen.unwrap_or(config.listen)
}
