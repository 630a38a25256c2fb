//! Time as logs write it: UTC, RFC 3339, milliseconds. Knows no time zone.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time. `Display` writes `2026-11-22T23:28:00.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    days: i64,
    /// Of the day.
    ms: u64,
}

const DAY_MS: u64 = 86_400_000;

impl Stamp {
    /// Of a moment. Those before 1970 are its beginning.
    pub fn of(time: SystemTime) -> Self {
        let ms = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        Self {
            days: i64::try_from(ms / DAY_MS).unwrap_or(i64::MAX),
            ms: ms % DAY_MS,
        }
    }

    /// Now, by the clock of the machine.
    pub fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// The day, as days since 1970.
    pub fn day(self) -> i64 {
        self.days
    }

    /// The day as `2026-11-22`.
    pub fn date(self) -> String {
        let (year, month, day) = civil(self.days);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.days);
        let (seconds, ms) = (self.ms / 1000, self.ms % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
        )
    }
}

/// Days since 1970 of a date such as `2026-11-22`.
pub fn day_of(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here: the leap day is the last one.
    let year = if month > 2 { year } else { year - 1 };
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

/// Year, month and day of the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let days = days.saturating_add(719_468);
    let era = days / DAYS_OF_400_YEARS;
    let of_era = days % DAYS_OF_400_YEARS;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> String {
        Stamp::of(UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 7)).to_string()
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(at(0), "1970-01-01T00:00:00.007Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59.007Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.007Z");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59.007Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.007Z");
    }

    #[test]
    fn every_day_of_a_century_is_read_as_it_is_written() {
        for day in 0..36_600 {
            let date = Stamp { days: day, ms: 0 }.date();
            assert_eq!(day_of(&date), Some(day), "{date}");
        }
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "2026-00-01",
            "x-1-1",
            "2026-01-32",
        ] {
            assert_eq!(day_of(wrong), None, "{wrong}");
        }
    }
}
