//! `transom config`: a first configuration, the schema, and one made from claude-code-router's.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::term;

mod import;
mod init;
mod preset;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Write a first configuration: asks for a provider and its key, or takes both from options
    Init(InitArgs),
    /// Print the JSON schema of the configuration
    Schema,
    /// Turn a configuration of claude-code-router into one of transom's own
    Import(ImportArgs),
}

#[derive(Args)]
pub(super) struct InitArgs {
    /// A provider that transom knows, such as cerebras; without it, it is asked for
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The variable that holds the provider's key [default: the usual one, such as CEREBRAS_API_KEY]
    #[arg(long, value_name = "VAR")]
    key_env: Option<String>,
    /// The model of the default route [default: the provider's usual one]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Where the provider's API begins, instead of the usual place
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Where to write [default: $TRANSOM_CONFIG, else ~/.config/transom/config.json5]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Replace a configuration that is there
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
pub(super) struct ImportArgs {
    /// The file to read [default: ~/.claude-code-router/config.json]
    file: Option<PathBuf>,
    /// Write the configuration instead of printing it
    #[arg(long)]
    write: bool,
    /// Move keys that stand in the file into ~/.config/transom/env
    #[arg(long, requires = "write")]
    move_keys: bool,
    /// For an installed service: add `trust: "pinned"`, and an `api_key` of TRANSOM_API_KEY if there is none
    #[arg(long)]
    service: bool,
    /// Where to write [default: $TRANSOM_CONFIG, else ~/.config/transom/config.json5]
    #[arg(long, value_name = "FILE", requires = "write")]
    config: Option<PathBuf>,
    /// Replace a configuration that is there
    #[arg(long, requires = "write")]
    force: bool,
}

pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(args) => init::run(&args),
        Command::Schema => {
            term::show(include_str!("../../../config/schema.json"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Import(args) => import::run(&args),
    }
}

/// Where a configuration is written; an existing one only if that is wanted.
fn destination(named: Option<PathBuf>, force: bool) -> Result<PathBuf, String> {
    use crate::config::{Paths, process_env};
    let variable = || process_env("TRANSOM_CONFIG").filter(|path| !path.is_empty());
    let usual = || Paths::of(&process_env).map(|paths| paths.config);
    let path = named
        .or_else(|| variable().map(PathBuf::from))
        .or_else(usual);
    let path = path.ok_or("HOME is not set: name a file with --config")?;
    if path.exists() && !force {
        let path = path.display();
        return Err(format!(
            "{path} is there already; --force replaces it, --config writes elsewhere"
        ));
    }
    Ok(path)
}
