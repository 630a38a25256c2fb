//! `transom guest`: the transformer author's side.

mod add;
mod cases;
mod dev;
mod diff;
mod inspect;
mod list;
mod new;
mod record;
mod rollback;
mod test;
mod trace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{Places, USAGE, term};
use crate::config::{Limits, Paths, process_env};
use crate::registry::builtin;
use crate::wasm::Engine;

/// A configuration can name a transformer so, and its file is in the transformers folder.
fn can_be_name(name: &str) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= 64 && name.chars().all(valid) && name != "anthropic"
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the transformers of the running service, or of the folder and the binary
    List(ListArgs),
    /// Show what a component exports, imports and can reach
    Inspect(InspectArgs),
    /// Build, test and swap a guest at every save
    Dev(dev::DevArgs),
    /// Make a folder with a new transformer that builds and passes its tests
    New(new::NewArgs),
    /// Install a component and pin it by its sha256
    Add(add::AddArgs),
    /// Bring back the generation of a transformer that served before
    Rollback(rollback::RollbackArgs),
    /// Write exchanges of the running service as fixtures, without what is personal in them
    Record(record::RecordArgs),
    /// Run recorded exchanges through a compiled component
    Test(test::TestArgs),
    /// Show where two components differ on recorded exchanges
    Diff(diff::DiffArgs),
    /// Show exchanges of the running service hop by hop
    Trace(trace::TraceArgs),
}

#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct InspectArgs {
    /// A component file, or the name of a transformer
    guest: String,
    /// Folder of component files [default: ~/.local/share/transom/transformers]
    #[arg(long, value_name = "DIR")]
    transformers: Option<PathBuf>,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(args) => list::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Dev(args) => dev::run(&args),
        Command::New(args) => new::run(&args),
        Command::Add(args) => add::run(&args),
        Command::Rollback(args) => rollback::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Trace(args) => trace::run(&args),
    }
}

/// Instances of an engine for tests: one case is run at a time, on a chain of one stage.
const INSTANCES: u32 = 8;

fn engine() -> anyhow::Result<Engine> {
    Engine::new(INSTANCES, Limits::default().memory)
        .map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}"))
}

/// Says what is wrong with how the command was called.
fn usage(why: &str) -> ExitCode {
    term::fail(why);
    ExitCode::from(USAGE)
}

/// A component by file or by name: its name, where it came from, its bytes.
fn find(guest: &str, transformers: Option<&Path>) -> anyhow::Result<(String, String, Vec<u8>)> {
    let as_file = Path::new(guest);
    if guest.contains('/')
        || as_file
            .extension()
            .is_some_and(|extension| extension == "wasm")
    {
        let bytes = std::fs::read(as_file).with_context(|| format!("{guest} cannot be read"))?;
        let name = as_file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        return Ok((name, guest.to_owned(), bytes));
    }
    let usual = Paths::of(&process_env).map(|paths| paths.transformers);
    if let Some(dir) = transformers.map(Path::to_owned).or(usual) {
        let path = dir.join(format!("{guest}.wasm"));
        if let Ok(bytes) = std::fs::read(&path) {
            return Ok((guest.to_owned(), path.display().to_string(), bytes));
        }
    }
    let bytes = builtin(guest).with_context(|| {
        let known: Vec<_> = crate::registry::builtin_names().collect();
        format!(
            "there is no transformer `{guest}`: name a .wasm file, or one of {}",
            known.join(", ")
        )
    })?;
    Ok((guest.to_owned(), "builtin".to_owned(), bytes.to_vec()))
}
