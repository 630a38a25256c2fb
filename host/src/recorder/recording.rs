//! What is kept of one exchange: what went in and out of the guests on both sides, as it was. Data
//! only; as JSON it is what the running service tells the command line.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::json;
use crate::registry::{Generation, Origin};
use crate::upstream::Secrets;
use crate::wasm::bindings::{Context, Ending, Head};

/// One exchange, from what the guests were given to what the client got.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recording {
    /// When it began.
    #[serde(with = "json::unix_ms")]
    pub at: SystemTime,
    /// The stages that served it, left to right.
    pub stages: Vec<Stage>,
    /// What the guests learned of it.
    #[serde(with = "json::ContextDef")]
    pub context: Context,
    /// The client's body.
    #[serde(with = "json::bytes")]
    pub request: Bytes,
    /// What was sent and answered, in order: none if a guest answered or refused by itself,
    /// several if a guest had a request sent again.
    pub attempts: Vec<Attempt>,
    /// What the guests put out, step by step.
    pub steps: Vec<Step>,
    /// What the client got.
    pub client: Told,
}

/// A transformer of the chain that served an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// As the configuration calls it.
    pub name: String,
    /// Its options, a JSON object.
    #[serde(with = "json::bytes")]
    pub options: Bytes,
    /// The generation that served.
    pub generation: u64,
    /// Of its bytes.
    pub sha256: String,
    /// Its file; none for a built-in.
    pub path: Option<PathBuf>,
}

impl Stage {
    /// A pinned generation with its options.
    pub fn of(generation: &Generation, options: &Bytes) -> Self {
        Self {
            name: generation.component.name.clone(),
            options: options.clone(),
            generation: generation.number,
            sha256: generation.component.sha256.clone(),
            path: match &generation.origin {
                Origin::Builtin => None,
                Origin::File(path) => Some(path.clone()),
            },
        }
    }
}

/// One request to the upstream and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// What was sent.
    pub sent: Sent,
    /// What came; none if the upstream could not be reached.
    pub answer: Option<Answer>,
}

/// A request to the upstream, as the guests made it: without key and origin.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sent {
    /// Below the base URL.
    pub path: String,
    /// As the guests set them.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(with = "json::bytes")]
    pub body: Bytes,
}

/// An upstream's answer, scrubbed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Status and headers.
    #[serde(with = "json::HeadDef")]
    pub head: Head,
    /// As far as it was read.
    #[serde(with = "json::bytes")]
    pub body: Bytes,
    /// How the body ended.
    #[serde(with = "json::EndingDef")]
    pub ending: Ending,
}

/// Bytes of the upstream that were given to the guests at once, and what came out for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Since the exchange began.
    #[serde(with = "json::ms")]
    pub at: Duration,
    /// Bytes of the upstream's answer.
    pub read: usize,
    /// Where in the client's body the output begins.
    pub from: usize,
    /// Bytes of output.
    pub out: usize,
    /// Frames among them that a splice rule passed on.
    pub spliced: u64,
}

/// What a client was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// Of the status line.
    pub status: u16,
    /// Everything that was sent, pings included.
    #[serde(with = "json::bytes")]
    pub body: Bytes,
    /// How it ended.
    pub end: End,
    /// From the request to the end.
    #[serde(with = "json::ms")]
    pub took: Duration,
}

/// How a client's answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Properly.
    Complete,
    /// With an error that was told: its type and its words.
    Failed(String, String),
    /// The connection was aborted, for this reason.
    Broken(String),
}

impl Recording {
    /// Bytes that it takes up.
    pub(super) fn weight(&self) -> usize {
        let attempts = self.attempts.iter().map(Attempt::weight);
        let steps = self.steps.len() * size_of::<Step>();
        self.request.len() + self.client.body.len() + attempts.sum::<usize>() + steps
    }

    /// Of the exchange, as its answer's `request-id` and the log have it.
    pub fn id(&self) -> &str {
        &self.context.exchange_id
    }

    /// The same without secrets. What upstreams said is without them already, but for those that their events bring
    /// in pieces; a client's body may hold one, and so may what guests made of it.
    #[must_use]
    pub fn scrubbed(&self, secrets: &Secrets) -> Self {
        let mut clean = self.clone();
        let scrub = |bytes: &mut Bytes| *bytes = secrets.scrub_recorded(std::mem::take(bytes));
        scrub(&mut clean.request);
        scrub(&mut clean.client.body);
        for stage in &mut clean.stages {
            scrub(&mut stage.options);
        }
        for attempt in &mut clean.attempts {
            if let Some(answer) = &mut attempt.answer {
                scrub(&mut answer.body);
            }
            let sent = &mut attempt.sent;
            scrub(&mut sent.body);
            sent.path = secrets.scrub_text(&sent.path);
            for (_, value) in &mut sent.headers {
                *value = secrets.scrub_text(value);
            }
        }
        clean
    }

    /// A stage of this name served it.
    pub fn is_of(&self, transformer: &str) -> bool {
        self.stages.iter().any(|stage| stage.name == transformer)
    }
}

impl Attempt {
    fn weight(&self) -> usize {
        let answer = self.answer.as_ref().map_or(0, |answer| answer.body.len());
        self.sent.body.len() + answer
    }
}
