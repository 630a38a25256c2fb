//! Medians and percentiles.

use std::time::Duration;

/// The middle of `values`; of an even number, the mean of the two in the middle. None if empty.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (half, odd) = (sorted.len() / 2, sorted.len() % 2 == 1);
    if odd {
        sorted.get(half).copied()
    } else {
        Some(f64::midpoint(
            *sorted.get(half.checked_sub(1)?)?,
            *sorted.get(half)?,
        ))
    }
}

/// The smallest of `times` that `percent` of them do not exceed, in milliseconds. None if empty.
pub(crate) fn percentile_ms(times: impl Iterator<Item = Duration>, percent: f64) -> Option<f64> {
    let mut sorted: Vec<Duration> = times.collect();
    sorted.sort_unstable();
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.max(1) - 1)
        .map(|time| time.as_secs_f64() * 1e3)
}
