//! Starting and stopping through the user's systemd, where it knows the unit: what systemd did not start
//! it would neither start again nor end with the machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Instant;

use super::find::{Asked, Ours};
use super::start::{LOOK, PATIENCE, running};
use super::told::Told;
use crate::config::{Paths, process_env, variables};
use crate::service::Place;
use crate::service::ask::Line;
use crate::service::note::{Mode, Note};
use crate::service::systemd::{self, UNIT};

/// The running process is that of the user unit, and systemd can be asked.
pub(super) fn runs(ours: &Ours) -> bool {
    ours.note.mode == Mode::Unit && systemd::unit(&process_env).is_some_and(|unit| unit.active)
}

/// Has systemd start it. That comes back when the service is ready, or has failed.
pub(super) fn start(
    place: &Place,
    asked: &Asked,
    address: SocketAddr,
    told: &mut Told,
) -> anyhow::Result<ExitCode> {
    tell_unseen(&asked.variables, told);
    ask("start", told)?;
    let Some(note) = answering(place, address) else {
        told.fail(&format!(
            "{UNIT} is started, but nothing of it answers at {address}; `systemctl --user status {UNIT}` tells more"
        ));
        return Ok(ExitCode::FAILURE);
    };
    let url = crate::cli::activate::base_url(note.listen);
    told.say(&format!(
        "transom runs as a systemd unit: process {}, at {url}",
        note.pid
    ));
    told.fact("started", true);
    running(told, &note);
    Ok(ExitCode::SUCCESS)
}

/// Has systemd stop it, after the exchanges that run.
pub(super) fn stop(ours: &Ours, told: &mut Told) -> anyhow::Result<ExitCode> {
    let pid = ours.note.pid;
    ask("stop", told)?;
    told.say(&format!("transom is stopped: process {pid} has ended"));
    told.fact("stopped", true);
    told.fact("pid", pid);
    Ok(ExitCode::SUCCESS)
}

/// Nobody answers, but systemd starts the unit or is about to: after a crash, for one.
pub(super) fn is_about_to(asked: &Asked) -> bool {
    asked.is_usual() && systemd::unit(&process_env).is_some_and(|unit| unit.active)
}

/// Has systemd give that up.
pub(super) fn give_up(told: &mut Told) -> anyhow::Result<ExitCode> {
    ask("stop", told)?;
    told.say("transom was about to be started by systemd, and is stopped");
    told.fact("stopped", true);
    Ok(ExitCode::SUCCESS)
}

fn ask(verb: &str, told: &mut Told) -> anyhow::Result<()> {
    told.say(&format!(
        "{UNIT} is a unit of this user's systemd: `systemctl --user {verb} {UNIT}`"
    ));
    told.fact("unit", UNIT);
    systemd::do_to_unit(verb, &process_env)
}

/// A unit has variables of its own: those of this shell are lost on the way, keys among them.
pub(super) fn tell_unseen(of_this_shell: &BTreeMap<String, String>, told: &mut Told) {
    let kept = Paths::of(&process_env).map(|paths| variables(&paths.env));
    let kept = kept.unwrap_or_default();
    let unseen: Vec<&str> = of_this_shell
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "TRANSOM_LOG" && !kept.iter().any(|kept| kept == name))
        .collect();
    if let Some(first) = unseen.first() {
        told.say(&format!(
            "the unit does not see variables of this shell: {}; `transom key set {first}` keeps one where it does",
            unseen.join(", ")
        ));
    }
}

/// The note of the unit's process, once that answers. A unit of an older installation is told to have
/// started before it is ready.
fn answering(place: &Place, listen: SocketAddr) -> Option<Note> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let who = Line::to(place, listen).and_then(|mut line| line.who());
        if let Ok(who) = who
            && who.note.mode == Mode::Unit
        {
            return Some(who.note);
        }
        let starts = systemd::unit(&process_env).is_some_and(|unit| unit.active);
        if !starts || Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(LOOK);
    }
}
