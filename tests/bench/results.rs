//! What was measured: rows of a case and a metric, in each column a value a round.

use std::collections::BTreeMap;

use crate::columns::Column;
use crate::stats::median;

/// What a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    CpuPerRequest,
    P50,
    P99,
    RequestsPerSecond,
    CpuPerEvent,
    EventsPerSecond,
    FirstContent,
    ResidentPeak,
    ResidentIdle,
    StartCold,
    StartWarm,
    SwapLive,
    GapP99,
}

impl Metric {
    /// What is counted and its unit.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::CpuPerRequest => "CPU a request, us",
            Self::P50 => "p50, ms",
            Self::P99 => "p99, ms",
            Self::RequestsPerSecond => "requests/s",
            Self::CpuPerEvent => "CPU an event, us",
            Self::EventsPerSecond => "events/s",
            Self::FirstContent => "first content p50, ms",
            Self::ResidentPeak => "RSS under load, MB",
            Self::ResidentIdle => "RSS idle, MB",
            Self::StartCold => "start to listening, first time, ms",
            Self::StartWarm => "start to listening, ms",
            Self::SwapLive => "new bytes on disk to live, ms",
            Self::GapP99 => "time between events p99, ms",
        }
    }

    /// A time that a client waits: worth comparing with no hop at all, too.
    pub(crate) fn is_wait(self) -> bool {
        matches!(self, Self::P50 | Self::FirstContent)
    }

    /// What the process under test spends: for `direct` that is the mock, which is no hop.
    pub(crate) fn is_cost(self) -> bool {
        matches!(
            self,
            Self::CpuPerRequest | Self::CpuPerEvent | Self::ResidentPeak | Self::ResidentIdle
        )
    }
}

/// A line of the table.
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) metric: Metric,
    values: BTreeMap<Column, Vec<f64>>,
}

impl Row {
    /// The value of each round.
    pub(crate) fn rounds(&self, column: Column) -> &[f64] {
        self.values
            .get(&column)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(crate) fn median(&self, column: Column) -> Option<f64> {
        median(self.rounds(column))
    }

    /// The median over that of `baseline`.
    pub(crate) fn ratio(&self, column: Column, baseline: Column) -> Option<f64> {
        let base = self.median(baseline).filter(|base| *base > 0.0)?;
        Some(self.median(column)? / base)
    }
}

/// Everything measured in one run of the benchmark.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
    /// Why something could not be measured, a sentence each.
    pub(crate) failures: Vec<String>,
}

impl Results {
    pub(crate) fn add(&mut self, case: &str, metric: Metric, column: Column, value: f64) {
        let known = self
            .rows
            .iter()
            .position(|row| row.case == case && row.metric == metric);
        let number = known.unwrap_or_else(|| {
            self.rows.push(Row {
                case: case.to_owned(),
                metric,
                values: BTreeMap::new(),
            });
            self.rows.len() - 1
        });
        self.rows[number]
            .values
            .entry(column)
            .or_default()
            .push(value);
    }

    /// Notes a failure, and says it at once, once.
    pub(crate) fn fail(&mut self, sentence: String) {
        if !self.failures.contains(&sentence) {
            eprintln!("  cannot be measured: {sentence}");
            self.failures.push(sentence);
        }
    }
}
