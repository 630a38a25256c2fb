//! `transom restart`: a new process of the program as it is now, ready before the old one accepts
//! nothing more. The old one starts it, so that it has the old one's environment, keys among it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use super::find::{Asked, Found, Ours, find, foreign};
use super::start::{self, Printed, arguments, exchanges, running};
use super::told::Told;
use super::{block_on, known_place, unit};
use crate::cli::{RestartArgs, USAGE, term};
use crate::config::{DEFAULT_LISTEN, process_env};
use crate::service::ask::{Restarted, Successor};
use crate::service::note::{Mode, Note};
use crate::service::{Place, systemd};

pub(super) fn run(args: &RestartArgs) -> anyhow::Result<ExitCode> {
    let asked = Asked::new(&args.places, args.listen);
    let place = known_place()?;
    let mut told = Told::new(args.json);
    // Of two at once the second one finds what the first one started.
    let turn = place.turn()?;
    let (address, found) = block_on(find(&place, &asked))?;
    let code = match found {
        Found::Ours(ours) if ours.note.mode == Mode::Foreground => {
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
            told.say("transom was not running; it is being started");
            drop(turn);
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
    let before = &ours.note;
    if !asked.named_config && before.options.config.is_some() {
        asked.config.clone_from(&before.options.config);
    }
    if asked.transformers.is_none() {
        asked.transformers.clone_from(&before.options.transformers);
    }
    let mut output = Output::of(place, before)?;
    // An older version does not tell; no more does one that is about to end.
    let overriding = ours.line.overriding().unwrap_or_default();
    tell_overriding(&overriding, &asked, told);
    let successor = successor(&mut asked, before, &output, told)?;
    let result = ours.line.restart(successor);
    if let Some(printed) = &mut output.printed {
        printed.show(told)?;
    }
    let old = before.pid;
    let fail = |told: &mut Told, why: &str| {
        told.fail(&format!("{why}; process {old} serves on"));
        ExitCode::FAILURE
    };
    Ok(match result {
        Ok(Restarted::Ready { pid, running: left }) => {
            let said = output
                .printed
                .as_ref()
                .and_then(|printed| printed.listening);
            let listen = said.or(asked.address()).unwrap_or(before.listen);
            ready(place, listen, pid, told);
            told.say(&format!(
                "transom is restarted: process {pid} serves, process {old} finishes {} and ends",
                exchanges(left)
            ));
            told.fact("finishing", left);
            ExitCode::SUCCESS
        }
        Ok(Restarted::Failed { code }) => {
            if before.mode == Mode::Unit {
                show_why(&asked);
            }
            let said = before.mode == Mode::Unit
                || output
                    .printed
                    .as_ref()
                    .is_some_and(|printed| printed.anything);
            let why = if said {
                "the new process did not get ready, why stands above"
            } else {
                "the new process did not get ready, and could say nothing of it: is there room on the disk of the state folder?"
            };
            let _ = fail(told, why);
            let usage = code == Some(i32::from(USAGE));
            ExitCode::from(if usage { USAGE } else { 1 })
        }
        Ok(Restarted::Refused { why }) => fail(told, &why),
        Err(error) => fail(told, &format!("it does not take the order ({error})")),
    })
}

/// How the new process is started. One of systemd's unit has the unit's environment and prints into the
/// journal, as the one before did; one in the background takes variables of this shell as well.
fn successor(
    asked: &mut Asked,
    before: &Note,
    output: &Output,
    told: &mut Told,
) -> anyhow::Result<Successor> {
    let mut arguments = arguments(
        before.mode,
        asked,
        listen(asked, before),
        before.options.record,
    );
    arguments.extend(["--takes-over".to_owned(), before.listen.to_string()]);
    let mut variables = std::mem::take(&mut asked.variables);
    if before.mode == Mode::Unit {
        unit::tell_unseen(&variables, told);
        variables.clear();
    }
    if !variables.is_empty() {
        let fresh: Vec<&str> = variables.keys().map(String::as_str).collect();
        told.say(&format!(
            "environment: that of process {}, and from here {}",
            before.pid,
            fresh.join(", ")
        ));
    }
    Ok(Successor {
        program: std::env::current_exe()?,
        arguments,
        variables,
        output: output.path.clone(),
    })
}

/// Variables that the new process inherits, and that somebody may believe to have changed in the file.
fn tell_overriding(overriding: &[String], asked: &Asked, told: &mut Told) {
    let inherited: Vec<&str> = overriding
        .iter()
        .map(String::as_str)
        .filter(|name| !asked.variables.contains_key(*name))
        .collect();
    if let Some(first) = inherited.first() {
        told.say(&format!(
            "the environment that the service was started with has another value than the env file for {}, and is stronger; \
             `transom key set {first}` makes the file's count",
            inherited.join(", ")
        ));
    }
}

/// What the new process of a unit printed went into the journal.
fn show_why(asked: &Asked) {
    let why = match asked.problems() {
        Some(problems) => problems.to_string(),
        None => systemd::printed(15, &process_env),
    };
    term::note(why.trim_end());
}

/// Where the successor must be told to listen: as the one before was, unless told otherwise now.
fn listen(asked: &Asked, before: &Note) -> Option<SocketAddr> {
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

/// Where a process in the background prints while it starts. It has its own copy open.
struct Output {
    path: Option<PathBuf>,
    printed: Option<Printed>,
}

impl Output {
    fn of(place: &Place, before: &Note) -> anyhow::Result<Self> {
        if before.mode == Mode::Unit {
            return Ok(Self {
                path: None,
                printed: None,
            });
        }
        let name = format!("{}.{}", before.pid, std::process::id());
        let (_, path) = place.output(&name)?;
        let printed = Printed {
            file: File::open(&path)?,
            listening: None,
            anything: false,
        };
        Ok(Self {
            path: Some(path),
            printed: Some(printed),
        })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}
