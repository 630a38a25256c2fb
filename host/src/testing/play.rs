//! Runs a case through a component once and keeps what came of it, byte for byte. Compares nothing.

mod drive;
mod input;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Semaphore;

pub(super) use drive::{Reads, Way};
pub(super) use input::{Inputs, model};

use super::case::Ends;
use crate::chain::{Chain, Explained, Outbound, Pinned, Planned, Sink};
use crate::config::Limits;
use crate::error::ApiError;
use crate::http::error_json;
use crate::registry::Generation;
use crate::upstream::joined;
use crate::wasm::{Component, Counters, Engine, Fault, Instance, LogLine, Opening};
use input::Upstream;

/// What a guest said it dropped or changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Note {
    /// `drop`, `change`, `add`.
    pub action: String,
    /// In the client's body.
    pub path: String,
    /// The guest's words.
    pub why: String,
}

/// Everything that a component made of a case in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Play {
    pub(super) asked: Asked,
    pub(super) answered: Answered,
    pub(super) notes: Vec<Note>,
    /// It trapped, broke a limit or the interface: the sentence that says so.
    pub(super) fault: Option<String>,
}

/// What became of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// `configure` refused the options, in these sentences.
    Refused(Vec<String>),
    Failed(ApiError),
    Unsupported,
    Answer(Bytes),
    Forward(Sent),
}

/// The request to the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) path: String,
    /// Those that the guest set, in order of name.
    pub(super) headers: Vec<(String, String)>,
    pub(super) reply: String,
    pub(super) body: Bytes,
}

/// What became of the upstream's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// There was none to hand over.
    Nothing,
    Whole(Result<Bytes, ApiError>),
    Stream(Streamed),
    /// `explain` said `not-mine`, or asked for another request.
    Unjudged(&'static str),
}

/// What a stream gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Streamed {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Ends,
    pub(super) error: Option<ApiError>,
    /// The guest said `done` after a break.
    pub(super) made_up_an_end: bool,
}

/// A compiled component that cases are played through.
pub(super) struct Player {
    generation: Generation,
    limits: Arc<Limits>,
    permits: Arc<Semaphore>,
}

type Notes = Arc<Mutex<Vec<Note>>>;

impl Player {
    /// Compiles the component. Errors: why the bytes are no transformer.
    pub(super) fn new(engine: &Engine, name: &str, bytes: &[u8]) -> anyhow::Result<Self> {
        let component = Component::load(engine, None, name, bytes)?;
        Ok(Self::of(engine, component))
    }

    /// The same with a component that is compiled already, by this engine.
    pub(super) fn of(engine: &Engine, component: Component) -> Self {
        Self {
            generation: Generation::for_tests(component),
            limits: Arc::default(),
            permits: Arc::new(Semaphore::new(engine.step().instances as usize)),
        }
    }

    pub(super) fn with_limits(self, limits: Arc<Limits>) -> Self {
        Self { limits, ..self }
    }

    pub(super) fn component(&self) -> &Arc<Component> {
        &self.generation.component
    }

    pub(super) fn name(&self) -> &str {
        &self.generation.component.name
    }

    pub(super) fn sha256(&self) -> &str {
        &self.generation.component.sha256
    }

    /// One run on a fresh instance.
    pub(super) async fn play(&self, inputs: &Inputs, way: Way) -> Play {
        let notes = Notes::default();
        // Apart: its faults are those of this run.
        let generation = self.generation.apart();
        let (asked, answered, unstarted) = match self.open(inputs, &generation, &notes).await {
            Ok(chain) => {
                let (asked, answered) = exchange(chain, inputs, way).await;
                (asked, answered, None)
            }
            Err(error) => match self.refusals(inputs).await {
                Some(refusals) => (Asked::Refused(refusals), Answered::Nothing, None),
                None => {
                    let why = error.to_string();
                    (Asked::Failed(error), Answered::Nothing, Some(why))
                }
            },
        };
        let trapped = generation.traps.load(std::sync::atomic::Ordering::Relaxed) > 0;
        let mut notes = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
        notes.dedup();
        Play {
            asked,
            answered,
            notes,
            fault: generation
                .last_fault_with_place()
                .filter(|_| trapped)
                .or(unstarted),
        }
    }

    async fn open(
        &self,
        inputs: &Inputs,
        generation: &Arc<Generation>,
        notes: &Notes,
    ) -> Result<Chain, ApiError> {
        let pinned = [Pinned {
            generation: generation.clone(),
            options: inputs.options.clone(),
        }];
        let sink = |_: &Arc<Generation>| -> Sink {
            let notes = notes.clone();
            Arc::new(move |line| {
                if let LogLine::Note { action, path, why } = line {
                    let note = Note { action, path, why };
                    notes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(note);
                }
            })
        };
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| ApiError::new("api_error", "the pool is closed"))?;
        Chain::open(&pinned, &inputs.context, &self.limits, &sink, permit).await
    }

    /// The sentences with which `configure` refuses the options, if it does.
    async fn refusals(&self, inputs: &Inputs) -> Option<Vec<String>> {
        let opening = Opening {
            component: &self.generation.component,
            options: &inputs.options,
            limits: &self.limits,
            seed: 0,
            sink: Arc::new(|_| ()),
            counters: Arc::new(Counters::default()),
        };
        match Instance::open(opening).await {
            Err(Fault::Options { problems, .. }) => Some(problems),
            Ok(_) | Err(_) => None,
        }
    }
}

async fn exchange(mut chain: Chain, inputs: &Inputs, way: Way) -> (Asked, Answered) {
    if !way.rules {
        chain.ignore_rules();
    }
    let asked = match chain.request(inputs.request.clone()).await {
        Err(error) => Asked::Failed(error),
        Ok(Planned::Unsupported) => Asked::Unsupported,
        Ok(Planned::Answer(answer)) => Asked::Answer(answer),
        Ok(Planned::Forward(outbound)) => Asked::Forward(sent(&chain, outbound)),
    };
    let answered = match (&asked, &inputs.upstream) {
        (Asked::Forward(_), Some(upstream)) => answer(&mut chain, upstream, way).await,
        _ => Answered::Nothing,
    };
    (asked, answered)
}

fn sent(chain: &Chain, outbound: Outbound) -> Sent {
    let mut headers: Vec<(String, String)> = outbound
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        })
        .collect();
    headers.sort();
    Sent {
        path: outbound.path,
        headers,
        reply: chain.reply(),
        body: joined(outbound.body),
    }
}

async fn answer(chain: &mut Chain, upstream: &Upstream, way: Way) -> Answered {
    if upstream.form.is_stream() {
        return Answered::Stream(drive::drive(chain, upstream, way.reads).await);
    }
    let Upstream { head, body, .. } = upstream;
    let ok = (200..300).contains(&head.status);
    if ok && crate::reading::said_error(head.status, body).is_none() {
        return Answered::Whole(chain.respond(head, body.clone()).await.map(joined));
    }
    match chain.explain(head, body).await {
        Err(error) | Ok(Explained::Failed(error)) => Answered::Whole(Err(error)),
        Ok(Explained::NotMine) => {
            Answered::Unjudged("`explain` leaves this error to the host (`not-mine`)")
        }
        Ok(Explained::Resend(_)) => {
            Answered::Unjudged("`explain` asks for a resend, which no case can show")
        }
    }
}

/// An error as the client gets it, without the id that the host adds.
pub(super) fn envelope(error: &ApiError) -> Value {
    let mut value: Value = serde_json::from_str(&error_json(error, "")).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("request_id");
    }
    value
}
