//! `transom config init`: a configuration with one provider, its key in the env file, and a key for clients.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use super::preset::{PRESETS, Preset, find};
use super::{InitArgs, destination};
use crate::cli::{USAGE, prompt, term};
use crate::config::{Config, Paths, Secret, private_file, process_env, set_variable, variables};

/// Asked of clients.
const CLIENTS: &str = "TRANSOM_API_KEY";

pub(super) fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let place = match destination(args.config.clone(), args.force) {
        Ok(place) => place,
        Err(why) => return Ok(wrong(&why)),
    };
    let Some(env) = Paths::of(&process_env).map(|paths| paths.env) else {
        return Ok(wrong("HOME is not set, so there is no place for keys"));
    };
    let preset = match &args.provider {
        Some(name) => find(name),
        None if prompt::somebody() => Ok(choose()?),
        None => Err("nobody can be asked here: name a provider with --provider".to_owned()),
    };
    let preset = match preset {
        Ok(preset) => preset,
        Err(why) => return Ok(wrong(&why)),
    };
    let variable = args.key_env.as_deref().unwrap_or(preset.variable);
    let text = text(preset, variable, args);
    // Nothing is asked for, written or replaced for one that does not hold.
    let set = |name: &str| process_env(name).or_else(|| Some(format!("value-of-{name}")));
    if let Err(problems) = Config::parse(&text, Some(&place), &set) {
        term::note(&problems.to_string());
        term::fail("nothing is written, since this configuration would not hold");
        return Ok(ExitCode::from(USAGE));
    }
    let key = key(preset, variable)?;
    if let Some(key) = &key {
        set_variable(&env, variable, key)?;
    }
    if !variables(&env).iter().any(|name| name == CLIENTS) {
        let own = process_env(CLIENTS).filter(|value| !value.is_empty());
        set_variable(
            &env,
            CLIENTS,
            &Secret::new(own.unwrap_or_else(crate::ids::exchange_id)),
        )?;
    }
    private_file(&place, &text)?;
    let loaded = Config::load(&place, &process_env)?;
    for warning in &loaded.warnings {
        term::note(&format!("warning: {warning}"));
    }
    term::show(&done(
        &place,
        &env,
        variable,
        key.is_some() || variable.is_empty(),
    ));
    Ok(ExitCode::SUCCESS)
}

fn wrong(why: &str) -> ExitCode {
    term::fail(why);
    ExitCode::from(USAGE)
}

/// Until one is named. Errors: the input ends.
fn choose() -> std::io::Result<&'static Preset> {
    for (number, preset) in PRESETS.iter().enumerate() {
        term::note(&format!("  {}  {}", number + 1, preset.name));
    }
    loop {
        match find(&prompt::ask("Which provider", PRESETS[0].name)?) {
            Ok(preset) => return Ok(preset),
            Err(why) => term::note(&why),
        }
    }
}

/// From the environment, a person, or standard input; none: it is to come later.
fn key(preset: &Preset, variable: &str) -> std::io::Result<Option<Secret>> {
    if variable.is_empty() {
        return Ok(None);
    }
    let set = process_env(variable).filter(|value| !value.trim().is_empty());
    if let Some(value) = set {
        return Ok(Some(Secret::new(value.trim())));
    }
    if prompt::somebody() {
        return prompt::ask_hidden(&format!(
            "Key of {} for {variable}; empty: later",
            preset.name
        ));
    }
    prompt::piped()
}

fn text(preset: &Preset, variable: &str, args: &InitArgs) -> String {
    let base_url = args.base_url.as_deref().unwrap_or(preset.base_url);
    // What speaks like OpenAI elsewhere has its chat completions, and hardly its other API.
    let elsewhere = args.base_url.is_some() && preset.transformer == "responses";
    let transformer = if elsewhere {
        "openai"
    } else {
        preset.transformer
    };
    let mut models = preset.models.to_vec();
    if let Some(model) = &args.model {
        models.retain(|known| known != model);
        models.insert(0, model);
    }
    let listed: Vec<String> = models.iter().map(|model| quoted(model)).collect();
    let target = |model: &str| quoted(&format!("{},{model}", preset.name));
    let key = if variable.is_empty() {
        String::new()
    } else {
        format!("      api_key: \"${{{variable}}}\",\n")
    };
    let mut routes = format!("default: {}", target(models[0]));
    if let Some(small) = preset.models.get(1) {
        // Infallible: a String takes whatever is written.
        let _ = write!(routes, ", background: {}", target(small));
    }
    format!(
        "// docs/config.md explains every setting; `transom check` tells what is wrong here.\n\
         {{\n  listen: \"127.0.0.1:3456\",\n  \
         // What clients must present. `transom code` and `transom activate` do.\n  \
         api_key: \"${{{CLIENTS}}}\",\n  providers: [\n    {{\n      \
         name: {},\n      base_url: {},\n{key}      \
         // Others can be asked for as \"{},MODEL\".\n      models: [{}],\n      \
         transformer: \"{}\",\n{}    }},\n  ],\n  router: {{ {routes} }},\n}}\n",
        quoted(preset.name),
        quoted(base_url),
        preset.name,
        listed.join(", "),
        transformer,
        preset.more,
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn done(place: &Path, env: &Path, variable: &str, has_key: bool) -> String {
    let mut out = format!(
        "wrote {}\nkeys are in {}\n\n",
        place.display(),
        env.display()
    );
    if has_key {
        out.push_str("next:\n  transom check\n  transom code\n");
    } else {
        // Infallible: a String takes whatever is written.
        let _ = write!(out, "next:\n  transom key set {variable}\n  transom code\n");
    }
    out
}
