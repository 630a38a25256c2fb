//! `transom config import`: prints, or writes, what becomes of a configuration of claude-code-router.

use std::process::ExitCode;

use anyhow::Context as _;

use super::{ImportArgs, destination};
use crate::cli::{USAGE, prompt, term};
use crate::config::{
    Config, Imported, Importing, LiteralKeys, Paths, private_file, process_env, set_variable,
    variables,
};

pub(super) fn run(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let paths = Paths::of(&process_env);
    let usual = || paths.as_ref().and_then(|paths| paths.ccr.clone());
    let Some(file) = args.file.clone().or_else(usual) else {
        term::fail("HOME is not set: name the file to import");
        return Ok(ExitCode::from(USAGE));
    };
    // Keys are never printed: where the text goes to the terminal, variables stand in their places.
    let mut keys = if args.write && !args.move_keys {
        LiteralKeys::Keep
    } else {
        LiteralKeys::Move
    };
    let read = |keys| {
        let for_service = args.service;
        let how = Importing { keys, for_service };
        Config::import(&file, &process_env, how)
    };
    let mut imported = match read(keys) {
        Ok(imported) => imported,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    for warning in &imported.warnings {
        term::note(&format!("{}:{}: {warning}", file.display(), warning.line));
    }
    if !args.write {
        term::show(&imported.text);
        if !imported.keys.is_empty() {
            let names = names(&imported);
            term::note(&format!(
                "the file has keys in it, which are not shown: {names} stand for them; \
                 `transom config import --write --move-keys` puts them into the env file"
            ));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if keys == LiteralKeys::Keep && !imported.keys.is_empty() && prompt::somebody() {
        let question = format!(
            "Move the keys in the file into the env file, as {}",
            names(&imported)
        );
        if prompt::agreed(&question)? {
            keys = LiteralKeys::Move;
            imported = read(keys)?;
        }
    }
    write(args, &imported, keys, paths.as_ref())
}

fn names(imported: &Imported) -> String {
    let names = imported.keys.iter().map(|(name, _)| name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn write(
    args: &ImportArgs,
    imported: &Imported,
    keys: LiteralKeys,
    paths: Option<&Paths>,
) -> anyhow::Result<ExitCode> {
    let place = match destination(args.config.clone(), args.force) {
        Ok(place) => place,
        Err(why) => {
            term::fail(&why);
            return Ok(ExitCode::from(USAGE));
        }
    };
    if keys == LiteralKeys::Move && !imported.keys.is_empty() {
        let env = &paths
            .context("HOME is not set, so there is no env file")?
            .env;
        let known = variables(env);
        for (name, key) in &imported.keys {
            if known.contains(name) {
                term::note(&format!(
                    "{name} stands in {} already, and stays as it is",
                    env.display()
                ));
            } else {
                set_variable(env, name, key)?;
                term::say(&format!("moved a key to {name} in {}", env.display()));
            }
        }
    }
    private_file(&place, &imported.text)?;
    term::say(&format!("wrote {}", place.display()));
    if keys == LiteralKeys::Keep && !imported.keys.is_empty() {
        term::note("it has keys in it; --move-keys puts them into the env file instead");
    }
    match Config::load(&place, &process_env) {
        Ok(_) => {
            term::say("next: transom check");
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            term::note(&problems.to_string());
            Ok(ExitCode::from(USAGE))
        }
    }
}
