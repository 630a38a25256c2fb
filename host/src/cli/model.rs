//! `transom model`: which model each route leads to, and setting it in the configuration file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::rewrite::rewrite;
use super::{USAGE, prompt, term};
use crate::config::{Config, nearest, process_env, with_setting};

/// Routes, and how claude-code-router calls them.
const ROUTES: [(&str, &str); 6] = [
    ("default", "default"),
    ("background", "background"),
    ("think", "think"),
    ("long_context", "longContext"),
    ("web_search", "webSearch"),
    ("image", "image"),
];

#[derive(Args)]
pub(super) struct ModelArgs {
    #[command(subcommand)]
    command: Option<Command>,
    /// Configuration file [default: $TRANSOM_CONFIG, else ~/.config/transom/config.json5]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Show where each route leads
    List {
        /// Print JSON for a program
        #[arg(long)]
        json: bool,
    },
    /// Write a route into the configuration file; its comments and form stay
    Set {
        /// default, background, think, `long_context`, `web_search` or image
        route: String,
        /// PROVIDER,MODEL
        target: String,
    },
}

pub(super) fn run(args: ModelArgs) -> anyhow::Result<ExitCode> {
    let Some(path) = Config::find(args.config, &process_env) else {
        term::fail("there is no configuration; `transom config init` writes one");
        return Ok(ExitCode::from(USAGE));
    };
    let config = match Config::load(&path, &process_env) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    match args.command {
        Some(Command::List { json }) => {
            list(&config, json);
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Set { route, target }) => set(&path, &config, &route, &target),
        None if prompt::somebody() => {
            let (route, target) = pick(&config)?;
            set(&path, &config, &route, &target)
        }
        None => {
            term::fail("nobody can be asked here; write `transom model set ROUTE PROVIDER,MODEL`");
            Ok(ExitCode::from(USAGE))
        }
    }
}

fn target_of(config: &Config, route: &str) -> Option<String> {
    let mut routes = config.routes();
    let found = routes.find(|(name, _)| *name == route);
    found.map(|(_, target)| target.to_string())
}

fn list(config: &Config, as_json: bool) {
    if as_json {
        let routes = ROUTES.map(|(name, _)| (name.to_owned(), json!(target_of(config, name))));
        let routes: serde_json::Map<_, _> = routes.into_iter().collect();
        term::say(&json!({ "routes": routes }).to_string());
        return;
    }
    for (name, _) in ROUTES {
        let target = target_of(config, name).unwrap_or_else(|| "-".to_owned());
        term::say(&format!("{name:<13}{target}"));
    }
}

/// Asks for a route, then for a model, by number or by name.
fn pick(config: &Config) -> std::io::Result<(String, String)> {
    for (number, (name, _)) in ROUTES.iter().enumerate() {
        let target = target_of(config, name).unwrap_or_else(|| "-".to_owned());
        term::note(&format!("  {}  {name:<13}{target}", number + 1));
    }
    let names: Vec<String> = ROUTES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let route = chosen(&prompt::ask("Which route", "default")?, &names);
    let models: Vec<String> = super::models::all(config)
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    for (number, id) in models.iter().enumerate() {
        term::note(&format!("  {}  {id}", number + 1));
    }
    let usual = target_of(config, &route).unwrap_or_default();
    let target = prompt::ask("Which model (number, or PROVIDER,MODEL)", &usual)?;
    Ok((route, chosen(&target, &models)))
}

fn chosen(answer: &str, list: &[String]) -> String {
    let number = answer.parse::<usize>().ok();
    let by_number = number.and_then(|number| list.get(number.checked_sub(1)?));
    by_number.cloned().unwrap_or_else(|| answer.to_owned())
}

fn set(path: &Path, config: &Config, route: &str, target: &str) -> anyhow::Result<ExitCode> {
    let known = ROUTES
        .iter()
        .find(|(ours, theirs)| *ours == route || *theirs == route);
    let Some((ours, theirs)) = known else {
        let remedy = match nearest(route, ROUTES.map(|(name, _)| name)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known: {}", ROUTES.map(|(name, _)| name).join(", ")),
        };
        term::fail(&format!("there is no route `{route}`; {remedy}"));
        return Ok(ExitCode::from(USAGE));
    };
    let Some(target) = config.target(target) else {
        let providers: Vec<&str> = config
            .providers
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        term::fail(&format!(
            "`{target}` does not name a configured provider and a model; write PROVIDER,MODEL, with one of: {}",
            providers.join(", ")
        ));
        return Ok(ExitCode::from(USAGE));
    };
    let target = target.to_string();
    edit(path, (ours, theirs), &target)?;
    term::say(&format!("{ours} is {target} in {}", path.display()));
    Ok(ExitCode::SUCCESS)
}

/// The edited file replaces the old one only if it is valid and says so.
fn edit(file: &Path, (ours, theirs): (&str, &str), target: &str) -> anyhow::Result<()> {
    // A link stays one: what it leads to is what is written.
    let file = file.canonicalize()?;
    let text = std::fs::read_to_string(&file)?;
    let edited = if Config::is_of_ccr(&text) {
        with_setting(&text, "Router", theirs, target)?
    } else {
        with_setting(&text, "router", ours, target)?
    };
    rewrite(&file, &edited, |config| {
        target_of(config, ours).as_deref() == Some(target)
    })
}
