//! The record of one exchange: who served it, how it went. Handed to the log and to the figures when
//! the exchange ends, however it ends. Holds no header.

mod bodies;
mod ended;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

pub use bodies::{Bodies, Kept, Logging};
pub use ended::{Ended, Guest};

use crate::attempts::Tried;
use crate::config::Price;
use crate::error::ApiError;
use crate::metrics::Metrics;
use crate::recorder::{End, Tape};
use crate::route::Usages;
use crate::sse::{PING, Usage};
use crate::tokens::Tokens;
use crate::upstream::Secrets;
use crate::visible::shortened;
use crate::wasm::Counters;

/// What is known of an exchange.
pub struct Record {
    request_id: String,
    started: Instant,
    /// Provider, model, rule and transformer, once chosen.
    pub route: Option<Served>,
    /// Attempts that failed, in order: the answer is that of another one, or the first error.
    pub tried: Vec<Tried>,
    /// The last of them was the last that was tried.
    pub exhausted: bool,
    /// How long it waited for providers' quotas, all attempts together.
    pub held: Duration,
    first_token: Option<Instant>,
    bytes: usize,
    usage: Option<Usage>,
    outcome: Outcome,
    /// Of the guests, if there are any.
    pub counters: Option<Arc<Counters>>,
    /// What the client gets is written down here, if exchanges are recorded.
    pub tape: Option<Tape>,
    /// What the client sent and got, if the log is to have it.
    pub bodies: Option<Box<Bodies>>,
    /// What must not be in a log line, whoever says it.
    pub secrets: Secrets,
    /// Where it is counted.
    pub metrics: Option<Arc<Metrics>>,
    /// Where the length of the conversation is remembered, and under which session id.
    pub conversation: Option<(Arc<Usages>, String)>,
    /// Where it is told how far off the estimate of the tokens was, and the estimate.
    pub estimate: Option<(Arc<Tokens>, u32)>,
    in_flight: Arc<AtomicUsize>,
}

/// Who serves an exchange.
#[derive(Debug, Clone)]
pub struct Served {
    /// The provider's name.
    pub provider: String,
    /// As the provider names it.
    pub model: String,
    /// The rule that chose.
    pub rule: String,
    /// Labels of the pinned generations, comma-separated; `anthropic` for passthrough.
    pub transformer: String,
    /// A stream was asked for.
    pub streaming: bool,
    /// The configuration lists the model.
    pub listed: bool,
    /// Of the model, if it is known.
    pub price: Option<Price>,
}

enum Outcome {
    /// Dropped before it ended: the client left.
    Left,
    Finished(u16),
    Failed(ApiError),
    Broken(String),
}

impl Record {
    /// Begins. `in_flight` is counted up until the record is dropped.
    pub fn new(request_id: String, in_flight: Arc<AtomicUsize>) -> Self {
        in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            request_id,
            started: Instant::now(),
            route: None,
            tried: Vec::new(),
            exhausted: false,
            held: Duration::ZERO,
            first_token: None,
            bytes: 0,
            usage: None,
            outcome: Outcome::Left,
            counters: None,
            tape: None,
            bodies: None,
            secrets: Secrets::default(),
            metrics: None,
            conversation: None,
            estimate: None,
            in_flight,
        }
    }

    /// The answer's `request-id`.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Bytes went to the client.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        if let Some(tape) = &self.tape {
            tape.told(bytes);
        }
        if let Some(kept) = &mut self.bodies {
            kept.answered(bytes);
        }
        if self.first_token.is_none() && bytes != PING {
            self.first_token = Some(Instant::now());
        }
    }

    /// What the upstream counted, as far as it is known.
    pub fn used(&mut self, usage: Option<Usage>) {
        self.usage = usage
            .filter(|usage| *usage != Usage::default())
            .or(self.usage);
    }

    /// The answer is complete. An error that was told before stays the outcome.
    pub fn finished(&mut self, usage: Option<Usage>) {
        self.used(usage);
        if let (Some(usage), Some((usages, session))) = (self.usage, &self.conversation) {
            usages.tell(session, usage.input());
        }
        if let (Some(usage), Some((tokens, estimate)), Some(served)) =
            (self.usage, &self.estimate, &self.route)
        {
            tokens.tell(&served.provider, &served.model, *estimate, usage.input());
        }
        if matches!(self.outcome, Outcome::Left) {
            self.outcome = Outcome::Finished(200);
        }
    }

    /// An error was told.
    pub fn failed(&mut self, error: &ApiError) {
        self.outcome = Outcome::Failed(error.clone());
    }

    /// The client's connection was aborted.
    pub fn broken(&mut self, why: &str) {
        self.outcome = Outcome::Broken(why.to_owned());
    }

    /// Writes down how the client's answer ended. Of a client that left the end is not known.
    fn end_tape(&mut self) {
        let Some(tape) = self.tape.take() else { return };
        match &self.outcome {
            Outcome::Left => {}
            Outcome::Finished(status) => tape.over(*status, End::Complete),
            Outcome::Broken(why) => tape.over(200, End::Broken(why.clone())),
            Outcome::Failed(error) => {
                let mut status = 200;
                // Before any event the error is the whole answer.
                if self.bytes == 0 {
                    status = error.status;
                    tape.told(crate::http::error_json(error, &self.request_id).as_bytes());
                }
                tape.over(
                    status,
                    End::Failed(error.kind.to_owned(), error.message.clone()),
                );
            }
        }
    }
}

/// Of an error in a log line, in bytes: an upstream may answer with a page.
const LONGEST_ERROR: usize = 4096;

/// The words of a trap belong to the line of the exchange; where it was has a line of its own.
fn logged(error: &ApiError) -> String {
    let inside = error
        .inside
        .as_deref()
        .and_then(|inside| inside.lines().next());
    let inside = inside
        .map(|words| format!(" ({words})"))
        .unwrap_or_default();
    format!("{}: {}{inside}", error.kind, error.message)
}

/// Milliseconds with two places: more is noise.
pub(crate) fn milliseconds(since: Instant) -> f64 {
    rounded(since.elapsed().as_secs_f64() * 1000.0)
}

fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

impl Record {
    /// Of a stream, from its first token on. One that came all at once has no rate.
    fn tokens_per_s(&self) -> Option<f64> {
        let streaming = self.route.as_ref().is_some_and(|served| served.streaming);
        let tokens = self.usage?.output_tokens;
        let seconds = self.first_token?.elapsed().as_secs_f64();
        (streaming && tokens > 1 && seconds >= 0.001).then(|| rounded(tokens as f64 / seconds))
    }

    fn cost_usd(&self) -> Option<f64> {
        let price = self.route.as_ref()?.price?;
        let usage = self.usage?;
        let cost = price.of(
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_input_tokens,
            usage.cache_creation_input_tokens,
        );
        // To a thousandth of a cent and a bit: sums of many must not drift.
        Some((cost * 1e8).round() / 1e8)
    }

    fn ended(&mut self) -> Ended {
        let (status, error) = match &self.outcome {
            Outcome::Left => (499, Some("the client left".to_owned())),
            Outcome::Finished(status) => (*status, None),
            Outcome::Failed(error) => (error.status, Some(logged(error))),
            Outcome::Broken(why) => (200, Some(format!("aborted: {why}"))),
        };
        // The words of a panic, or of an error, may quote a body with a key in it.
        let error = error.map(|error| self.secrets.scrub_text(&error));
        let error = error.map(|error| shortened(&error, LONGEST_ERROR).into_owned());
        let started = self.started;
        let only = self.exhausted && self.tried.len() == 1;
        let guest = self.counters.as_deref().map(|counters| Guest {
            bytes_in: counters.bytes_in.load(Ordering::Relaxed),
            bytes_out: counters.bytes_out.load(Ordering::Relaxed),
            pushes: counters.pushes.load(Ordering::Relaxed),
        });
        Ended {
            at: SystemTime::now(),
            tokens_per_s: self.tokens_per_s(),
            cost_usd: self.cost_usd(),
            request_id: std::mem::take(&mut self.request_id),
            served: self.route.take(),
            // The only attempt is what the line itself tells of.
            tried: std::mem::take(&mut self.tried)
                .into_iter()
                .filter(|_| !only)
                .collect(),
            exhausted: self.exhausted,
            status,
            held_ms: Some(self.held.as_millis() as u64).filter(|ms| *ms > 0),
            error,
            ms: milliseconds(started),
            first_token_ms: self
                .first_token
                .map(|first| rounded((first - started).as_secs_f64() * 1000.0)),
            bytes: self.bytes,
            usage: self.usage,
            guest,
        }
    }
}

impl Record {
    /// Hands the bodies to the log. An error that nothing was sent before is the whole answer.
    fn end_bodies(&mut self) {
        let Some(mut kept) = self.bodies.take() else {
            return;
        };
        if let (Outcome::Failed(error), 0) = (&self.outcome, self.bytes) {
            kept.answered(crate::http::error_json(error, &self.request_id).as_bytes());
        }
        crate::telemetry::bodies(&self.request_id, *kept, &self.secrets);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.end_tape();
        self.end_bodies();
        let ended = self.ended();
        if let Some(metrics) = &self.metrics {
            metrics.count(&ended);
        }
        crate::telemetry::exchange(ended);
    }
}
