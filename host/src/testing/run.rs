//! Runs a case through a component and compares what came with what is expected.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::case::{Case, EndingPlan, Ends, FailsPlan};
use super::compare::{Event, difference, events, stream_difference};
use super::grammar::violations;
use super::outcome::Outcome;
use crate::chain::{After, Chain, Explained, Outbound, Pinned, Planned, Step};
use crate::config::Limits;
use crate::error::ApiError;
use crate::http::error_json;
use crate::registry::Generation;
use crate::sse::frames;
use crate::upstream::joined;
use crate::wasm::bindings::{Context, Ending, Head};
use crate::wasm::{Component, Engine, LogLine};

type Notes = Arc<Mutex<Vec<(String, String, String)>>>;

/// Runs cases through one component.
pub struct Runner {
    generation: Arc<Generation>,
    limits: Arc<Limits>,
    permits: Arc<Semaphore>,
    seed: u64,
}

/// How an upstream's stream is cut into reads.
#[derive(Debug, Clone, Copy)]
enum Reads {
    Whole,
    Frames,
    Bytes(u64),
}

/// What a stream gave.
struct Streamed {
    bytes: Vec<u8>,
    ends: Ends,
    error: Option<ApiError>,
}

impl Runner {
    /// Compiles the component. `seed` decides how streams are split at random.
    ///
    /// Errors: why the bytes are no transformer.
    pub fn new(engine: &Engine, name: &str, bytes: &[u8], seed: u64) -> anyhow::Result<Self> {
        let component = Component::load(engine, None, name, bytes)?;
        Ok(Self {
            generation: Arc::new(Generation::for_tests(component)),
            limits: Arc::new(Limits::default()),
            permits: Arc::new(Semaphore::new(engine.step().instances as usize)),
            seed,
        })
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
        let stream = case.file("response.upstream.sse")?;
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
        } else if let Some(body) = stream {
            drop(chain);
            self.check_stream(case, status, &body, notes, failures)
                .await
        } else {
            Ok(())
        }
    }

    /// The stream in every way of cutting it, with and without splice rules: always the same events.
    async fn check_stream(
        &self,
        case: &Case,
        status: u16,
        body: &[u8],
        notes: &Notes,
        failures: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let random = (0..4).map(|n| Reads::Bytes(self.seed.wrapping_add(n)));
        let ways = [Reads::Whole, Reads::Frames].into_iter().chain(random);
        let mut first: Option<Vec<u8>> = None;
        for reads in ways {
            for rules in [true, false] {
                let streamed = self.stream(case, status, body, notes, reads, rules).await?;
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
        status: u16,
        body: &[u8],
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
        let ended = drive(
            &mut chain,
            &head(case, status, "text/event-stream"),
            body,
            &case.plan.ending,
            reads,
            &mut bytes,
        )
        .await;
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

/// Pushes a stream through; how it ended, or the error that a guest said.
async fn drive(
    chain: &mut Chain,
    head: &Head,
    body: &[u8],
    ending: &EndingPlan,
    reads: Reads,
    out: &mut Vec<u8>,
) -> Result<Ends, ApiError> {
    chain.begin(head).await?;
    for read in cut(body, reads) {
        if let Some(ends) = step(chain.push(Bytes::copy_from_slice(read)).await?, out)? {
            return Ok(ends);
        }
    }
    let ending = match ending {
        EndingPlan::Complete => Ending::Complete,
        EndingPlan::Broken(why) => Ending::Broken(why.clone()),
    };
    let ended = step(chain.finish(&ending).await?, out)?;
    match (ended, ending) {
        (_, Ending::Broken(_)) => Err(ApiError::new(
            "api_error",
            "a clean end was made of a broken transport",
        )),
        (ended, Ending::Complete) => Ok(ended.unwrap_or(Ends::Complete)),
    }
}

fn step(step: Step, out: &mut Vec<u8>) -> Result<Option<Ends>, ApiError> {
    for piece in step.out {
        out.extend_from_slice(&piece);
    }
    match step.next {
        After::More | After::Wake(_) => Ok(None),
        After::Done => Ok(Some(Ends::Complete)),
        After::Failed(error) => Err(error),
    }
}

fn cut(body: &[u8], reads: Reads) -> Vec<&[u8]> {
    match reads {
        Reads::Whole => vec![body],
        Reads::Frames => frames(body).collect(),
        Reads::Bytes(seed) => {
            let mut rest = body;
            let mut state = seed | 1;
            let mut pieces = Vec::new();
            while !rest.is_empty() {
                // xorshift64: reproducible from the seed that a failure shows.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let most = if state & 0x100 == 0 { 8 } else { 700 };
                let (piece, after) =
                    rest.split_at((1 + (state >> 16) as usize % most).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces
        }
    }
}

fn client_body(case: &Case) -> anyhow::Result<Bytes> {
    if let Some(body) = case.file("request.client.json")? {
        return Ok(Bytes::from(body));
    }
    let plan = &case.plan.context;
    let streaming = plan
        .streaming
        .unwrap_or(case.file("response.upstream.sse")?.is_some());
    let model = plan
        .requested_model
        .clone()
        .unwrap_or_else(|| "test,test-model".to_owned());
    let body = json!({"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": "hi"}], "stream": streaming});
    Ok(Bytes::from(body.to_string()))
}

fn context(case: &Case, guest: &str) -> Context {
    let plan = &case.plan.context;
    let text =
        |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
    let list = |map: &std::collections::BTreeMap<String, String>| {
        map.iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let asked = || {
        let body = case.file("request.client.json").ok()??;
        Some(
            serde_json::from_slice::<Value>(&body)
                .ok()?
                .get("stream")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        )
    };
    let streamed = case.dir.join("response.upstream.sse").exists();
    let provider = text(&plan.provider, guest);
    let model = text(&plan.model, "test-model");
    Context {
        exchange_id: text(&plan.exchange_id, "0123456789abcdefghijABCD"),
        requested_model: text(&plan.requested_model, &format!("{provider},{model}")),
        provider,
        model,
        operation: text(&plan.operation, "messages"),
        streaming: plan.streaming.or_else(asked).unwrap_or(streamed),
        input_estimate: plan.input_estimate.unwrap_or(100),
        headers: list(&plan.headers),
        limits: list(&plan.limits),
        extra: list(&plan.extra),
    }
}

fn head(case: &Case, status: u16, content_type: &str) -> Head {
    let given = &case.plan.upstream.headers;
    let mut headers: Vec<_> = given
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !given.contains_key("content-type") {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    Head { status, headers }
}

/// Checks what `request` returned. True when the exchange goes on to the upstream.
fn check_request(
    case: &Case,
    chain: &Chain,
    planned: Result<Planned, ApiError>,
    failures: &mut Vec<String>,
) -> anyhow::Result<bool> {
    let plan = &case.plan.request;
    match planned {
        Err(error) => {
            match &plan.fails {
                Some(fails) => check_failure(fails, &error, failures),
                None => failures.push(format!("request failed: {error}")),
            }
            Ok(false)
        }
        Ok(_) if plan.fails.is_some() => {
            failures.push("request should have failed".to_owned());
            Ok(false)
        }
        Ok(Planned::Unsupported) => {
            if !plan.unsupported {
                failures.push("request: the operation is unsupported".to_owned());
            }
            Ok(false)
        }
        Ok(Planned::Answer(answer)) => {
            if !plan.answer {
                failures.push("request was answered locally".to_owned());
            }
            check_whole(case, Ok(answer), failures)?;
            Ok(false)
        }
        Ok(Planned::Forward(outbound)) => {
            if plan.answer || plan.unsupported {
                failures.push("request was forwarded".to_owned());
            }
            check_forward(case, chain, &outbound, failures)?;
            Ok(true)
        }
    }
}

fn check_failure(fails: &FailsPlan, error: &ApiError, failures: &mut Vec<String>) {
    let differs = fails.status.is_some_and(|status| status != error.status)
        || fails.kind.as_ref().is_some_and(|kind| kind != error.kind)
        || fails
            .message
            .as_ref()
            .is_some_and(|message| *message != error.message);
    if differs {
        failures.push(format!("request failed with {error}, expected {fails:?}"));
    }
}

fn check_forward(
    case: &Case,
    chain: &Chain,
    outbound: &Outbound,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let plan = &case.plan.request;
    if plan
        .path
        .as_ref()
        .is_some_and(|path| *path != outbound.path)
    {
        failures.push(format!(
            "path {} where {:?} is expected",
            outbound.path, plan.path
        ));
    }
    for (name, expected) in &plan.headers {
        let got = outbound
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        if got != expected.as_deref() {
            failures.push(format!(
                "header {name}: {got:?} where {expected:?} is expected"
            ));
        }
    }
    let reply = chain.reply();
    if plan
        .reply
        .as_ref()
        .is_some_and(|expected| *expected != reply)
    {
        failures.push(format!("reply {reply} where {:?} is expected", plan.reply));
    }
    if let Some(expected) = case.file("request.upstream.json")? {
        let expected: Value = serde_json::from_slice(&expected)
            .with_context(|| format!("{}/request.upstream.json", case.name))?;
        let body = joined(outbound.body.clone());
        match serde_json::from_slice::<Value>(&body) {
            Ok(got) => failures.extend(difference("request.upstream.json", &expected, &got)),
            Err(error) => failures.push(format!("the upstream's request is not JSON: {error}")),
        }
    }
    Ok(())
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

fn check_whole(
    case: &Case,
    result: Result<Bytes, ApiError>,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let got: Value = match result {
        Ok(body) => serde_json::from_slice(&body)
            .unwrap_or_else(|error| json!(format!("not JSON: {error}"))),
        Err(error) => {
            check_error(case, &error, failures);
            envelope(&error)
        }
    };
    if let Some(expected) = case.file("response.client.json")? {
        let expected: Value = serde_json::from_slice(&expected)
            .with_context(|| format!("{}/response.client.json", case.name))?;
        failures.extend(difference("response.client.json", &expected, &got));
    }
    Ok(())
}

fn check_error(case: &Case, error: &ApiError, failures: &mut Vec<String>) {
    let expect = &case.plan.expect;
    if expect.status.is_some_and(|status| status != error.status) {
        failures.push(format!(
            "status {} where {:?} is expected",
            error.status, expect.status
        ));
    }
    for (name, expected) in &expect.headers {
        let got = match name.as_str() {
            "retry-after" => error.retry_after_ms.map(|ms| ms.div_ceil(1000).to_string()),
            "x-should-retry" => error.should_retry.map(|retry| retry.to_string()),
            _ => None,
        };
        if got.as_ref() != Some(expected) {
            failures.push(format!(
                "header {name}: {got:?} where {expected:?} is expected"
            ));
        }
    }
}

fn envelope(error: &ApiError) -> Value {
    let mut value: Value = serde_json::from_str(&error_json(error, "")).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("request_id");
    }
    value
}

fn check_streamed(
    case: &Case,
    streamed: &Streamed,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let before_any_event = case.dir.join("response.client.json").exists();
    let usual = match case.plan.ending {
        _ if before_any_event => Ends::Error,
        EndingPlan::Complete => Ends::Complete,
        EndingPlan::Broken(_) => Ends::Cut,
    };
    let expected_end = case.plan.expect.ends.unwrap_or(usual);
    if streamed.ends != expected_end {
        failures.push(format!(
            "the stream ends {:?} where {expected_end:?} is expected: {:?}",
            streamed.ends, streamed.error
        ));
    }
    let mut got: Vec<Event> = match events(&streamed.bytes) {
        Ok(got) => got,
        Err(why) => {
            failures.push(why);
            return Ok(());
        }
    };
    if let (Some(error), Ends::Error) = (&streamed.error, streamed.ends) {
        if got.is_empty() {
            check_error(case, error, failures);
            if let Some(expected) = case.file("response.client.json")? {
                failures.extend(difference(
                    "response.client.json",
                    &serde_json::from_slice(&expected)?,
                    &envelope(error),
                ));
            }
            return Ok(());
        }
        got.push(("error".to_owned(), envelope(error)));
    }
    failures.extend(violations(&got, streamed.ends));
    if let Some(expected) = case.file("response.client.sse")? {
        let expected = events(&expected)
            .map_err(|why| anyhow::anyhow!("{}/response.client.sse: {why}", case.name))?;
        failures.extend(stream_difference("response.client.sse", &expected, &got));
    }
    Ok(())
}

fn check_notes(case: &Case, notes: &Notes, failures: &mut Vec<String>) {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    for expected in &case.plan.notes {
        if !notes
            .iter()
            .any(|(action, path, _)| *action == expected.action && *path == expected.path)
        {
            failures.push(format!(
                "no note `{} {}`; notes are {notes:?}",
                expected.action, expected.path
            ));
        }
    }
}
