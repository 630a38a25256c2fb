//! `transom guest add`: a component from elsewhere becomes a transformer here. It is checked as a start
//! would, put in place in one step, and pinned in the configuration by its sha256.

mod before;
mod fetch;
mod pin;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::json;

use super::can_be_name;
use super::dev::put;
use crate::cli::serve::configuration;
use crate::cli::{Places, USAGE, runtime, term};
use crate::config::{Config, Limits, Paths, process_env};
use crate::registry::{Wanted, builtin, smoke};
use crate::wasm::{Component, Engine, sha256};
use before::Before;
use pin::Pinned;

#[derive(Args)]
pub(in crate::cli) struct AddArgs {
    /// A component file, or its address: https, or http on this machine
    #[arg(value_name = "FILE|URL")]
    source: String,
    /// The transformer's name [default: the file's]
    #[arg(long)]
    name: Option<String>,
    /// Take the place of a file of other bytes that lies there
    #[arg(long)]
    replace: bool,
    /// What its sha256 must be; anything else is refused
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &AddArgs) -> anyhow::Result<ExitCode> {
    let runtime = runtime()?;
    let name = match name_of(args) {
        Ok(name) => name,
        Err(why) => {
            term::fail(&why);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let config = match runtime.block_on(configuration(&args.places)) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    let added = add(args, &name, &config, &runtime);
    let added = match added {
        Ok(added) => added,
        Err(why) => {
            term::fail(&format!("{} was not added: {why:#}", args.source));
            return Ok(ExitCode::FAILURE);
        }
    };
    if args.json {
        term::say(&added.json());
    } else {
        added.tell();
    }
    Ok(match added.pinned {
        Pinned::Written(_) | Pinned::Already(_) => ExitCode::SUCCESS,
        Pinned::ByHand { .. } => ExitCode::FAILURE,
    })
}

/// What was done.
struct Added {
    name: String,
    path: PathBuf,
    sha256: String,
    shadows_builtin: bool,
    used: bool,
    pinned: Pinned,
}

fn add(
    args: &AddArgs,
    name: &str,
    config: &Config,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<Added> {
    let bytes = runtime.block_on(fetch::bytes(&args.source))?;
    let digest = sha256(&bytes);
    if let Some(wanted) = &args.sha256 {
        let wanted = wanted.trim_start_matches("sha256:");
        ensure!(
            wanted.eq_ignore_ascii_case(&digest),
            "its sha256 is {digest}, not {wanted}"
        );
    }
    let used = check(name, &bytes, config, runtime)?;
    let usual = || Paths::of(&process_env).map(|paths| paths.transformers);
    let folder = args.places.transformers.clone().or_else(usual);
    let folder = folder.context("there is no home folder; name one with --transformers")?;
    let path = folder.join(format!("{name}.wasm"));
    let before = Before::of(&path)?;
    ensure!(
        args.replace || before.may_go(&digest),
        "{} is another component (sha256 {}); --replace takes its place",
        path.display(),
        before.sha256().unwrap_or_default()
    );
    // Before the pin: a service that pins only looks at the file when the pin changes.
    put(&path, &bytes)?;
    let pinned = pin::write(config.path.as_deref(), name, &digest);
    if let Pinned::ByHand { place, lines, why } = &pinned
        && !before.may_go(&digest)
    {
        // What is pinned would be gone, and what is there would not run.
        before.put_back(&path)?;
        bail!(
            "its pin was not written ({why}), and what lay at {} is back there; add to {place}:\n{lines}\nthen say it again",
            path.display()
        );
    }
    Ok(Added {
        name: name.to_owned(),
        path,
        sha256: digest,
        shadows_builtin: builtin(name).is_some(),
        used,
        pinned,
    })
}

/// As a start would: the interface, and the options of each provider that names it. Whether one does.
fn check(
    name: &str,
    bytes: &[u8],
    config: &Config,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<bool> {
    let engine = Engine::new(1, Limits::default().memory)
        .map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}"))?;
    let component = Component::load(&engine, None, name, bytes).map_err(|rejected| {
        let remedy = rejected.remedy().map(|remedy| format!("; {remedy}"));
        anyhow::anyhow!("{rejected}{}", remedy.unwrap_or_default())
    })?;
    let mut wanted = Wanted::of(config);
    let options = wanted.options.remove(name);
    let component = std::sync::Arc::new(component);
    if let Some(options) = &options {
        runtime.block_on(smoke(&component, options, &wanted.limits))?;
    }
    Ok(options.is_some())
}

/// Errors: a sentence with the remedy.
fn name_of(args: &AddArgs) -> Result<String, String> {
    let last = args.source.split(['?', '#']).next().unwrap_or_default();
    let stem = Path::new(last).file_stem().and_then(|stem| stem.to_str());
    let name = args.name.as_deref().or(stem).unwrap_or_default();
    if !can_be_name(name) {
        return Err(format!(
            "`{name}` cannot be a transformer's name; give one of letters, digits, - and _ with --name"
        ));
    }
    Ok(name.to_owned())
}

impl Added {
    fn tell(&self) {
        let (name, path) = (&self.name, self.path.display());
        term::say(&format!("{name} is at {path} (sha256:{})", self.sha256));
        if self.shadows_builtin {
            term::say(&format!(
                "  it stands before the built-in `{name}`; remove the file to have that back"
            ));
        }
        match &self.pinned {
            Pinned::Written(file) => {
                term::say(&format!("  pinned in {}", file.display()));
            }
            Pinned::Already(file) => {
                term::say(&format!("  {} pins it already", file.display()));
            }
            Pinned::ByHand { place, lines, why } => {
                term::note(&format!(
                    "  its pin was not written: {why}\n  add to {place}:\n{lines}"
                ));
            }
        }
        if !self.used {
            term::say(&format!(
                "  no provider names it yet: write `transformer: \"{name}\"` into one"
            ));
        }
    }

    fn json(&self) -> String {
        let pinned = !matches!(self.pinned, Pinned::ByHand { .. });
        json!({
            "name": self.name, "path": self.path, "sha256": self.sha256, "pinned": pinned,
            "shadows_builtin": self.shadows_builtin, "used": self.used,
        })
        .to_string()
    }
}
