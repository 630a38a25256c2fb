//! `just bench`: what the hop through transom costs, measured beside a bare relay and beside no
//! hop at all, everything in one run. `docs/performance.md` says how and why.
//!
//! From top to bottom: [`args`], [`plan`] (what is run), [`fleet`] (the processes, `child`,
//! `transom`, `pin`), [`rounds`] and [`measure`] (`load` against `mock` through `relay` or
//! transom), [`results`] and [`report`].

#![expect(clippy::print_stderr, reason = "progress for the person who waits")]

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

mod args;
mod cases;
mod child;
mod columns;
mod fleet;
mod load;
mod machine;
mod measure;
mod memory;
mod mock;
mod pin;
mod plan;
mod process;
mod relay;
mod report;
mod results;
mod role;
mod rounds;
mod startup;
mod stats;
mod swap;
mod transom;
mod wire;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let done = match &args.role {
        Some(role) => role::run(role).map(|()| true),
        None => bench(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True if everything could be measured.
fn bench(args: &args::Args) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (text, complete) = runtime.block_on(plan::run(args))?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(complete)
}
