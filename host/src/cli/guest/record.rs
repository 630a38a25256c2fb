//! `transom guest record`: exchanges of the running service as fixtures, so that a provider's surprise
//! becomes a test with one command.
//!
//! What came is redacted first. What is expected is what the component makes of that, so that a
//! fixture holds together and passes at once with the component that served it.

mod case_file;
pub(super) mod component;
mod fixture;
mod made;
mod place;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::recordings::{Choice, Recorder, Summary};
use crate::cli::serve::configuration;
use crate::cli::{Places, USAGE, runtime, term};
use crate::config::{Config, Redaction, process_env};
use crate::recorder::Recording;
use crate::redact::{Known, Redactor};
use made::{Maker, Written};

#[derive(Args)]
pub(in crate::cli) struct RecordArgs {
    /// The transformer whose fixtures to write [default: each that served the exchange]
    name: Option<String>,
    /// Folder of its cases [default: where `guest test` looks for them]
    fixtures: Option<PathBuf>,
    /// How many exchanges, the latest
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    last: usize,
    /// This exchange, by its request-id or the beginning of that
    #[arg(long, value_name = "ID", conflicts_with = "last")]
    id: Option<String>,
    /// The case's name; several are numbered [default: recorded-1, recorded-2, ...]
    #[arg(long = "name", value_name = "CASE")]
    case: Option<String>,
    /// What would go wrong without the case
    #[arg(long, value_name = "SENTENCE")]
    why: Option<String>,
    /// Take out what this regular expression finds, too; REGEX=>TEXT says what stands there then
    #[arg(long, value_name = "REGEX")]
    redact: Vec<String>,
    /// Show the exchanges that the service keeps, and write nothing
    #[arg(long, conflicts_with_all = ["on", "off"])]
    list: bool,
    /// Have the running service record from now on
    #[arg(long, conflicts_with = "off")]
    on: bool,
    /// Have the running service stop recording, and forget what it kept
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &RecordArgs) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(record(args))
}

async fn record(args: &RecordArgs) -> anyhow::Result<ExitCode> {
    let config = match configuration(&args.places).await {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    let redactor = match redactor(args, &config) {
        Ok(redactor) => redactor,
        Err(why) => {
            term::fail(&why);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let recorder = Recorder::find(&config).await?;
    if args.on || args.off {
        switch(&recorder, args.on).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let list = recorder.list().await?;
    if args.list {
        show(&list, args.json);
        return Ok(ExitCode::SUCCESS);
    }
    let choice = Choice {
        name: args.name.as_deref(),
        id: args.id.as_deref(),
        last: args.last,
    };
    let mut recordings = Vec::new();
    for summary in choice.of(&list)? {
        recordings.push(recorder.recording(&summary.id).await?);
    }
    write(args, &config, redactor, &recordings).await
}

fn redactor(args: &RecordArgs, config: &Config) -> Result<Redactor, String> {
    let given = args.redact.iter().map(|rule| {
        let (pattern, with) = rule.rsplit_once("=>").unwrap_or((rule, "[redacted]"));
        Redaction {
            pattern: pattern.to_owned(),
            with: with.to_owned(),
        }
    });
    let own: Vec<Redaction> = given
        .chain(config.recorder.redact.iter().cloned())
        .collect();
    Redactor::new(&Known::of(config, &process_env), &own).map_err(|why| format!("--redact: {why}"))
}

async fn switch(recorder: &Recorder, on: bool) -> anyhow::Result<()> {
    let was = recorder.switch(on).await?;
    term::say(match (on, was) {
        (true, false) => {
            "transom records from now on: its last exchanges, in memory, until it ends or `transom guest record --off`"
        }
        (true, true) => "transom records already",
        (false, true) => "transom does not record any more, and forgot what it kept",
        (false, false) => "transom did not record",
    });
    Ok(())
}

fn show(list: &[Summary], as_json: bool) {
    if as_json {
        let list: Vec<Value> = list
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "at": one.at, "provider": one.provider, "model": one.model,
                    "stages": one.stages, "streaming": one.streaming, "status": one.status, "end": one.end,
                    "request_bytes": one.request_bytes, "answer_bytes": one.answer_bytes,
                })
            })
            .collect();
        return term::say(&json!(list).to_string());
    }
    for one in list {
        term::say(&format!(
            "{}  {},{} by {}, {}, {} {}, {} -> {} bytes",
            one.id,
            one.provider,
            one.model,
            one.stages.join(" > "),
            if one.streaming { "stream" } else { "whole" },
            one.status,
            one.end,
            one.request_bytes,
            one.answer_bytes,
        ));
    }
    if list.is_empty() {
        term::say("transom records, but keeps no exchange yet");
    }
}

async fn write(
    args: &RecordArgs,
    config: &Config,
    redactor: Redactor,
    recordings: &[Recording],
) -> anyhow::Result<ExitCode> {
    let mut maker = Maker::new(redactor, config, args.places.transformers.as_deref())?;
    // All of them first: what one tells is taken out of the others, too.
    for recording in recordings {
        maker.learn(recording);
    }
    let mut written = Vec::new();
    let mut refused = false;
    let several = recordings.len() > 1;
    for (number, recording) in recordings.iter().enumerate() {
        let numbered = |case: &String| format!("{case}-{}", number + 1);
        let case = args.case.clone();
        let case = case.map(|case| if several { numbered(&case) } else { case });
        for (at, stage) in recording.stages.iter().enumerate() {
            if args.name.as_ref().is_some_and(|name| *name != stage.name) {
                continue;
            }
            let folder = args.fixtures.clone();
            let folder = folder.unwrap_or_else(|| place::folder(&stage.name));
            let name = place::free_name(&folder, case.as_deref())?;
            let case = folder.join(name);
            let made = match maker.make(recording, at, args.why.as_deref(), &case).await {
                Ok(made) => made,
                Err(why) => {
                    term::fail(&format!("{why:#}"));
                    refused = true;
                    continue;
                }
            };
            if !args.json {
                term::say(&made.to_string());
            }
            written.push(made);
        }
    }
    if args.json {
        let list: Vec<Value> = written.iter().map(Written::to_json).collect();
        term::say(&json!(list).to_string());
    } else if !written.is_empty() {
        for command in commands(&written, args) {
            term::note(&format!("run them: {command}"));
        }
        term::note(
            "What was said in the conversation is in these files: read them before you share them.",
        );
    }
    Ok(if !refused && written.iter().all(|one| one.passes) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What runs the cases, from any folder: one command for each folder that they are in.
fn commands(written: &[Written], args: &RecordArgs) -> Vec<String> {
    let transformers = args.places.transformers.as_deref();
    let transformers = transformers.map(|folder| format!(" --transformers {}", folder.display()));
    let transformers = transformers.unwrap_or_default();
    let mut all: Vec<String> = written
        .iter()
        .map(|one| format!("transom guest test {}{transformers}", one.place()))
        .collect();
    all.dedup();
    all
}
