//! `transom guest rollback`: asks the running service for the generation before.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use crate::cli::serve::configuration;
use crate::cli::service::Service;
use crate::cli::{Places, USAGE, runtime, term};

#[derive(Args)]
pub(in crate::cli) struct RollbackArgs {
    /// The transformer
    name: String,
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &RollbackArgs) -> anyhow::Result<ExitCode> {
    let name = &args.name;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        term::fail(&format!(
            "`{name}` is no name of a transformer; `transom guest list` shows them"
        ));
        return Ok(ExitCode::from(USAGE));
    }
    let runtime = runtime()?;
    let config = match runtime.block_on(configuration(&args.places)) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    let path = format!("/api/transformers/{name}/rollback");
    let answer = runtime.block_on(async {
        let service = Service::find(&config, "start it with `transom serve`").await?;
        service.post(&path).await
    });
    match answer {
        Ok(answer) if args.json => term::say(&answer.to_string()),
        Ok(answer) => {
            let number = |field: &str| answer.get(field).and_then(Value::as_u64);
            let (from, to) = (number("from"), number("generation"));
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
            term::say(&format!(
                "{name}@{to} serves again; what began with {name}@{from} finishes with it"
            ));
        }
        Err(why) => {
            term::fail(&format!("{name} was not rolled back: {why:#}"));
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
