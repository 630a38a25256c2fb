//! `transom guest list`: what runs, asked of the running service; without one, what is there to run.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::ListArgs;
use crate::cli::serve::configuration;
use crate::cli::service::Said;
use crate::cli::{USAGE, runtime, term};
use crate::config::{Config, Paths, process_env};
use crate::registry::{builtin, builtin_names};
use crate::wasm::sha256;

pub(super) fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let runtime = runtime()?;
    let config = match runtime.block_on(configuration(&args.places)) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    let running = runtime.block_on(crate::cli::service::status(&config));
    let (from, list) = match running {
        Said::Status(status) => {
            let text = |name: &str| status.get(name).and_then(Value::as_str).unwrap_or("?");
            let list = status.get("transformers").and_then(Value::as_array);
            (
                format!(
                    "of the service at {} (trust: {})",
                    text("listen"),
                    text("trust")
                ),
                list.cloned().unwrap_or_default(),
            )
        }
        Said::Silent(base, why) => {
            term::fail(&format!(
                "the service at {base} does not tell what it runs: {why}"
            ));
            return Ok(ExitCode::FAILURE);
        }
        Said::Nobody => (
            format!(
                "no service runs; of the binary and the transformers folder (trust: {})",
                config.trust.name()
            ),
            pinned(at_rest(args), &config),
        ),
    };
    if args.json {
        term::say(&json!(list).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    term::say(&format!("transformers, {from}:"));
    for entry in &list {
        term::say(&line(entry));
    }
    Ok(ExitCode::SUCCESS)
}

fn pinned(mut list: Vec<Value>, config: &Config) -> Vec<Value> {
    for entry in &mut list {
        let name = entry
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let pin = json!(config.pins.get(name));
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("pin".to_owned(), pin);
        }
    }
    list
}

fn at_rest(args: &ListArgs) -> Vec<Value> {
    let mut list: Vec<Value> = Vec::new();
    let usual = Paths::of(&process_env).map(|paths| paths.transformers);
    let files = args
        .places
        .transformers
        .clone()
        .or(usual)
        .and_then(|dir| std::fs::read_dir(dir).ok());
    for entry in files.into_iter().flatten().flatten() {
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
            && let (Some(name), Ok(bytes)) = (
                path.file_stem().and_then(|stem| stem.to_str()),
                std::fs::read(&path),
            )
        {
            list.push(json!({"name": name, "source": "file", "path": path, "sha256": sha256(&bytes), "shadows_builtin": builtin(name).is_some()}));
        }
    }
    for name in builtin_names() {
        if !list.iter().any(|entry| entry["name"] == name) {
            list.push(json!({"name": name, "source": "builtin", "path": null, "sha256": sha256(builtin(name).unwrap_or_default())}));
        }
    }
    list.sort_by_key(|entry| entry["name"].as_str().unwrap_or_default().to_owned());
    list
}

fn line(entry: &Value) -> String {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let error = if text("last_error").is_empty() {
        String::new()
    } else {
        // Where in the guest it broke has lines of its own.
        let told = text("last_error").replace('\n', "\n      ");
        format!("\n    last error: {told}")
    };
    if text("sha256").is_empty() {
        return format!("  {} not loaded{error}", text("name"));
    }
    let sha: String = text("sha256").chars().take(8).collect();
    let generation = entry.get("generation").and_then(Value::as_u64);
    let generation = generation
        .map(|number| format!(" generation {number}"))
        .unwrap_or_default();
    let place = if text("path").is_empty() {
        text("source")
    } else {
        text("path")
    };
    let shadow = if entry.get("shadows_builtin") == Some(&json!(true)) {
        ", stands before the built-in"
    } else {
        ""
    };
    let pinned = if text("pin").is_empty() {
        ""
    } else {
        ", pinned"
    };
    let rolled_back = entry.get("rolled_back").and_then(Value::as_u64);
    let rolled_back = rolled_back
        .map(|number| format!(", rolled back from generation {number}"))
        .unwrap_or_default();
    format!(
        "  {}{generation} sha256:{sha} ({place}{shadow}{pinned}{rolled_back}){error}",
        text("name")
    )
}
