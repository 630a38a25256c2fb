//! Runs a case through a component and compares what came with what is expected.

mod drive;
mod input;
mod judge;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Semaphore;

use super::case::{Case, EndingPlan, Ends};
use super::outcome::Outcome;
use crate::chain::{Chain, Explained, Pinned};
use crate::config::Limits;
use crate::error::ApiError;
use crate::registry::Generation;
use crate::sse::Framing;
use crate::upstream::joined;
use crate::wasm::bindings::Head;
use crate::wasm::{Component, Engine, LogLine};
use drive::{Reads, drive};
use input::{client_body, context, head};
use judge::{Streamed, check_notes, check_request, check_streamed, check_whole};

type Notes = Arc<Mutex<Vec<(String, String, String)>>>;

/// Runs cases through one component.
pub struct Runner {
    generation: Arc<Generation>,
    limits: Arc<Limits>,
    permits: Arc<Semaphore>,
    seed: u64,
}

impl Runner {
    /// Compiles the component. `seed` decides how streams are split at random.
    ///
    /// Errors: why the bytes are no transformer.
    pub fn new(engine: &Engine, name: &str, bytes: &[u8], seed: u64) -> anyhow::Result<Self> {
        let component = Component::load(engine, None, name, bytes)?;
        Ok(Self::of(engine, component, seed))
    }

    /// The same with a component that is compiled already, by this engine.
    pub fn of(engine: &Engine, component: Component, seed: u64) -> Self {
        Self {
            generation: Arc::new(Generation::for_tests(component)),
            limits: Arc::new(Limits::default()),
            permits: Arc::new(Semaphore::new(engine.step().instances as usize)),
            seed,
        }
    }

    /// What the cases run through.
    pub fn component(&self) -> &Arc<Component> {
        &self.generation.component
    }

    /// Runs one case, streams in several ways.
    ///
    /// Errors: a case that cannot be read or makes no sense. What the component does wrong is in the outcome.
    pub async fn run(&self, case: &Case) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let notes = Notes::default();
        let failures = self.check(case, &notes).await?;
        let notes = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Outcome {
            name: case.name.clone(),
            failures,
            notes,
            took: started.elapsed(),
        })
    }

    async fn check(&self, case: &Case, notes: &Notes) -> anyhow::Result<Vec<String>> {
        let mut failures = Vec::new();
        let opened = self.open(case, notes).await;
        if let Some(expected) = &case.plan.configure_fails {
            let said = opened.err().map(|error| error.message);
            if !said
                .as_ref()
                .is_some_and(|said| said.ends_with(&expected.join("; ")))
            {
                failures.push(format!("configure: expected {expected:?}, got {said:?}"));
            }
            return Ok(failures);
        }
        let mut chain = match opened {
            Ok(chain) => chain,
            Err(error) => return Ok(vec![error.to_string()]),
        };
        let planned = chain.request(client_body(case)?).await;
        let goes_on = check_request(case, &chain, planned, &mut failures)?;
        if goes_on {
            self.check_answer(case, chain, notes, &mut failures).await?;
        }
        check_notes(case, notes, &mut failures);
        Ok(failures)
    }

    async fn open(&self, case: &Case, notes: &Notes) -> Result<Chain, ApiError> {
        let options = Bytes::from(json!(case.plan.options).to_string());
        let pinned = [Pinned {
            generation: self.generation.clone(),
            options,
        }];
        let sink = |_: &Arc<Generation>| -> Arc<dyn Fn(LogLine) + Send + Sync> {
            let notes = notes.clone();
            Arc::new(move |line| {
                if let LogLine::Note { action, path, why } = line {
                    notes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((action, path, why));
                }
            })
        };
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| ApiError::new("api_error", "the pool is closed"))?;
        Chain::open(
            &pinned,
            &context(case, &self.generation.component.name),
            &self.limits,
            &sink,
            permit,
        )
        .await
    }

    async fn check_answer(
        &self,
        case: &Case,
        mut chain: Chain,
        notes: &Notes,
        failures: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let whole = case.file("response.upstream.json")?;
        let stream = case.stream()?;
        let status = case.plan.upstream.status.unwrap_or(200);
        if let Some(body) = whole {
            let head = head(case, status, "application/json");
            let body = Bytes::from(body);
            let said =
                (200..300).contains(&status) && crate::reading::said_error(status, &body).is_none();
            let result = if said {
                respond(&mut chain, &head, body).await
            } else {
                explain(&mut chain, &head, &body).await
            };
            check_whole(case, result, failures)
        } else if let Some((framing, body)) = stream {
            drop(chain);
            let head = head(case, status, content_type(framing));
            self.check_stream(case, &head, (framing, &body), notes, failures)
                .await
        } else {
            Ok(())
        }
    }

    /// The stream in every way of cutting it, with and without splice rules: always the same events.
    async fn check_stream(
        &self,
        case: &Case,
        head: &Head,
        body: (Framing, &[u8]),
        notes: &Notes,
        failures: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let random = (0..4).map(|n| Reads::Bytes(self.seed.wrapping_add(n)));
        let ways = [Reads::Whole, Reads::Frames].into_iter().chain(random);
        let mut first: Option<Vec<u8>> = None;
        for reads in ways {
            for rules in [true, false] {
                let streamed = self.stream(case, head, body, notes, reads, rules).await?;
                let way = format!(
                    "[{reads:?}, splice rules {}] ",
                    if rules { "on" } else { "off" }
                );
                let mut found = Vec::new();
                check_streamed(case, &streamed, &mut found)?;
                failures.extend(found.into_iter().map(|failure| format!("{way}{failure}")));
                if matches!((reads, rules), (Reads::Whole, false)) {
                    first = Some(streamed.bytes);
                } else if let (Reads::Whole, Some(first)) = (reads, &first)
                    && *first != streamed.bytes
                {
                    failures.push(format!("{way}two runs gave different bytes"));
                }
                if !failures.is_empty() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn stream(
        &self,
        case: &Case,
        head: &Head,
        body: (Framing, &[u8]),
        notes: &Notes,
        reads: Reads,
        rules: bool,
    ) -> anyhow::Result<Streamed> {
        let mut chain = self
            .open(case, notes)
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        if !rules {
            chain.ignore_rules();
        }
        // Its outcome was checked before; a stream only needs the exchange to have made its request.
        drop(chain.request(client_body(case)?).await);
        let mut bytes = Vec::new();
        let ended = drive(&mut chain, head, body, &case.plan.ending, reads, &mut bytes).await;
        Ok(match ended {
            Ok(ends) => Streamed {
                bytes,
                ends,
                error: None,
            },
            Err(error) => {
                // Before the first event a break is still an HTTP error.
                let cut = case.plan.ending != EndingPlan::Complete && !bytes.is_empty();
                let ends = if cut { Ends::Cut } else { Ends::Error };
                Streamed {
                    bytes,
                    ends,
                    error: Some(error),
                }
            }
        })
    }
}

/// As upstreams name what they send.
fn content_type(framing: Framing) -> &'static str {
    match framing {
        Framing::Sse => "text/event-stream",
        Framing::JsonLines => "application/x-ndjson",
    }
}

async fn respond(chain: &mut Chain, head: &Head, body: Bytes) -> Result<Bytes, ApiError> {
    Ok(joined(chain.respond(head, body).await?))
}

async fn explain(chain: &mut Chain, head: &Head, body: &Bytes) -> Result<Bytes, ApiError> {
    match chain.explain(head, body).await? {
        Explained::Failed(error) => Err(error),
        Explained::NotMine => Err(ApiError::new(
            "api_error",
            "the guest did not explain this error",
        )),
        Explained::Resend(_) => Err(ApiError::new(
            "api_error",
            "the guest asked for a resend, which no fixture can show",
        )),
    }
}
