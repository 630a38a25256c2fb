//! What one run of the benchmark does, in its order.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::args::Args;
use crate::cases::{self, Case, Effort};
use crate::columns::Column;
use crate::fleet::Fleet;
use crate::machine::Machine;
use crate::pin::Cores;
use crate::report::{self, Frame};
use crate::results::Results;
use crate::{memory, rounds, startup, swap};

/// A run that takes longer is stuck.
const LIMIT: Duration = Duration::from_mins(20);

/// Measures, and answers the report and whether nothing failed.
pub(crate) async fn run(args: &Args) -> Result<(String, bool)> {
    let extra = args.extra.as_deref().map(read_extra).transpose()?;
    let machine = Machine::look();
    let mut effort = if args.quick {
        Effort::quick()
    } else {
        Effort::full()
    };
    effort.rounds = args.rounds.map_or(effort.rounds, usize::from);
    let columns = if args.columns.is_empty() {
        Column::ALL.to_vec()
    } else {
        args.columns.clone()
    };
    allow_many_files();

    let mut results = Results::default();
    let apart = Cores::apart()?;
    let cores = match &apart {
        Some(cores) => cores.describe(),
        None => "only one core: nothing is kept apart".to_owned(),
    };
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    tokio::time::timeout(
        LIMIT,
        measure(
            args,
            apart.as_ref(),
            &effort,
            &columns,
            folder.path(),
            &mut results,
        ),
    )
    .await
    .with_context(|| {
        format!(
            "the benchmark was not done after {} minutes",
            LIMIT.as_secs() / 60
        )
    })??;

    let frame = Frame {
        machine,
        rounds: effort.rounds,
        cores,
        extra,
    };
    let text = if args.json {
        serde_json::to_string_pretty(&report::json(&frame, &columns, &results))?
    } else {
        report::markdown(&frame, &columns, &results)
    };
    Ok((text, results.failures.is_empty()))
}

async fn measure(
    args: &Args,
    apart: Option<&Cores>,
    effort: &Effort,
    columns: &[Column],
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    let shared = &Cores::shared()?;
    let cost = chosen(cases::apart(), args);
    let power = chosen(cases::shared(), args);
    ensure!(
        !cost.is_empty() || !power.is_empty(),
        "no case has that name"
    );
    if !cost.is_empty() {
        loads(
            apart.unwrap_or(shared),
            columns,
            &cost,
            effort,
            &folder.join("apart"),
            results,
        )
        .await?;
    }
    shared.stay_around()?;
    if !power.is_empty() {
        loads(
            shared,
            columns,
            &power,
            effort,
            &folder.join("shared"),
            results,
        )
        .await?;
    }
    if args.only.is_none() {
        let cases = cases::memory(effort);
        memory::run(
            apart.unwrap_or(shared),
            columns,
            &cases,
            effort,
            &folder.join("memory"),
            results,
        )
        .await?;
        shared.stay_around()?;
        startup::run(columns, effort, &folder.join("start"), results).await?;
        if columns.contains(&Column::Cerebras) {
            swap::run(effort, &folder.join("swap"), results).await?;
        }
    }
    Ok(())
}

/// Puts `cases` on `columns`, with the processes divided as `cores` says.
async fn loads(
    cores: &Cores,
    columns: &[Column],
    cases: &[Case],
    effort: &Effort,
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    let mut fleet = Fleet::start(cores, columns, cases, folder).await?;
    rounds::run(&mut fleet, columns, cases, effort, results).await?;
    for (column, reason) in &fleet.missing {
        results.fail(format!("{}: {reason}", column.title()));
    }
    Ok(())
}

fn chosen(cases: Vec<Case>, args: &Args) -> Vec<Case> {
    cases
        .into_iter()
        .filter(|case| {
            args.only
                .as_deref()
                .is_none_or(|part| case.name.contains(part))
        })
        .collect()
}

/// A thousand streams need more files than a shell allows by default.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
}

fn read_extra(path: &Path) -> Result<serde_json::Value> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}
