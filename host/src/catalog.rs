//! What is known of models without asking anyone: windows, prices, whether they see, think, still exist.
//!
//! The table is embedded as text and searched where it lies: nothing is built of it at start. Its source and
//! licence stand in `host/catalog/NOTICE`; `just catalog` makes it anew. Knows no configuration.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use url::Url;

/// Sorted by vendor and id, a line each; see `host/catalog/rebuild.py` for the columns.
const TABLE: &str = include_str!("../catalog/models.tsv");

/// Dollars for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Price {
    /// Read anew.
    pub input: f64,
    /// Written.
    pub output: f64,
    /// Read from the provider's cache; none: as `input`.
    pub cache_read: Option<f64>,
    /// Put into it; none: as `input`.
    pub cache_write: Option<f64>,
}

impl Price {
    /// Dollars of one answer. `input` is what was neither read from a cache nor put into it.
    pub fn of(&self, input: u64, output: u64, cache_read: u64, cache_write: u64) -> f64 {
        let dollars = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        dollars(input, self.input)
            + dollars(output, self.output)
            + dollars(cache_read, self.cache_read.unwrap_or(self.input))
            + dollars(cache_write, self.cache_write.unwrap_or(self.input))
    }
}

/// What is known of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// In tokens.
    pub context_window: Option<u32>,
    /// In tokens.
    pub max_output: Option<u32>,
    /// What it costs.
    pub price: Option<Price>,
    /// It thinks before it answers, or can.
    pub reasoning: bool,
    /// It takes images.
    pub vision: bool,
    /// The day on which its provider takes or took it away, `YYYY-MM-DD`.
    pub retires: Option<&'static str>,
}

impl Facts {
    /// The day since when it is gone, if it is.
    pub fn retired(&self) -> Option<&'static str> {
        self.retires.filter(|day| *day <= today().as_str())
    }
}

/// Ends of host names, and whose they are.
const HOSTS: [(&str, &str); 22] = [
    ("api.anthropic.com", "anthropic"),
    ("api.cerebras.ai", "cerebras"),
    ("aliyuncs.com", "dashscope"),
    ("api.deepinfra.com", "deepinfra"),
    ("api.deepseek.com", "deepseek"),
    ("api.fireworks.ai", "fireworks"),
    ("generativelanguage.googleapis.com", "gemini"),
    ("api.groq.com", "groq"),
    ("api.minimax.io", "minimax"),
    ("api.minimaxi.com", "minimax"),
    ("api.mistral.ai", "mistral"),
    ("api.moonshot.ai", "moonshot"),
    ("api.moonshot.cn", "moonshot"),
    ("api.novita.ai", "novita"),
    ("api.openai.com", "openai"),
    ("openrouter.ai", "openrouter"),
    ("api.sambanova.ai", "sambanova"),
    ("api.together.ai", "together"),
    ("api.together.xyz", "together"),
    ("api.x.ai", "xai"),
    ("api.z.ai", "zai"),
    ("open.bigmodel.cn", "zai"),
];

/// Whose models a provider has: by the host of its URL, else, for what stands before a vendor's own
/// endpoint, by its name. None: nothing is known of its models.
pub fn vendor(base_url: &Url, name: &str) -> Option<&'static str> {
    let host = base_url.host_str().unwrap_or_default();
    let by_host = HOSTS.iter().find(|(end, _)| {
        let before = host.strip_suffix(end);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    let by_name = || {
        HOSTS
            .iter()
            .find(|(_, vendor)| vendor.eq_ignore_ascii_case(name))
    };
    by_host.or_else(by_name).map(|(_, vendor)| *vendor)
}

/// What is known of a vendor's model, without regard to case. Claude Code's `[1m]` behind a name is no part of it.
pub fn facts(vendor: &str, model: &str) -> Option<Facts> {
    let model = model.trim().to_ascii_lowercase();
    let model = model.strip_suffix("[1m]").unwrap_or(&model);
    find((vendor, model)).map(read)
}

/// Which version of its source the table was made from.
pub fn version() -> &'static str {
    let first = TABLE.lines().next().unwrap_or_default();
    first.trim_start_matches("# ")
}

/// Halves the table until the line is found.
fn find(wanted: (&str, &str)) -> Option<&'static str> {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let start = TABLE.as_bytes()[..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &TABLE.as_bytes()[middle..])
            .map_or(TABLE.len(), |at| middle + at);
        let line = &TABLE[start..end];
        match key(line).cmp(&wanted) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// Comments stand before everything.
fn key(line: &str) -> (&str, &str) {
    if line.starts_with('#') {
        return ("", "");
    }
    let mut columns = line.split('\t');
    (
        columns.next().unwrap_or_default(),
        columns.next().unwrap_or_default(),
    )
}

fn read(line: &'static str) -> Facts {
    let columns: Vec<&'static str> = line.split('\t').collect();
    let column = |index: usize| columns.get(index).copied().filter(|text| !text.is_empty());
    let tokens = |index| column(index).and_then(|text| text.parse().ok());
    let dollars = |index| column(index).and_then(|text| text.parse::<f64>().ok());
    let price = dollars(4).zip(dollars(5)).map(|(input, output)| Price {
        input,
        output,
        cache_read: dollars(6),
        cache_write: dollars(7),
    });
    let kind = column(8).unwrap_or_default();
    Facts {
        context_window: tokens(2),
        max_output: tokens(3),
        price,
        reasoning: kind.contains('r'),
        vision: kind.contains('v'),
        retires: column(9),
    }
}

/// `YYYY-MM-DD`, UTC.
fn today() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    day(i64::try_from(since.as_secs() / 86_400).unwrap_or_default())
}

/// The date of a day counted from 1970-01-01, by the proleptic Gregorian calendar.
fn day(days: i64) -> String {
    // Counted from 0000-03-01, so that the leap day ends a year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_found_by_its_own_key() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(find(key(line)), Some(line));
        }
        assert_eq!(find(("cerebras", "gpt-oss-120")), None);
        assert_eq!(find(("zzz", "z")), None);
        assert_eq!(find(("", "a")), None);
    }

    #[test]
    fn what_costs_come_of_a_model() {
        let known = facts("cerebras", "GPT-OSS-120b").unwrap();
        assert_eq!(known.context_window, Some(131_072));
        let price = known.price.unwrap();
        assert!((price.of(1_000_000, 1_000_000, 0, 0) - 1.1).abs() < 1e-9);
        assert!((price.of(0, 0, 1_000_000, 0) - 0.35).abs() < 1e-9);
        assert!(known.reasoning && !known.vision && known.retired().is_none());
        assert_eq!(
            facts("zai", "glm-5.2[1m]").unwrap().context_window,
            Some(1_000_000)
        );
    }

    #[test]
    fn models_that_a_provider_took_away_are_known_with_the_day() {
        for (model, day) in [
            ("zai-glm-4.7", "2026-08-17"),
            ("zai-glm-4.6", "2026-01-20"),
            ("llama3.1-8b", "2026-05-27"),
            ("llama-3.3-70b", "2026-02-16"),
        ] {
            assert_eq!(facts("cerebras", model).unwrap().retires, Some(day));
        }
    }

    #[test]
    fn a_vendor_is_known_by_host_and_else_by_name() {
        let of = |url: &str, name: &str| vendor(&url.parse().unwrap(), name);
        assert_eq!(of("https://api.cerebras.ai/v1", "fast"), Some("cerebras"));
        assert_eq!(
            of("https://dashscope-intl.aliyuncs.com/x", "a"),
            Some("dashscope")
        );
        assert_eq!(of("https://notapi.x.ai", "a"), None);
        assert_eq!(of("http://127.0.0.1:9/v1", "Cerebras"), Some("cerebras"));
        assert_eq!(of("http://127.0.0.1:9/v1", "mine"), None);
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(19_782), "2024-02-29");
        assert_eq!(day(20_688), "2026-08-23");
        assert_eq!(day(-1), "1969-12-31");
    }
}
