//! Prometheus' text format, version 0.0.4. Names of the semantic conventions for generative AI
//! where they have one (`gen_ai_...`), else `transom_...`.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use super::histogram::Histogram;
use super::{Metrics, Series};

/// What is not counted by exchanges but stands beside them at the moment.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Exchanges that run.
    pub in_flight: usize,
    /// Requests that wait for a provider's budget.
    pub held: usize,
    /// When the process started, in seconds since 1970.
    pub started_at: u64,
    /// Log lines that were lost.
    pub log_lines_lost: u64,
    /// Name, generation, traps of it.
    pub transformers: Vec<(String, u64, u64)>,
}

impl Metrics {
    /// Everything, for a scraper.
    pub fn text(&self, around: &Surroundings) -> String {
        let mut out = String::with_capacity(16 << 10);
        gauges(around, &mut out);
        let all = self.all();
        let all: Vec<(String, String, &Series)> = all
            .iter()
            .map(|series| (labels(series), gen_ai(series), &**series))
            .collect();
        counters(&all, &mut out);
        histograms(&all, &mut out);
        out
    }
}

fn gauges(around: &Surroundings, out: &mut String) {
    let version = env!("CARGO_PKG_VERSION");
    family("transom_info", "gauge", "The running version.", out);
    let _ = writeln!(out, "transom_info{{version=\"{version}\"}} 1");
    let mut plain = |name: &str, kind: &str, help: &str, value: u64| {
        family(name, kind, help, out);
        let _ = writeln!(out, "{name} {value}");
    };
    plain(
        "process_start_time_seconds",
        "gauge",
        "Start of the process, in seconds since 1970.",
        around.started_at,
    );
    plain(
        "transom_in_flight",
        "gauge",
        "Exchanges that run.",
        around.in_flight as u64,
    );
    plain(
        "transom_held",
        "gauge",
        "Requests that wait for a provider's budget.",
        around.held as u64,
    );
    plain(
        "transom_log_lines_lost_total",
        "counter",
        "Log lines that came faster than they could be written, or that the disk did not take.",
        around.log_lines_lost,
    );
    type Figure = fn(&(String, u64, u64)) -> u64;
    let figures: [(&str, &str, &str, Figure); 2] = [
        (
            "transom_transformer_generation",
            "gauge",
            "The generation of a transformer that serves.",
            |one| one.1,
        ),
        (
            "transom_transformer_traps",
            "gauge",
            "Traps of the generation that serves.",
            |one| one.2,
        ),
    ];
    for (name, kind, help, figure) in figures {
        family(name, kind, help, out);
        for transformer in &around.transformers {
            let label = escaped(&transformer.0);
            let _ = writeln!(
                out,
                "{name}{{transformer=\"{label}\"}} {}",
                figure(transformer)
            );
        }
    }
}

fn counters(all: &[(String, String, &Series)], out: &mut String) {
    let mut plain = |name: &str, help: &str, figure: fn(&Series) -> &AtomicU64| {
        family(name, "counter", help, out);
        for (labels, _, series) in all {
            let value = figure(series).load(Ordering::Relaxed);
            let _ = writeln!(out, "{name}{{{labels}}} {value}");
        }
    };
    plain(
        "transom_requests_total",
        "Exchanges that ended.",
        |series| &series.requests,
    );
    plain(
        "transom_retries_total",
        "Attempts that were made again at the same target.",
        |series| &series.retries,
    );
    plain(
        "transom_fallbacks_total",
        "Targets that failed, after which the next one was asked.",
        |series| &series.fallbacks,
    );
    family(
        "transom_cost_usd_total",
        "counter",
        "By the prices of the models that have one.",
        out,
    );
    for (labels, _, series) in all {
        let _ = writeln!(
            out,
            "transom_cost_usd_total{{{labels}}} {}",
            series.cost_usd()
        );
    }
    family(
        "transom_tokens_total",
        "counter",
        "Tokens, as upstreams counted them.",
        out,
    );
    for (labels, _, series) in all {
        for (kind, figure) in [
            ("input", &series.input),
            ("output", &series.output),
            ("cache_read", &series.cache_read),
            ("cache_write", &series.cache_write),
        ] {
            let value = figure.load(Ordering::Relaxed);
            let _ = writeln!(
                out,
                "transom_tokens_total{{{labels},type=\"{kind}\"}} {value}"
            );
        }
    }
}

fn histograms(all: &[(String, String, &Series)], out: &mut String) {
    let name = "gen_ai_client_token_usage";
    family(name, "histogram", "Tokens of an exchange.", out);
    for (_, labels, series) in all {
        for (kind, histogram) in [
            ("input", &series.input_sizes),
            ("output", &series.output_sizes),
        ] {
            if !histogram.is_empty() {
                let labels = format!("{labels},gen_ai_token_type=\"{kind}\"");
                histogram.write(name, &labels, out);
            }
        }
    }
    let mut plain = |name: &str, help: &str, figure: fn(&Series) -> &Histogram| {
        family(name, "histogram", help, out);
        for (_, labels, series) in all {
            let histogram = figure(series);
            if !histogram.is_empty() {
                histogram.write(name, labels, out);
            }
        }
    };
    plain(
        "gen_ai_client_operation_duration_seconds",
        "From the request to the last byte of the answer.",
        |series| &series.duration,
    );
    plain(
        "gen_ai_server_time_to_first_token_seconds",
        "From the request to the first byte of the answer.",
        |series| &series.first_token,
    );
    plain(
        "transom_output_tokens_per_second",
        "Of streams, from the first token on.",
        |series| &series.rate,
    );
}

fn family(name: &str, kind: &str, help: &str, out: &mut String) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn labels(series: &Series) -> String {
    let (provider, model, route, status) = series.labels();
    format!(
        "provider=\"{}\",model=\"{}\",route=\"{}\",status=\"{status}\"",
        escaped(provider),
        escaped(model),
        escaped(route)
    )
}

/// By the names of the semantic conventions; `error_type` only where there is one.
fn gen_ai(series: &Series) -> String {
    let (provider, model, route, status) = series.labels();
    let error = if status == "2xx" {
        String::new()
    } else {
        format!(",error_type=\"{status}\"")
    };
    format!(
        "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"{}\",gen_ai_request_model=\"{}\",route=\"{}\"{error}",
        escaped(provider),
        escaped(model),
        escaped(route)
    )
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
