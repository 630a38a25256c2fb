//! `transom stop`: running exchanges are finished first, and the command waits for that.

use std::process::ExitCode;

use super::find::{Asked, Found, Ours, find, foreign};
use super::start::exchanges;
use super::told::Told;
use super::{block_on, known_place, unit};
use crate::cli::StopArgs;

pub(super) fn run(args: &StopArgs) -> anyhow::Result<ExitCode> {
    let asked = Asked::new(&args.places, args.listen);
    let place = known_place()?;
    let mut told = Told::new(args.json);
    let (address, found) = block_on(find(&place, &asked))?;
    let code = match found {
        Found::Ours(ours) if !args.now && unit::runs(&ours) => unit::stop(&ours, &mut told)?,
        Found::Ours(ours)
        | Found::Nobody {
            finishing: Some(ours),
            ..
        } => stop(*ours, args.now, &mut told),
        Found::Nobody { stale, .. } => {
            if let Some(note) = stale {
                told.say(&format!(
                    "process {} is gone without a word; what it left behind is removed",
                    note.pid
                ));
                place.forget(note.listen, &note.instance);
            }
            told.say(&match address {
                Some(address) => format!("transom was not running at {address}"),
                None => "transom was not running with this configuration, which does not hold"
                    .to_owned(),
            });
            told.fact("stopped", false);
            ExitCode::SUCCESS
        }
        Found::Foreign(health) => {
            let listen = address.unwrap_or(crate::config::DEFAULT_LISTEN);
            told.fail(&format!("nothing is stopped: {}", foreign(listen, &health)));
            ExitCode::FAILURE
        }
        Found::Stranger => {
            told.say(&format!(
                "transom was not running; another program listens at {}",
                address.unwrap_or(crate::config::DEFAULT_LISTEN)
            ));
            told.fact("stopped", false);
            ExitCode::SUCCESS
        }
    };
    told.end();
    Ok(code)
}

fn stop(mut ours: Ours, now: bool, told: &mut Told) -> ExitCode {
    let pid = ours.note.pid;
    let running = match ours.line.stop(now) {
        Ok(running) => running,
        Err(error) => {
            told.fail(&format!(
                "process {pid} does not take the order ({error}); `kill {pid}` ends it"
            ));
            return ExitCode::FAILURE;
        }
    };
    if running > 0 && !now {
        told.say(&format!(
            "{} finished first (timeouts.drain_ms at most); `transom stop --now` does not wait",
            match running {
                1 => "1 running exchange is".to_owned(),
                many => format!("{} are", exchanges(many)),
            }
        ));
    }
    ours.line.wait_for_end();
    told.say(&format!("transom is stopped: process {pid} has ended"));
    told.fact("stopped", true);
    told.fact("pid", pid);
    ExitCode::SUCCESS
}
