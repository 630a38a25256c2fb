//! Figures of all exchanges since the start: counted when one ends, written out for `/metrics`.
//!
//! Counting takes no lock: the series of an exchange is looked up in a map that is replaced whole
//! when a series is added, and its figures are atomic. Knows nothing of HTTP.

mod histogram;
mod text;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::record::Ended;
use crate::sse::Usage;
use histogram::Histogram;

pub use text::Surroundings;

/// More series are not begun: what would be another one is counted as model `other`.
const MOST_SERIES: usize = 1000;

/// So many models that the configuration does not list have series of their own. Clients can make
/// up names.
const MOST_UNLISTED: usize = 32;

/// What stands for a model that has no series of its own.
const OTHER: &str = "other";

/// Seconds, as the semantic conventions for generative AI have them for durations.
const SECONDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Seconds to a first token, by the same conventions.
const FIRST_TOKEN: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Tokens, by the same conventions.
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Tokens a second: from a slow local model to Cerebras.
const RATES: &[f64] = &[
    5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0, 5120.0,
];

/// Figures of all exchanges.
#[derive(Default)]
pub struct Metrics {
    hasher: RandomState,
    series: ArcSwap<HashMap<u64, Arc<Series>>>,
    growing: Mutex<()>,
}

/// What exchanges are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Labels<'a> {
    provider: &'a str,
    model: &'a str,
    route: &'a str,
    status: &'static str,
}

/// Figures of exchanges that are alike.
struct Series {
    provider: String,
    model: String,
    route: String,
    status: &'static str,
    listed: bool,
    requests: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
    cache_read: AtomicU64,
    cache_write: AtomicU64,
    /// In hundred-millionths of a dollar.
    cost: AtomicU64,
    retries: AtomicU64,
    fallbacks: AtomicU64,
    input_sizes: Histogram,
    output_sizes: Histogram,
    duration: Histogram,
    first_token: Histogram,
    rate: Histogram,
}

/// What all series together come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Exchanges that ended.
    pub requests: u64,
    /// Of them, those that failed: not 2xx, or aborted.
    pub failed: u64,
    /// Tokens, as upstreams counted.
    pub usage: Usage,
    /// In US dollars, where prices are known.
    pub cost_usd: f64,
    /// Attempts that were made again at the same target.
    pub retries: u64,
    /// Attempts that went on to another target.
    pub fallbacks: u64,
}

impl Metrics {
    /// Counts an exchange that ended.
    pub fn count(&self, ended: &Ended) {
        let status = class(ended);
        let labels = match &ended.served {
            Some(served) => Labels {
                provider: &served.provider,
                model: &served.model,
                route: &served.rule,
                status,
            },
            None => Labels {
                provider: "",
                model: "",
                route: "",
                status,
            },
        };
        let listed = ended.served.as_ref().is_none_or(|served| served.listed);
        for (tried, same) in ended.repeated() {
            let (provider, model) = tried.target();
            let of_served = (provider, model) == (labels.provider, labels.model);
            let labels = Labels {
                provider,
                model,
                route: labels.route,
                status: class_of(tried.status),
            };
            let series = self.series(labels, listed && of_served);
            let figure = if same {
                &series.retries
            } else {
                &series.fallbacks
            };
            figure.fetch_add(1, Ordering::Relaxed);
        }
        self.series(labels, listed).count(ended);
    }

    fn series(&self, labels: Labels<'_>, listed: bool) -> Arc<Series> {
        let key = self.key(&labels);
        match self.series.load().get(&key) {
            Some(found) if found.is_of(&labels) => found.clone(),
            _ => self.begun(labels, listed),
        }
    }

    fn key(&self, labels: &Labels<'_>) -> u64 {
        self.hasher.hash_one(labels)
    }

    /// A series that was not there a moment ago.
    fn begun(&self, labels: Labels<'_>, listed: bool) -> Arc<Series> {
        let _turn = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.series.load_full();
        let mut unlisted: Vec<&str> = all
            .values()
            .filter(|series| !series.listed)
            .map(|series| series.model.as_str())
            .collect();
        unlisted.sort_unstable();
        unlisted.dedup();
        let full = all.len() >= MOST_SERIES
            || (!listed && unlisted.len() >= MOST_UNLISTED && !unlisted.contains(&labels.model));
        let labels = Labels {
            model: if full { OTHER } else { labels.model },
            ..labels
        };
        let key = self.key(&labels);
        if let Some(found) = all.get(&key) {
            return found.clone();
        }
        let series = Arc::new(Series::new(&labels, listed));
        let mut grown = HashMap::clone(&all);
        grown.insert(key, series.clone());
        self.series.store(Arc::new(grown));
        series
    }

    /// All series, in the order of their labels.
    fn all(&self) -> Vec<Arc<Series>> {
        let mut all: Vec<_> = self.series.load().values().cloned().collect();
        all.sort_by(|one, other| one.labels().cmp(&other.labels()));
        all
    }

    /// All series added up.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for series in self.all() {
            let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
            totals.requests += read(&series.requests);
            if series.status != "2xx" {
                totals.failed += read(&series.requests);
            }
            totals.usage.input_tokens += read(&series.input);
            totals.usage.output_tokens += read(&series.output);
            totals.usage.cache_read_input_tokens += read(&series.cache_read);
            totals.usage.cache_creation_input_tokens += read(&series.cache_write);
            totals.cost_usd += series.cost_usd();
            totals.retries += read(&series.retries);
            totals.fallbacks += read(&series.fallbacks);
        }
        totals
    }
}

impl Series {
    fn new(labels: &Labels<'_>, listed: bool) -> Self {
        Self {
            provider: labels.provider.to_owned(),
            model: labels.model.to_owned(),
            route: labels.route.to_owned(),
            status: labels.status,
            listed,
            requests: AtomicU64::new(0),
            input: AtomicU64::new(0),
            output: AtomicU64::new(0),
            cache_read: AtomicU64::new(0),
            cache_write: AtomicU64::new(0),
            cost: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            input_sizes: Histogram::new(TOKENS),
            output_sizes: Histogram::new(TOKENS),
            duration: Histogram::new(SECONDS),
            first_token: Histogram::new(FIRST_TOKEN),
            rate: Histogram::new(RATES),
        }
    }

    fn is_of(&self, labels: &Labels<'_>) -> bool {
        self.labels() == (labels.provider, labels.model, labels.route, labels.status)
    }

    fn labels(&self) -> (&str, &str, &str, &str) {
        (&self.provider, &self.model, &self.route, self.status)
    }

    fn cost_usd(&self) -> f64 {
        self.cost.load(Ordering::Relaxed) as f64 / 1e8
    }

    fn count(&self, ended: &Ended) {
        let add = |figure: &AtomicU64, more: u64| {
            figure.fetch_add(more, Ordering::Relaxed);
        };
        add(&self.requests, 1);
        self.duration.observe(ended.ms / 1000.0);
        if let Some(ms) = ended.first_token_ms {
            self.first_token.observe(ms / 1000.0);
        }
        if let Some(rate) = ended.tokens_per_s {
            self.rate.observe(rate);
        }
        if let Some(usage) = &ended.usage {
            add(&self.input, usage.input_tokens);
            add(&self.output, usage.output_tokens);
            add(&self.cache_read, usage.cache_read_input_tokens);
            add(&self.cache_write, usage.cache_creation_input_tokens);
            self.input_sizes.observe(usage.input_tokens as f64);
            self.output_sizes.observe(usage.output_tokens as f64);
        }
        if let Some(cost) = ended.cost_usd {
            add(&self.cost, (cost * 1e8) as u64);
        }
    }
}

/// How an exchange went, as few words as a label may have.
fn class(ended: &Ended) -> &'static str {
    match ended.status {
        200..=299 if ended.error.is_some() => "aborted",
        499 => "left",
        status => class_of(status),
    }
}

fn class_of(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests;
