//! `transom stop`: running exchanges are finished first, and the command waits for that.

use std::process::ExitCode;

use super::find::{Asked, Found, Ours, find, foreign, replaced};
use super::start::exchanges;
use super::told::Told;
use super::{block_on, known_place, unit};
use crate::cli::StopArgs;

pub(super) fn run(args: &StopArgs) -> anyhow::Result<ExitCode> {
    let asked = Asked::new(&args.places, args.listen);
    let place = known_place()?;
    let mut told = Told::new(args.json);
    let (address, found) = block_on(find(&place, &asked))?;
    let replaced = replaced(&place, &asked, address);
    let code = match found {
        Found::Ours(ours) if !args.now && unit::runs(&ours) => unit::stop(&ours, &mut told)?,
        Found::Nobody {
            finishing: None, ..
        } if unit::is_about_to(&asked) => unit::give_up(&mut told)?,
        Found::Ours(ours)
        | Found::Nobody {
            finishing: Some(ours),
            ..
        } => stop(Some(*ours), replaced, args.now, &mut told),
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
            stop(None, replaced, args.now, &mut told)
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

/// Has them end, all at once, and waits for each.
fn stop(ours: Option<Ours>, replaced: Vec<Ours>, now: bool, told: &mut Told) -> ExitCode {
    let serving = ours.as_ref().map(|ours| ours.note.pid);
    let mut code = ExitCode::SUCCESS;
    let mut ending = Vec::new();
    for mut process in ours.into_iter().chain(replaced) {
        let pid = process.note.pid;
        match process.line.stop(now) {
            Ok(running) => {
                if running > 0 && !now {
                    told.say(&waits(pid, running, Some(pid) == serving));
                }
                ending.push(process);
            }
            // It may have been about to end.
            Err(_) if !process.note.is_alive() => {}
            Err(error) => {
                told.fail(&format!(
                    "process {pid} does not take the order ({error}); `kill {pid}` ends it"
                ));
                code = ExitCode::FAILURE;
            }
        }
    }
    let pids: Vec<u32> = ending.iter().map(|process| process.note.pid).collect();
    for process in ending {
        let pid = process.note.pid;
        process.line.wait_for_end();
        if Some(pid) == serving {
            told.say(&format!("transom is stopped: process {pid} has ended"));
            told.fact("pid", pid);
        } else {
            told.say(&format!(
                "process {pid}, which a restart had replaced, has ended"
            ));
        }
    }
    told.fact("stopped", !pids.is_empty());
    told.fact("ended", pids);
    code
}

fn waits(pid: u32, running: usize, serving: bool) -> String {
    let which = if serving {
        String::new()
    } else {
        format!(" by process {pid}, which a restart had replaced")
    };
    let are = if running == 1 { "is" } else { "are" };
    format!(
        "{} {are} finished first{which} (timeouts.drain_ms at most); `transom stop --now` does not wait",
        exchanges(running)
    )
}
