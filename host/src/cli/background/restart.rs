//! `transom restart`: a new process of the program as it is now, ready before the old one accepts
//! nothing more. The old one starts it, so that it has the old one's environment, keys among it.

use std::fs::File;
use std::net::SocketAddr;
use std::process::ExitCode;

use super::find::{Asked, Found, Ours, find, foreign};
use super::start::{self, Printed, arguments, exchanges, running, unit};
use super::stop::by_systemd;
use super::told::Told;
use super::{block_on, known_place};
use crate::cli::{RestartArgs, USAGE};
use crate::config::DEFAULT_LISTEN;
use crate::service::Place;
use crate::service::ask::{Restarted, Successor};
use crate::service::note::Mode;

pub(super) fn run(args: &RestartArgs) -> anyhow::Result<ExitCode> {
    let asked = Asked::new(&args.places, args.listen);
    let place = known_place()?;
    let mut told = Told::new(args.json);
    let (address, found) = block_on(find(&place, &asked))?;
    let code = match found {
        Found::Ours(ours) if by_systemd(&ours) => unit("restart", ours.note.listen, &mut told)?,
        Found::Ours(ours) if ours.note.mode != Mode::Background => {
            told.fail(&format!(
                "process {} at {} was started by `transom serve`, in a terminal or under a supervisor: \
                 restart it there, or `transom stop` it and `transom start`",
                ours.note.pid,
                ours.url()
            ));
            ExitCode::FAILURE
        }
        Found::Ours(ours) => restart(&place, asked, *ours, &mut told)?,
        Found::Foreign(health) => {
            let listen = address.unwrap_or(DEFAULT_LISTEN);
            told.fail(&foreign(listen, &health));
            ExitCode::FAILURE
        }
        Found::Nobody { .. } | Found::Stranger => {
            told.say("transom was not running; it is started");
            start::start(&place, &asked, false, &mut told)?
        }
    };
    told.end();
    Ok(code)
}

fn restart(
    place: &Place,
    mut asked: Asked,
    mut ours: Ours,
    told: &mut Told,
) -> anyhow::Result<ExitCode> {
    let _turn = place.turn()?;
    let before = &ours.note;
    if !asked.named_config && before.options.config.is_some() {
        asked.config.clone_from(&before.options.config);
    }
    if asked.transformers.is_none() {
        asked.transformers.clone_from(&before.options.transformers);
    }
    let (output, path) = place.output(&format!("{}.{}", before.pid, std::process::id()))?;
    drop(output);
    let _leftover = Leftover(path.clone());
    let mut arguments = arguments(&asked, listen(&asked, before), before.options.record);
    arguments.extend(["--takes-over".to_owned(), before.listen.to_string()]);
    let fresh: Vec<&str> = asked.variables.keys().map(String::as_str).collect();
    if !fresh.is_empty() {
        told.say(&format!(
            "environment: that of process {}, and from here {}",
            before.pid,
            fresh.join(", ")
        ));
    }
    let successor = Successor {
        program: std::env::current_exe()?,
        arguments,
        variables: asked.variables,
        output: path.clone(),
    };
    let mut printed = Printed {
        file: File::open(&path)?,
        listening: None,
    };
    let result = ours.line.restart(successor);
    printed.show(told)?;
    let old = before.pid;
    let fail = |told: &mut Told, why: &str| {
        told.fail(&format!("{why}; process {old} serves on"));
        ExitCode::FAILURE
    };
    Ok(match result {
        Ok(Restarted::Ready { pid, running: left }) => {
            let listen = printed.listening.unwrap_or(before.listen);
            ready(place, listen, pid, told);
            told.say(&format!(
                "transom is restarted: process {pid} serves, process {old} finishes {} and ends",
                exchanges(left)
            ));
            told.fact("finishing", left);
            ExitCode::SUCCESS
        }
        Ok(Restarted::Failed { code }) => {
            let _ = fail(told, "the new process did not get ready, why stands above");
            let usage = code == Some(i32::from(USAGE));
            ExitCode::from(if usage { USAGE } else { 1 })
        }
        Ok(Restarted::Refused { why }) => fail(told, &why),
        Err(error) => fail(told, &format!("it does not take the order ({error})")),
    })
}

/// Where the successor must be told to listen: as the one before was, unless told otherwise now.
fn listen(asked: &Asked, before: &crate::service::note::Note) -> Option<SocketAddr> {
    asked
        .listen
        .or_else(|| before.options.listen.map(|_| before.listen))
}

/// A moment passes between the handover and the note of it.
fn ready(place: &Place, listen: SocketAddr, pid: u32, told: &mut Told) {
    for _ in 0..500 {
        if let Some(note) = start::answering(place, listen, pid) {
            running(told, &note);
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Of a process that has its own copy open.
struct Leftover(std::path::PathBuf);

impl Drop for Leftover {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
