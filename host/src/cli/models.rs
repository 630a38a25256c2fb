//! `transom models`: what is configured, with what is known of it.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::serve::configuration;
use super::{Places, USAGE, runtime, term};
use crate::config::{Config, Model};

#[derive(Args)]
pub(super) struct ModelsArgs {
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let config = match runtime()?.block_on(configuration(&args.places)) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    if args.json {
        let models: Vec<Value> = all(&config)
            .iter()
            .map(|(id, model)| told(id, model))
            .collect();
        term::say(&format!("{:#}", json!({ "models": models })));
    } else {
        term::show(&table(&config));
    }
    Ok(ExitCode::SUCCESS)
}

/// Listed ones, then those that only a route or an alias names.
pub(super) fn all(config: &Config) -> Vec<(String, Model)> {
    let mut models = Vec::new();
    for provider in &config.providers {
        for model in &provider.models {
            models.push((format!("{},{}", provider.name, model.id), model.clone()));
        }
    }
    let routed = config.routes().map(|(_, target)| target);
    for target in routed.chain(config.aliases.values()) {
        let id = target.to_string();
        if models.iter().all(|(known, _)| *known != id) {
            let model = config.model(target).map(std::borrow::Cow::into_owned);
            models.push((id, model.unwrap_or_else(|| Model::named(&target.model))));
        }
    }
    models
}

fn told(id: &str, model: &Model) -> Value {
    json!({
        "id": id, "context_window": model.context_window, "max_output": model.max_output,
        "price": model.price, "vision": model.vision, "reasoning": model.reasoning,
        "retired": model.retired,
    })
}

fn table(config: &Config) -> String {
    let dash = || "-".to_owned();
    let mut rows = vec![["model", "window", "output", "$ in", "$ out", ""].map(str::to_owned)];
    for (id, model) in all(config) {
        let tokens = |number: Option<u32>| number.map_or_else(dash, |number| number.to_string());
        let dollars = |price: Option<f64>| price.map_or_else(dash, |price| price.to_string());
        let mut notes = Vec::new();
        if let Some(day) = model.retired {
            notes.push(format!("retired {day}"));
        }
        for (name, set) in [("thinks", model.reasoning), ("sees", model.vision)] {
            if set == Some(true) {
                notes.push(name.to_owned());
            }
        }
        let routes = config
            .routes()
            .filter(|(_, target)| target.to_string() == id)
            .map(|(name, _)| name.to_owned());
        notes.extend(routes);
        rows.push([
            id,
            tokens(model.context_window),
            tokens(model.max_output),
            dollars(model.price.map(|price| price.input)),
            dollars(model.price.map(|price| price.output)),
            notes.join(", "),
        ]);
    }
    aligned(&rows)
}

/// The first column to the left, figures to the right.
fn aligned(rows: &[[String; 6]]) -> String {
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = format!("{:<width$}", row[0], width = widths[0]);
        for (cell, width) in row.iter().zip(widths).take(5).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        let _ = write!(line, "  {}", row[5]);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
