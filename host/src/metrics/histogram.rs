//! A histogram with fixed bounds. Observing is two or three atomic additions.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often values were at most each bound, and their sum.
pub(super) struct Histogram {
    bounds: &'static [f64],
    /// One more than bounds: what is above all of them.
    counts: Box<[AtomicU64]>,
    /// In millionths.
    sum: AtomicU64,
}

impl Histogram {
    /// `bounds` rise.
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Negative values and those that are no numbers do not count.
    pub(super) fn observe(&self, value: f64) {
        if value.is_nan() || value < 0.0 {
            return;
        }
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add((value * 1e6) as u64, Ordering::Relaxed);
    }

    /// Nothing was observed.
    pub(super) fn is_empty(&self) -> bool {
        self.counts
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 0)
    }

    /// In Prometheus' text format. `labels` as they stand between the braces, not empty.
    pub(super) fn write(&self, name: &str, labels: &str, out: &mut String) {
        let mut total = 0;
        for (index, count) in self.counts.iter().enumerate() {
            total += count.load(Ordering::Relaxed);
            let bound = self.bounds.get(index).map(f64::to_string);
            let bound = bound.as_deref().unwrap_or("+Inf");
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {total}");
        }
        let sum = self.sum.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "{name}_sum{{{labels}}} {sum}");
        let _ = writeln!(out, "{name}_count{{{labels}}} {total}");
    }
}
