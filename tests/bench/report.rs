//! The table for people and the same for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::columns::Column;
use crate::machine::Machine;
use crate::results::{Results, Row};

/// What is told beside the figures.
pub(crate) struct Frame {
    pub(crate) machine: Machine,
    pub(crate) rounds: usize,
    /// Which cores did what.
    pub(crate) cores: String,
    /// Figures of other benchmarks, as given by `--extra`.
    pub(crate) extra: Option<Value>,
}

/// Everything as Markdown.
pub(crate) fn markdown(frame: &Frame, columns: &[Column], results: &Results) -> String {
    let mut text = format!(
        "{}\n\n{}. Medians of {} rounds, columns taking turns.\n\n",
        frame.machine.sentence(),
        frame.cores,
        frame.rounds
    );
    text += "In parentheses: times the relay that moves the same bytes; for waiting times also the milliseconds over that relay, and times `direct`. \
             CPU under `direct` is the mock's own.\n\n";
    text += &headings(columns);
    for row in &results.rows {
        let cells: Vec<String> = columns.iter().map(|column| cell(row, *column)).collect();
        let what = row.metric.title();
        let _ = writeln!(text, "| {}: {what} | {} |", row.case, cells.join(" | "));
    }
    if let Some(extra) = &frame.extra {
        text += "\nMeasured elsewhere:\n\n";
        for (what, value) in extra.as_object().into_iter().flatten() {
            let _ = writeln!(text, "- {what}: {value}");
        }
    }
    if !results.failures.is_empty() {
        text += "\nNot measured:\n\n";
        for sentence in &results.failures {
            let _ = writeln!(text, "- {sentence}");
        }
    }
    text
}

fn headings(columns: &[Column]) -> String {
    let titles: Vec<&str> = columns.iter().map(|column| column.title()).collect();
    format!(
        "| measured | {} |\n|---|{}\n",
        titles.join(" | "),
        "---:|".repeat(columns.len())
    )
}

fn cell(row: &Row, column: Column) -> String {
    let Some(value) = row.median(column) else {
        return "-".to_owned();
    };
    let mut ratios = Vec::new();
    if let Some(baseline) = column.baseline()
        && let Some(ratio) = row.ratio(column, baseline)
    {
        ratios.push(format!("{ratio:.2}"));
        if row.metric.is_wait() {
            ratios.extend(
                row.median(baseline)
                    .map(|base| format!("{:+.3}", value - base)),
            );
        }
    }
    if row.metric.is_wait()
        && column != Column::Direct
        && let Some(ratio) = row.ratio(column, Column::Direct)
    {
        ratios.push(format!("{ratio:.1} direct"));
    }
    if ratios.is_empty() {
        figure(value)
    } else {
        format!("{} ({})", figure(value), ratios.join(", "))
    }
}

/// Three significant digits, no more: the next one is noise.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Everything as JSON; see `docs/performance.md` for the fields.
pub(crate) fn json(frame: &Frame, columns: &[Column], results: &Results) -> Value {
    json!({
        "machine": frame.machine.json(),
        "cores": frame.cores,
        "rounds": frame.rounds,
        "rows": results.rows.iter().map(|row| row_json(row, columns)).collect::<Vec<_>>(),
        "extra": frame.extra,
        "failures": results.failures,
    })
}

fn row_json(row: &Row, columns: &[Column]) -> Value {
    let mut cells = Map::new();
    for column in columns
        .iter()
        .filter(|column| row.median(**column).is_some())
    {
        let over_relay = column
            .baseline()
            .and_then(|baseline| row.ratio(*column, baseline));
        // What the mock spends is no yardstick for what a hop spends.
        let over_direct = if row.metric.is_cost() {
            None
        } else {
            row.ratio(*column, Column::Direct)
        };
        cells.insert(
            column.key().to_owned(),
            json!({
                "median": row.median(*column), "rounds": row.rounds(*column),
                "over_relay": over_relay, "over_direct": over_direct,
            }),
        );
    }
    json!({"case": row.case, "metric": row.metric.title(), "columns": cells})
}
