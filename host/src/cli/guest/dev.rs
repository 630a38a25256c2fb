//! `transom guest dev`: saved, built, tested, live. One line a round.
//!
//! A round that fails anywhere puts nothing in place: what serves goes on serving.

mod build;
mod live;
mod sources;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;

use crate::cli::serve::configuration;
use crate::cli::{Places, USAGE, runtime, term};
use crate::config::{Config, Limits, Paths, process_env};
use crate::testing::{Runner, cases_in};
use crate::wasm::Engine;
use build::Package;
use sources::Sources;

#[derive(Args)]
pub(in crate::cli) struct DevArgs {
    /// The guest's folder, or its name in a checkout (guests/NAME)
    guest: String,
    #[command(flatten)]
    places: Places,
    /// One round, and no watching
    #[arg(long)]
    once: bool,
}

/// The engine runs one case at a time: a chain has a few stages.
const INSTANCES: u32 = 8;

pub(super) fn run(args: &DevArgs) -> anyhow::Result<ExitCode> {
    let package = match Package::find(&args.guest) {
        Ok(package) => package,
        Err(problem) => {
            term::fail(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let runtime = runtime()?;
    let config = match runtime.block_on(configuration(&args.places)) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    let target = target(&args.places, &package.name)?;
    let engine = Engine::new(INSTANCES, Limits::default().memory)
        .map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}"))?;
    let desk = Desk {
        package,
        target,
        config,
        engine,
        runtime,
    };
    // Before the first build: what is saved while it runs is the next round.
    let mut sources = Sources::watch(&desk.package.folders)?;
    loop {
        let good = desk.round();
        if args.once {
            return Ok(if good {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        sources.changed();
    }
}

fn target(places: &Places, name: &str) -> anyhow::Result<PathBuf> {
    let usual = || Paths::of(&process_env).map(|paths| paths.transformers);
    let folder = places.transformers.clone().or_else(usual);
    let folder = folder.context("there is no home folder; name one with --transformers")?;
    Ok(folder.join(format!("{name}.wasm")))
}

/// What every round works with.
struct Desk {
    package: Package,
    /// The file that a running transom takes up.
    target: PathBuf,
    config: Config,
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

impl Desk {
    /// Builds, tests, puts in place, waits until it serves; says how it went. True if all is well.
    fn round(&self) -> bool {
        if self.runtime.block_on(live::record(&self.config)) {
            term::note(
                "the running service keeps its last exchanges from now on, in memory, to try each version on them; `transom guest record --off` ends that",
            );
        }
        let mut told = vec![self.package.name.clone()];
        let result = self.steps(&mut told);
        match result {
            Ok(()) => {
                term::say(&told.join(", "));
                true
            }
            Err(why) => {
                term::note(&format!("{}: {why:#}; what serves stays", told.join(", ")));
                false
            }
        }
    }

    fn steps(&self, told: &mut Vec<String>) -> anyhow::Result<()> {
        let (component, took) = timed(|| self.package.build())?;
        told.push(format!("built in {}", shown(took)));
        let bytes = std::fs::read(&component)
            .with_context(|| format!("{} cannot be read", component.display()))?;
        let (count, took) = timed(|| self.test(&bytes))?;
        match count {
            0 => told.push("no fixtures to test with".to_owned()),
            count => told.push(format!("{count} cases passed in {}", shown(took))),
        }
        let (serving, took) = timed(|| {
            put(&self.target, &bytes)?;
            self.runtime
                .block_on(live::wait(&self.config, &self.package.name, &bytes))
        })?;
        told.push(match serving {
            Some(serving) => format!("{serving} in {}", shown(took)),
            None => format!("put into {} (no transom runs)", self.target.display()),
        });
        Ok(())
    }

    /// How many cases passed. Errors: the first that failed, with its differences.
    fn test(&self, bytes: &[u8]) -> anyhow::Result<usize> {
        let runner = Runner::new(&self.engine, &self.package.name, bytes, 1)?;
        let Some(folder) = &self.package.fixtures else {
            return Ok(0);
        };
        let cases = cases_in(folder)?;
        for case in &cases {
            let outcome = self.runtime.block_on(runner.run(case));
            if let Some(failure) = outcome.failures.first() {
                anyhow::bail!("the case {} fails: {failure}", case.name);
            }
        }
        Ok(cases.len())
    }
}

/// By rename, so that nobody reads half a file.
fn put(target: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = target
        .parent()
        .context("invariant: a file lies in a folder")?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("{} cannot be written into", folder.display()))?;
    std::io::Write::write_all(&mut fresh, bytes)?;
    fresh.persist(target)?;
    Ok(())
}

fn timed<T>(step: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration)> {
    let began = Instant::now();
    let done = step()?;
    Ok((done, began.elapsed()))
}

fn shown(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}
