//! `transom start`: a process of its own that outlives the terminal, told to be there only when it is.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use super::find::{Asked, Found, find, foreign, replaced};
use super::told::Told;
use super::{block_on, known_place, unit};
use crate::cli::serve::unbound;
use crate::cli::{StartArgs, USAGE, term};
use crate::config::process_env;
use crate::service::ask::Line;
use crate::service::note::{Mode, Note};
use crate::service::{Place, systemd};

/// How often a process that starts is looked after.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// Components that are compiled for the first time on a slow machine take seconds each.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

pub(super) fn run(args: &StartArgs) -> anyhow::Result<ExitCode> {
    let asked = Asked::new(&args.places, args.listen);
    let place = known_place()?;
    let mut told = Told::new(args.json);
    let code = start(&place, &asked, args.record, &mut told)?;
    told.end();
    Ok(code)
}

/// Starts it, whoever asks.
pub(super) fn start(
    place: &Place,
    asked: &Asked,
    record: bool,
    told: &mut Told,
) -> anyhow::Result<ExitCode> {
    if let Some(problems) = asked.problems() {
        term::note(&problems.to_string());
        told.fail("the configuration does not hold; `transom check` tells the same");
        return Ok(ExitCode::from(USAGE));
    }
    // Two commands at once: the second one finds what the first one started.
    let _turn = place.turn()?;
    let (address, found) = block_on(find(place, asked))?;
    let Some(address) = address else {
        return Ok(ExitCode::from(USAGE));
    };
    match found {
        Found::Ours(ours) => {
            let url = ours.url();
            told.say(&format!(
                "transom runs already: process {}, at {url}",
                ours.note.pid
            ));
            told.fact("started", false);
            running(told, &ours.note);
            return Ok(ExitCode::SUCCESS);
        }
        Found::Foreign(health) => {
            told.fail(&foreign(address, &health));
            return Ok(ExitCode::FAILURE);
        }
        Found::Stranger => {
            let error = std::io::ErrorKind::AddrInUse.into();
            told.fail(&block_on(unbound::why(address, &error))?);
            return Ok(ExitCode::FAILURE);
        }
        Found::Nobody { finishing, stale } => {
            if let Some(ours) = finishing {
                told.say(&format!(
                    "the process before, {}, still finishes {}",
                    ours.note.pid,
                    exchanges(ours.who.running)
                ));
            }
            for ours in replaced(place, asked, Some(address)) {
                told.say(&ours.still());
            }
            if let Some(note) = stale {
                told.say(&format!(
                    "process {}, which served at {address}, is gone without a word; what it left behind is removed",
                    note.pid
                ));
                place.forget(note.listen, &note.instance);
            }
        }
    }
    if asked.is_usual() && !record && systemd::unit(&process_env).is_some() {
        return unit::start(place, asked, address, told);
    }
    started(place, asked, address, record, told)
}

fn started(
    place: &Place,
    asked: &Asked,
    address: SocketAddr,
    record: bool,
    told: &mut Told,
) -> anyhow::Result<ExitCode> {
    let name = address.to_string().replace(['[', ']'], "");
    let (output, path) = place.output(&name)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments(Mode::Background, asked, asked.listen, record));
    // What the shell holds open, such as a lock, is not to stay open for as long as the service runs.
    close_fds::set_fds_cloexec(3, &[]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let mut printed = Printed {
        file: File::open(&path)?,
        listening: None,
        anything: false,
    };
    let ready = wait(place, &mut child, &mut printed, told)?;
    let Some(note) = ready else {
        return Ok(not_ready(&mut child, &printed, &path, told));
    };
    told.say(&format!(
        "transom runs in the background: process {}",
        note.pid
    ));
    told.fact("started", true);
    running(told, &note);
    Ok(ExitCode::SUCCESS)
}

/// The arguments of a process that serves in this way.
pub(super) fn arguments(
    mode: Mode,
    asked: &Asked,
    listen: Option<SocketAddr>,
    record: bool,
) -> Vec<String> {
    let mut arguments = vec!["serve".to_owned()];
    if mode == Mode::Background {
        arguments.push("--background".to_owned());
    }
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            arguments.extend([name.to_owned(), value]);
        }
    };
    let text = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    option("--config", asked.config.as_ref().map(text));
    option("--transformers", asked.transformers.as_ref().map(text));
    option("--listen", listen.map(|listen| listen.to_string()));
    if record {
        arguments.push("--record".to_owned());
    }
    arguments
}

/// What a starting process prints, as it comes.
pub(super) struct Printed {
    pub(super) file: File,
    /// Where it listens, once it said so.
    pub(super) listening: Option<SocketAddr>,
    /// It printed at least a line.
    pub(super) anything: bool,
}

impl Printed {
    /// Shows what is new, whole lines only.
    pub(super) fn show(&mut self, told: &mut Told) -> std::io::Result<()> {
        let begin = self.file.stream_position()?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        let end = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        self.file.seek(SeekFrom::Start(begin + end as u64))?;
        for line in String::from_utf8_lossy(&bytes[..end]).lines() {
            if let Some(url) = line.strip_prefix("listening on http://") {
                self.listening = url.trim().parse().ok();
            }
            self.anything = true;
            told.printed(line);
        }
        Ok(())
    }
}

/// Until the service answers as the process that was started. None: it ended, or takes too long.
fn wait(
    place: &Place,
    child: &mut Child,
    printed: &mut Printed,
    told: &mut Told,
) -> anyhow::Result<Option<Note>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ended = child.try_wait()?.is_some();
        printed.show(told)?;
        if ended {
            return Ok(None);
        }
        if let Some(note) = printed
            .listening
            .and_then(|listen| answering(place, listen, child.id()))
        {
            printed.show(told)?;
            return Ok(Some(note));
        }
        if Instant::now() > deadline {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// The note of a process, once that answers for itself.
pub(super) fn answering(place: &Place, listen: SocketAddr, pid: u32) -> Option<Note> {
    let note = Line::to(place, listen).ok()?.who().ok()?.note;
    (note.pid == pid).then_some(note)
}

fn not_ready(child: &mut Child, printed: &Printed, output: &Path, told: &mut Told) -> ExitCode {
    match child.try_wait() {
        Ok(Some(status)) => {
            if printed.anything {
                told.fail("transom did not start; why stands above");
            } else {
                told.fail(&format!(
                    "transom did not start, and {} took no word of why: look whether the disk has room",
                    output.display()
                ));
            }
            let usage = status.code() == Some(i32::from(USAGE));
            ExitCode::from(if usage { USAGE } else { 1 })
        }
        _ => {
            told.fail(&format!(
                "process {} still starts after two minutes; `transom status` tells when it serves",
                child.id()
            ));
            ExitCode::FAILURE
        }
    }
}

/// What a program wants to know of a service that runs.
pub(super) fn running(told: &mut Told, note: &Note) {
    told.fact("pid", note.pid);
    told.fact("listen", note.listen.to_string());
    told.fact("url", crate::cli::activate::base_url(note.listen));
}

/// `1 exchange`, `3 exchanges`.
pub(super) fn exchanges(count: usize) -> String {
    match count {
        0 => "no exchange".to_owned(),
        1 => "1 running exchange".to_owned(),
        many => format!("{many} running exchanges"),
    }
}
