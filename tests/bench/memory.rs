//! Resident memory, idle and under load. Memory that was once used is seldom given back, so each
//! figure comes from a process of its own that did nothing before.

use std::path::Path;

use anyhow::Result;

use crate::cases::{Case, Effort};
use crate::columns::Column;
use crate::fleet::Fleet;
use crate::measure::measure;
use crate::pin::Cores;
use crate::process;
use crate::results::{Metric, Results};

/// Puts each of `cases` on each of `columns` once, with fresh processes.
pub(crate) async fn run(
    cores: &Cores,
    columns: &[Column],
    cases: &[Case],
    effort: &Effort,
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    // The first start of transom compiles, which takes memory that later starts do not.
    drop(Fleet::start(cores, columns, cases, folder).await?);
    for case in cases {
        eprintln!("memory, {}", case.name);
        for column in columns.iter().filter(|column| **column != Column::Direct) {
            let fleet = Fleet::start(cores, &[*column], cases, folder).await?;
            if fleet.missing.contains_key(column) {
                continue;
            }
            if let Err(error) = once(&fleet, *column, case, effort, results).await {
                let column = column.title();
                results.fail(format!("{column}, memory, {}: {error:#}", case.name));
            }
        }
    }
    Ok(())
}

async fn once(
    fleet: &Fleet,
    column: Column,
    case: &Case,
    effort: &Effort,
    results: &mut Results,
) -> Result<()> {
    let (_, pid) = fleet.under_test(column)?;
    results.add(
        "before the first request",
        Metric::ResidentIdle,
        column,
        process::resident(pid)?,
    );
    for (metric, value) in measure(fleet, column, case, effort).await? {
        if metric == Metric::ResidentPeak {
            results.add(&case.name, metric, column, value);
        }
    }
    Ok(())
}
