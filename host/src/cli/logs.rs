//! `transom logs`: the lines of the log files, over rotation, for people or as they are written.

mod line;
mod reading;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use notify::{Event, RecursiveMode, Watcher};

use super::serve::log_folder;
use super::{LogsArgs, term};
pub(super) use line::Level;
use line::{Line, Wanted};
use reading::Reading;

/// Mounts without events are looked at so often.
const LOOK: Duration = Duration::from_secs(1);

pub(super) fn run(args: &LogsArgs) -> anyhow::Result<ExitCode> {
    let Some(folder) = log_folder() else {
        anyhow::bail!("there is no state folder: set HOME, or XDG_STATE_HOME, to an absolute path");
    };
    let wanted = Wanted::new(args.level, args.exchange.as_deref());
    // Before anything is read: what is written meanwhile is an event.
    let changes = args.follow.then(|| watch(&folder)).transpose()?;
    let mut reading = Reading::new(folder.clone());
    let lines = reading.last(args.lines, &wanted);
    if lines.is_empty() && !args.follow {
        term::note(&nothing(&folder, &reading));
        return Ok(ExitCode::FAILURE);
    }
    let mut written = print(&lines, args.json);
    let Some((_watcher, changed)) = changes else {
        return ended(written);
    };
    while written.is_ok() {
        // A time-out is as good as an event.
        let _ = changed.recv_timeout(LOOK);
        while changed.try_recv().is_ok() {}
        written = print(&reading.news(&wanted), args.json);
    }
    ended(written)
}

fn nothing(folder: &std::path::Path, reading: &Reading) -> String {
    if reading.is_empty() {
        return format!(
            "there are no log files in {}; a service writes them unless `log.files` is false",
            folder.display()
        );
    }
    "no line of the log files is what was asked for".to_owned()
}

type Changes = (notify::RecommendedWatcher, mpsc::Receiver<()>);

fn watch(folder: &PathBuf) -> anyhow::Result<Changes> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    let (tell, changed) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Looking at the folder is an event of it too.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = tell.send(());
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok((watcher, changed))
}

fn print(lines: &[Line], json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        if json {
            writeln!(out, "{}", line.for_programs())?;
        } else {
            writeln!(out, "{}", line.for_people())?;
        }
    }
    out.flush()
}

/// A reader that went away is no failure.
fn ended(written: std::io::Result<()>) -> anyhow::Result<ExitCode> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
