//! Rounds in which the columns take turns, case by case, so that a slow minute of the machine
//! falls on all of them.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::cases::{Case, Effort};
use crate::columns::Column;
use crate::fleet::Fleet;
use crate::measure::measure;
use crate::results::{Metric, Results};

/// Measures `cases` on `columns`. A case that fails on a column is not tried there again.
pub(crate) async fn run(
    fleet: &mut Fleet,
    columns: &[Column],
    cases: &[Case],
    effort: &Effort,
    results: &mut Results,
) -> Result<()> {
    let mut given_up = BTreeSet::new();
    for round in 1..=effort.rounds {
        for (number, case) in cases.iter().enumerate() {
            eprintln!("round {round}/{}, {}", effort.rounds, case.name);
            let mut order = columns.to_vec();
            order.rotate_left(round % columns.len());
            for column in order {
                if fleet.missing.contains_key(&column) || given_up.contains(&(column, number)) {
                    continue;
                }
                match measure(fleet, column, case, effort).await {
                    Ok(values) => {
                        for (metric, value) in values
                            .into_iter()
                            .filter(|(metric, _)| *metric != Metric::ResidentPeak)
                        {
                            results.add(&case.name, metric, column, value);
                        }
                    }
                    Err(error) => {
                        given_up.insert((column, number));
                        results.fail(format!("{}, {}: {error:#}", column.title(), case.name));
                    }
                }
            }
            fleet.check_alive(columns)?;
        }
    }
    Ok(())
}
