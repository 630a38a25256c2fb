//! `transom guest test`: recorded exchanges through a compiled component.

mod accept;
mod junit;
mod print;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Runtime;

use super::cases::Cases;
use super::{engine, find, usage};
use crate::cli::{USAGE, runtime, term};
use crate::testing::{Case, Outcome, Runner};
use accept::Accepted;

#[derive(Args)]
pub(in crate::cli) struct TestArgs {
    /// A component file, or the name of a transformer
    guest: String,
    /// Folder of cases [default: guests/NAME/fixtures, tests/fixtures/NAME or fixtures, whichever is there]
    #[arg(value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// For cutting streams at random; a failure shows it
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Write what came into the expected files, after showing what changes and asking
    #[arg(long)]
    accept: bool,
    /// With --accept: do not ask
    #[arg(long, short, requires = "accept")]
    yes: bool,
    /// List field by field what was dropped, changed and added
    #[arg(long)]
    explain: bool,
    /// Print only what fails, and the last line
    #[arg(long, short)]
    quiet: bool,
    /// Write a report in JUnit's XML, for CI
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Folder of component files [default: ~/.local/share/transom/transformers]
    #[arg(long, value_name = "DIR")]
    transformers: Option<PathBuf>,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

/// One run of all cases.
struct Session {
    /// As it was asked for, to say how a failure is repeated.
    guest: String,
    name: String,
    origin: String,
    sha256: String,
    folder: PathBuf,
    seed: u64,
    compiled: Duration,
    /// Compiling and running.
    took: Duration,
    outcomes: Vec<Outcome>,
}

impl Session {
    fn failed(&self) -> usize {
        let failed = self.outcomes.iter().filter(|outcome| !outcome.passed());
        failed.count()
    }

    /// The command that runs one case as it was run here.
    fn repeat(&self, outcome: &Outcome) -> String {
        format!(
            "transom guest test {} {} --only {} --seed {}",
            quoted(&self.guest),
            quoted(&self.folder.display().to_string()),
            quoted(&outcome.name),
            self.seed
        )
    }
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let (name, origin, bytes) = match find(&args.guest, args.transformers.as_deref()) {
        Ok(found) => found,
        Err(error) => return Ok(usage(&format!("{error:#}"))),
    };
    let cases = match Cases::find(args.fixtures.as_deref(), &[&name], args.only.as_deref()) {
        Ok(cases) => cases,
        Err(why) => return Ok(usage(&why)),
    };
    let engine = engine()?;
    let seed = args.seed.unwrap_or_else(any_seed);
    let started = Instant::now();
    let runner = Runner::new(&engine, &name, &bytes, seed)
        .with_context(|| format!("{} is no transformer", args.guest))?;
    let compiled = started.elapsed();
    let runtime = runtime()?;
    let outcomes: Vec<Outcome> = cases
        .list
        .iter()
        .map(|case| runtime.block_on(runner.run(case)))
        .collect();
    let mut session = Session {
        guest: args.guest.clone(),
        sha256: runner.sha256().to_owned(),
        took: started.elapsed(),
        folder: cases.folder,
        name,
        origin,
        seed,
        compiled,
        outcomes,
    };
    let accepted = if args.accept {
        let accepted = accept::run(args, &session, &cases.list)?;
        rerun(&accepted, &cases.list, &mut session, &runner, &runtime);
        Some(accepted)
    } else {
        None
    };
    tell(args, &session, &cases.list, accepted.as_ref());
    if let Some(path) = &args.junit {
        let report = junit::report(&session)?;
        std::fs::write(path, report)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(match accepted {
        Some(accepted) if accepted.nobody_to_ask => ExitCode::from(USAGE),
        _ if session.failed() == 0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Cases whose files were written are run again: what was accepted must pass.
fn rerun(
    accepted: &Accepted,
    cases: &[Case],
    session: &mut Session,
    runner: &Runner,
    runtime: &Runtime,
) {
    for (case, outcome) in cases.iter().zip(&mut session.outcomes) {
        if accepted.wrote(&case.name) {
            *outcome = runtime.block_on(runner.run(&case.again()));
        }
    }
}

fn tell(args: &TestArgs, session: &Session, cases: &[Case], accepted: Option<&Accepted>) {
    if args.json {
        let report = report::report(session, cases, accepted, args.explain);
        term::say(&report.to_string());
        return;
    }
    let mut silent = 0;
    for (case, outcome) in cases.iter().zip(&session.outcomes) {
        if !args.quiet || !outcome.passed() {
            term::say(&print::case(session, outcome));
        }
        if args.explain {
            silent += print::explain(case, outcome);
        }
    }
    if silent > 0 {
        term::say(&format!(
            "{silent} of the client's fields were dropped without a note; say it with sdk::host::note"
        ));
    }
    term::say(&print::summary(session));
}

fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map(|now| now.as_secs()).unwrap_or(1)
}

/// For a shell, in single quotes where it needs them.
fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@%+,".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_what_was_meant() {
        assert_eq!(quoted("a/b-c.wasm"), "a/b-c.wasm");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
    }
}
