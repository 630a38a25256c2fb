//! The record of one exchange: who served it, how it went. Written as one log line when the
//! exchange ends, however it ends. Holds no body and no header.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::error::ApiError;
use crate::recorder::{End, Tape};
use crate::sse::Usage;
use crate::upstream::Secrets;
use crate::wasm::Counters;

/// What is known of an exchange.
pub struct Record {
    request_id: String,
    started: Instant,
    /// Provider, model, rule and transformer, once chosen.
    pub route: Option<Served>,
    first_byte_ms: Option<f64>,
    bytes: usize,
    usage: Option<Usage>,
    outcome: Outcome,
    /// Of the guests, if there are any.
    pub counters: Option<Arc<Counters>>,
    /// What the client gets is written down here, if exchanges are recorded.
    pub tape: Option<Tape>,
    /// What must not be in a log line, whoever says it.
    pub secrets: Secrets,
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
    pub rule: &'static str,
    /// Labels of the pinned generations, comma-separated; `anthropic` for passthrough.
    pub transformer: String,
    /// A stream was asked for.
    pub streaming: bool,
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
            first_byte_ms: None,
            bytes: 0,
            usage: None,
            outcome: Outcome::Left,
            counters: None,
            tape: None,
            secrets: Secrets::default(),
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
        let started = self.started;
        self.first_byte_ms
            .get_or_insert_with(|| milliseconds(started));
    }

    /// The answer is complete. An error that was told before stays the outcome.
    pub fn finished(&mut self, usage: Option<Usage>) {
        self.usage = usage.filter(|usage| *usage != Usage::default());
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
    (since.elapsed().as_secs_f64() * 100_000.0).round() / 100.0
}

impl Drop for Record {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.end_tape();
        let (status, error) = match &self.outcome {
            Outcome::Left => (499, Some("the client left".to_owned())),
            Outcome::Finished(status) => (*status, None),
            Outcome::Failed(error) => (error.status, Some(logged(error))),
            Outcome::Broken(why) => (200, Some(format!("aborted: {why}"))),
        };
        // The words of a panic, or of an error, may quote a body with a key in it.
        let error = error.map(|error| self.secrets.scrub_text(&error));
        let served = self.route.as_ref();
        let counted = |read: fn(&Counters) -> u64| self.counters.as_deref().map(read);
        tracing::info!(
            request_id = self.request_id,
            provider = served.map(|served| served.provider.as_str()),
            model = served.map(|served| served.model.as_str()),
            route = served.map(|served| served.rule),
            transformer = served.map(|served| served.transformer.as_str()),
            stream = served.map(|served| served.streaming),
            status,
            ms = milliseconds(self.started),
            first_byte_ms = self.first_byte_ms,
            bytes = self.bytes,
            input_tokens = self.usage.map(|usage| usage.input_tokens),
            output_tokens = self.usage.map(|usage| usage.output_tokens),
            guest_in = counted(|counters| counters.bytes_in.load(Ordering::Relaxed)),
            guest_out = counted(|counters| counters.bytes_out.load(Ordering::Relaxed)),
            pushes = counted(|counters| counters.pushes.load(Ordering::Relaxed)),
            error,
            "exchange"
        );
    }
}
