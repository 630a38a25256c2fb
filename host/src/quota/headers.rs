//! The rate-limit headers of providers, each family by its names.
//!
//! | provider | remaining and limit of | the reset is |
//! |---|---|---|
//! | Cerebras | `requests-day`, `tokens-minute` | seconds |
//! | OpenAI and many others | `requests`, `tokens` | a duration such as `6m0s` |
//! | Anthropic | `requests`, `input-tokens`, `output-tokens`, `tokens` | a time (RFC 3339) |

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use tokio::time::Instant;

use super::window::Window;

/// What one answer tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Told {
    pub(super) tokens: Option<Window>,
    pub(super) requests: Option<Window>,
}

/// How an account is renewed.
#[derive(Clone, Copy)]
enum Renewal {
    /// All at once.
    AtOnce,
    /// Steadily until it is full at the reset.
    Steady,
}

/// Prefix, suffix and renewal of the families that count tokens, then those that count requests.
const TOKENS: [(&str, &str, Renewal); 3] = [
    ("x-ratelimit-", "-tokens-minute", Renewal::AtOnce),
    ("x-ratelimit-", "-tokens", Renewal::Steady),
    ("anthropic-ratelimit-tokens-", "", Renewal::Steady),
];
const REQUESTS: [(&str, &str, Renewal); 4] = [
    ("x-ratelimit-", "-requests-minute", Renewal::AtOnce),
    ("x-ratelimit-", "-requests", Renewal::Steady),
    ("anthropic-ratelimit-requests-", "", Renewal::Steady),
    ("x-ratelimit-", "-requests-day", Renewal::AtOnce),
];

/// Reads them.
pub(super) fn told(headers: &HeaderMap, now: Instant) -> Told {
    let first = |families: &[(&str, &str, Renewal)]| {
        let mut families = families.iter();
        families
            .find_map(|(prefix, suffix, renewal)| window(headers, prefix, suffix, *renewal, now))
    };
    Told {
        tokens: first(&TOKENS),
        requests: first(&REQUESTS),
    }
}

fn window(
    headers: &HeaderMap,
    prefix: &str,
    suffix: &str,
    renewal: Renewal,
    now: Instant,
) -> Option<Window> {
    let text = |what: &str| {
        let value = headers.get(format!("{prefix}{what}{suffix}"))?;
        value.to_str().ok().map(str::trim)
    };
    let number = |what: &str| {
        let number: f64 = text(what)?.parse().ok()?;
        (number.is_finite()).then_some(number.max(0.0) as u64)
    };
    Some(Window {
        remaining: number("remaining")?,
        limit: number("limit"),
        read: now,
        reset: now + wait(text("reset")?)?,
        steady: matches!(renewal, Renewal::Steady),
    })
}

/// Longer is no time that anything here waits for, and sums of it must not overflow.
const LONGEST: Duration = Duration::from_hours(48);

/// Seconds, a duration with units, or a time.
fn wait(text: &str) -> Option<Duration> {
    let wait = match text.parse::<f64>() {
        Ok(seconds) if !(seconds.is_finite() && seconds >= 0.0) => return None,
        // Some tell the second since 1970 instead of a number of seconds.
        Ok(seconds) if seconds > 1e9 => until(Duration::try_from_secs_f64(seconds).ok()?),
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => duration(text).or_else(|| rfc3339(text).map(until))?,
    };
    Some(wait.min(LONGEST))
}

/// Such as `1h2m3.5s` or `120ms`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit());
        let (unit, after) = rest.split_at(end.unwrap_or(rest.len()));
        seconds += number
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// Since 1970, of `2026-11-22T10:20:30Z` with or without a fraction of seconds; only UTC, which is what is sent.
fn rfc3339(text: &str) -> Option<Duration> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let mut next = || date.next()?.ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let mut time = time.splitn(3, ':').map(str::parse::<f64>);
    let mut next = || time.next()?.ok();
    let (hour, minute, second) = (next()?, next()?, next()?);
    // Days since 1970 of a year that begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
        - 719_469;
    let seconds = days as f64 * 86400.0 + hour * 3600.0 + minute * 60.0 + second;
    Duration::try_from_secs_f64(seconds).ok()
}

fn until(since_1970: Duration) -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_1970.saturating_sub(now.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        let map = pairs.map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        map.collect()
    }

    #[test]
    fn each_family_of_headers_is_read_by_its_names() {
        let now = Instant::now();
        let cerebras = told(
            &headers(&[
                ("x-ratelimit-limit-tokens-minute", "60000"),
                ("x-ratelimit-remaining-tokens-minute", "120"),
                ("x-ratelimit-reset-tokens-minute", "11.5"),
                ("x-ratelimit-remaining-requests-day", "99"),
                ("x-ratelimit-reset-requests-day", "50000"),
            ]),
            now,
        );
        let tokens = cerebras.tokens.unwrap();
        assert_eq!((tokens.limit, tokens.remaining), (Some(60000), 120));
        assert_eq!(tokens.reset - now, Duration::from_millis(11_500));
        assert_eq!(cerebras.requests.unwrap().remaining, 99);
        let openai = told(
            &headers(&[
                ("x-ratelimit-remaining-tokens", "7"),
                ("x-ratelimit-reset-tokens", "1m30.5s"),
            ]),
            now,
        );
        let tokens = openai.tokens.unwrap();
        assert_eq!(tokens.reset - now, Duration::from_millis(90_500));
        assert!(tokens.steady && openai.requests.is_none());
        let soon = SystemTime::now() + Duration::from_secs(30);
        let anthropic = told(
            &headers(&[
                ("anthropic-ratelimit-tokens-remaining", "5"),
                ("anthropic-ratelimit-tokens-reset", &written(soon)),
            ]),
            now,
        );
        let left = anthropic.tokens.unwrap().reset - now;
        assert!(left > Duration::from_secs(20) && left < Duration::from_secs(40));
    }

    /// The date of an HTTP header, in the other form.
    fn written(at: SystemTime) -> String {
        let text = httpdate::fmt_http_date(at);
        let parts: Vec<_> = text.split(' ').collect();
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let month = months.find(parts[2]).unwrap() / 3 + 1;
        format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4])
    }

    #[test]
    fn times_of_all_forms_are_read_and_others_left_alone() {
        assert_eq!(duration("6m0s"), Some(Duration::from_mins(6)));
        assert_eq!(duration("120ms"), Some(Duration::from_millis(120)));
        assert_eq!(duration("soon"), None);
        assert_eq!(duration("5"), None);
        let day = |text| rfc3339(text).map(|since| since.as_secs());
        assert_eq!(day("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(day("2000-02-29T12:00:00Z"), Some(951_825_600));
        assert_eq!(day("2026-11-22T10:20:30.5Z"), Some(1_795_342_830));
        assert_eq!(day("2026-11-22"), None);
        assert_eq!(wait("-1"), None);
        assert_eq!(wait("1e300"), None);
        assert_eq!(wait("200000"), Some(LONGEST));
    }
}
