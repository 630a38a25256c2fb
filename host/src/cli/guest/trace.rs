//! `transom guest trace`: an exchange hop by hop.

mod changed;
mod hops;
mod shown;
mod stages;

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::cli::recordings::{Choice, Recorder, Summary};
use crate::cli::serve::configuration;
use crate::cli::{Places, USAGE, runtime, term};
use crate::config::Config;
use crate::recorder::Recording;
use shown::Length;

#[derive(Args)]
pub(in crate::cli) struct TraceArgs {
    /// The exchange, by its request-id or the beginning of that [default: the latest]
    id: Option<String>,
    /// How many exchanges, the latest
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        conflicts_with = "id"
    )]
    last: usize,
    /// Only those that this transformer served
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// Wait for exchanges, and show each when it has ended
    #[arg(long, conflicts_with_all = ["id", "last"])]
    follow: bool,
    /// Wait for the next exchange, show it, and end
    #[arg(long, conflicts_with_all = ["id", "last", "follow"])]
    next: bool,
    /// Show bodies whole
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program, a line an exchange
    #[arg(long)]
    json: bool,
}

/// How often the service is asked for new ones.
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn run(args: &TraceArgs) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(trace(args))
}

async fn trace(args: &TraceArgs) -> anyhow::Result<ExitCode> {
    let config = match configuration(&args.places).await {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    let recorder = Recorder::find(&config).await?;
    if args.follow || args.next {
        follow(args, &config, &recorder).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let choice = Choice {
        name: args.of.as_deref(),
        id: args.id.as_deref(),
        last: args.last,
    };
    for summary in choice.of(&recorder.list().await?)? {
        show(args, &config, &recorder.recording(&summary.id).await?).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn follow(args: &TraceArgs, config: &Config, recorder: &Recorder) -> anyhow::Result<()> {
    let mut seen: HashSet<String> = recorder
        .list()
        .await?
        .into_iter()
        .map(|one| one.id)
        .collect();
    term::note("waiting for exchanges");
    loop {
        let list = recorder.list().await?;
        let wanted = |one: &&Summary| {
            let of = args.of.as_ref();
            of.is_none_or(|name| one.stages.contains(name))
        };
        for one in list.iter().filter(wanted) {
            if !seen.insert(one.id.clone()) {
                continue;
            }
            // One that made room for others meanwhile cannot be shown.
            if let Ok(recording) = recorder.recording(&one.id).await {
                show(args, config, &recording).await?;
                if args.next {
                    return Ok(());
                }
            }
        }
        seen.retain(|id| list.iter().any(|one| one.id == *id));
        tokio::time::sleep(LOOK).await;
    }
}

async fn show(args: &TraceArgs, config: &Config, recording: &Recording) -> anyhow::Result<()> {
    if args.json {
        let changed = recording.attempts.iter().map(|attempt| {
            let members = changed::members(&recording.request, &attempt.sent.body);
            json!(members.unwrap_or_default())
        });
        let changed: Vec<_> = changed.collect();
        let mut value = serde_json::to_value(recording)?;
        value["changed"] = json!(changed);
        term::say(&value.to_string());
    } else {
        let length = if args.full {
            Length::Whole
        } else {
            Length::Sane
        };
        term::show(&hops::text(recording, length));
        let transformers = args.places.transformers.as_deref();
        match stages::text(recording, config, transformers, length).await {
            Ok(text) => term::show(&text),
            Err(why) => term::note(&format!(
                "what passed between the stages is not known: {why:#}"
            )),
        }
    }
    Ok(())
}
