//! `transom guest dev`: saved, built, tested, live. One line a round.
//!
//! A round that fails anywhere puts nothing in place: what serves goes on serving.

mod cargo;
mod live;
mod npm;
pub(super) mod package;
mod round;
mod sources;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cli::serve::configuration;
use crate::cli::{Places, USAGE, runtime, term};
use crate::config::{Config, Paths, process_env};
use crate::registry::{Wanted, check_pin, smoke};
use crate::testing::{Runner, cases_in};
use crate::wasm::{Cache, Component, Engine};
use package::Package;
use round::Round;
use sources::Sources;

#[derive(Args)]
pub(in crate::cli) struct DevArgs {
    /// The guest's folder, or its name in a checkout (guests/NAME) and in its own folder
    guest: String,
    #[command(flatten)]
    places: Places,
    /// One round, and no watching
    #[arg(long)]
    once: bool,
    /// Print each round as a line of JSON for a program
    #[arg(long)]
    json: bool,
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
    let engine = Engine::new(INSTANCES, config.limits.memory)
        .map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}"))?;
    let cache = Paths::of(&process_env).and_then(|paths| Cache::open(&paths.cache).ok());
    let desk = Desk {
        package,
        target,
        config,
        engine,
        cache,
        runtime,
        json: args.json,
    };
    // Before the first build: what is saved while it runs is the next round.
    let mut sources = Sources::watch(&desk.package.folders)?;
    let mut recording = live::Recording::new(&desk.config);
    loop {
        recording.keep(&desk.runtime);
        let good = desk.round();
        if args.once {
            recording.end(&desk.runtime);
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
    /// What is compiled here for the tests need not be compiled by the service.
    cache: Option<Cache>,
    runtime: tokio::runtime::Runtime,
    json: bool,
}

impl Desk {
    /// Builds, tests, puts in place, waits until it serves; says how it went. True if all is well.
    fn round(&self) -> bool {
        let mut round = Round::of(&self.package.name);
        let result = self.steps(&mut round);
        let good = result.is_ok();
        match result {
            Ok(()) if self.json => term::say(&round.json(None)),
            Ok(()) => term::say(&round.line()),
            Err(why) if self.json => term::say(&round.json(Some(&format!("{why:#}")))),
            Err(why) => term::note(&format!(
                "{}: {}; what serves stays",
                round.line(),
                on_one_line(&format!("{why:#}"))
            )),
        }
        good
    }

    fn steps(&self, round: &mut Round) -> anyhow::Result<()> {
        let (built, took) = timed(|| self.package.build())?;
        round.built(took, built.warnings);
        let bytes = std::fs::read(&built.component)
            .with_context(|| format!("{} cannot be read", built.component.display()))?;
        let (runner, took) = timed(|| self.compiled(&bytes))?;
        round.compiled(took);
        self.check_pin(&bytes)?;
        let (count, took) = timed(|| self.test(&runner))?;
        round.tested(took, count);
        let (went, took) = timed(|| {
            let put = || put(&self.target, &bytes);
            let swap = live::swap(&self.config, &self.target, &self.package.name, &bytes, put);
            self.runtime.block_on(swap)
        })?;
        round.went(took, &went, &self.target);
        Ok(())
    }

    /// Compiled, and configured as the service would: what fails here is not even put in place.
    fn compiled(&self, bytes: &[u8]) -> anyhow::Result<Runner> {
        let name = &self.package.name;
        let component = Component::load(&self.engine, self.cache.as_ref(), name, bytes)?;
        let limits = Arc::new(self.config.limits.clone());
        let runner = Runner::of(&self.engine, component, 1).with_limits(limits);
        let mut wanted = Wanted::of(&self.config);
        let options = wanted.options.remove(name).unwrap_or_default();
        let tried = smoke(runner.component(), &options, &wanted.limits);
        self.runtime.block_on(tried)?;
        Ok(runner)
    }

    /// A service that trusts pinned bytes alone would refuse these, and what it trusts would be gone from
    /// its folder.
    fn check_pin(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let name = &self.package.name;
        check_pin(name, &crate::wasm::sha256(bytes), &Wanted::of(&self.config)).map_err(|rejected| {
            anyhow::anyhow!(
                "{rejected}; it is not put in place. Develop with another name or configuration, or take the pin out and set `trust: \"any\"` meanwhile"
            )
        })
    }

    /// How many cases passed. Errors: the first that failed, and how many more did.
    fn test(&self, runner: &Runner) -> anyhow::Result<usize> {
        let Some(folder) = self.package.fixtures() else {
            return Ok(0);
        };
        let cases = cases_in(&folder)?;
        let mut failed = Vec::new();
        for case in &cases {
            let outcome = self.runtime.block_on(runner.run(case));
            if let Some(failure) = outcome.failures.first() {
                let what = format!("the case {} fails: {failure}", case.name);
                failed.push((what, failure.place().to_owned()));
            }
        }
        match failed.split_first() {
            None => Ok(cases.len()),
            Some(((first, place), [])) => bail!("{first}{place}"),
            Some(((first, place), more)) => {
                bail!("{first} (and {} more fail){place}", more.len())
            }
        }
    }
}

/// What a guest said of a trap has lines of its own, which come first.
fn on_one_line(why: &str) -> &str {
    let (first, rest) = why.split_once('\n').unwrap_or((why, ""));
    if !rest.is_empty() {
        term::note(why);
    }
    first
}

/// By rename, so that nobody reads half a file. What a link leads to is replaced, not the link, and a file
/// that is there keeps its mode.
pub(super) fn put(target: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let target = &target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let folder = target
        .parent()
        .context("invariant: a file lies in a folder")?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("{} cannot be written into", folder.display()))?;
    std::io::Write::write_all(&mut fresh, bytes)?;
    if let Ok(there) = std::fs::metadata(target) {
        fresh.as_file().set_permissions(there.permissions())?;
    }
    fresh.persist(target)?;
    Ok(())
}

fn timed<T>(step: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration)> {
    let began = Instant::now();
    let done = step()?;
    Ok((done, began.elapsed()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_link_stays_a_link_and_a_file_keeps_its_mode() {
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("built.wasm"), home.path().join("t.wasm"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        put(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
}
