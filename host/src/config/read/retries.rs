//! `retries` and `pacing`: when a provider is asked again, and when a request waits for its quota.

use super::super::reader::{Place, Reader};
use super::super::{Pacing, Retries};
use super::limits::{count, time};

/// More would be a load of its own on a provider that is in trouble.
const MOST_RETRIES: u64 = 10;

pub(in super::super) const RETRIES: [&str; 3] = ["attempts", "longest_wait_ms", "within_ms"];

pub(in super::super) const PACING: [&str; 1] = ["hold_ms"];

/// `retries`.
pub(super) fn retries(at: &Place<'_>, reader: &mut Reader<'_>) -> Retries {
    let mut retries = Retries::default();
    let Some(fields) = reader.fields(at, &RETRIES) else {
        return retries;
    };
    let mut attempts = retries.attempts as usize;
    count(
        &fields,
        "attempts",
        (0, MOST_RETRIES),
        &mut attempts,
        reader,
    );
    retries.attempts = u32::try_from(attempts).unwrap_or(retries.attempts);
    time(&fields, "within_ms", 0, &mut retries.within, reader);
    time(
        &fields,
        "longest_wait_ms",
        0,
        &mut retries.longest_wait,
        reader,
    );
    retries
}

/// `pacing`.
pub(super) fn pacing(at: &Place<'_>, reader: &mut Reader<'_>) -> Pacing {
    let mut pacing = Pacing::default();
    if let Some(fields) = reader.fields(at, &PACING) {
        time(&fields, "hold_ms", 0, &mut pacing.hold, reader);
    }
    pacing
}
