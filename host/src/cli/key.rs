//! `transom key`: keys in the env file, which a running service takes up at once. No key is ever printed.

use std::process::ExitCode;

use clap::Subcommand;

use super::{USAGE, prompt, term};
use crate::config::{Config, Paths, process_env, set_variable, variable_of, variables};
use crate::service::Place;
use crate::service::ask::Line;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Read a key from the terminal (not shown) or from standard input, and keep it
    Set {
        /// A variable such as CEREBRAS_API_KEY, or the name of a configured provider
        name: String,
    },
    /// Show the names of the keys that are kept
    List {
        /// Print JSON for a program
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Some(paths) = Paths::of(&process_env) else {
        term::fail("HOME is not set, so there is no place for keys");
        return Ok(ExitCode::from(USAGE));
    };
    match command {
        Command::Set { name } => set(name, &paths),
        Command::List { json } => {
            list(&paths, *json);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn set(name: &str, paths: &Paths) -> anyhow::Result<ExitCode> {
    let variable = match variable(name) {
        Ok(variable) => variable,
        Err(why) => {
            term::fail(&why);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let key = if prompt::somebody() {
        prompt::ask_hidden(&format!("Key for {variable}"))?
    } else {
        prompt::piped()?
    };
    let Some(key) = key else {
        term::fail("no key was given; nothing is changed");
        return Ok(ExitCode::FAILURE);
    };
    if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        term::fail(
            "the key has a space or a character that no header can carry; copy it again, whole",
        );
        return Ok(ExitCode::FAILURE);
    }
    // Before the file: a service reads that when it changes.
    let services = let_go(paths, &variable);
    set_variable(&paths.env, &variable, &key)?;
    term::say(&format!("{variable} is set in {}", paths.env.display()));
    for pid in services {
        term::say(&format!(
            "the service, process {pid}, was started with another {variable} in its environment; this one counts from now on"
        ));
    }
    if process_env(&variable).is_some_and(|own| !own.is_empty() && own != key.expose()) {
        term::note(&format!(
            "this shell has another {variable} in its environment, which is stronger for what is started from it: `unset {variable}`"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Has running services take the variable from the env file from now on. The processes of those that had it
/// from the shell that started them.
fn let_go(paths: &Paths, variable: &str) -> Vec<u32> {
    let place = Place::new(&paths.state);
    let notes = place.notes().into_iter();
    notes
        .filter_map(|note| {
            let mut line = Line::to(&place, note.listen).ok()?;
            let had_it = line.let_go(variable).ok()?;
            had_it.then_some(note.pid)
        })
        .collect()
}

/// A name in capitals is a variable; else it is the provider whose variable is meant.
///
/// Errors: nothing would read what is set; a sentence.
fn variable(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    let path = Config::find(None, &process_env);
    let text = path.and_then(|path| std::fs::read_to_string(path).ok());
    let found = text.and_then(|text| Config::key_variable(&text, name));
    found.unwrap_or_else(|| {
        Err(format!(
            "`{name}` is neither a variable, such as {}, nor a configured provider",
            variable_of(name)
        ))
    })
}

fn list(paths: &Paths, json: bool) {
    let names = variables(&paths.env);
    if json {
        let file = paths.env.display().to_string();
        term::say(&serde_json::json!({ "file": file, "names": names }).to_string());
    } else if names.is_empty() {
        term::say(&format!(
            "no key is kept in {}; `transom key set NAME` keeps one",
            paths.env.display()
        ));
    } else {
        term::say(&names.join("\n"));
    }
}
