//! Through guests to the upstream and back.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;

use super::Exchange;
use crate::chain::{After, Chain, Explained, Outbound, Planned};
use crate::config::{Auth, Secret};
use crate::error::{ApiError, Trouble, known_kind};
use crate::http::messages::Answered;
use crate::message::{FoldError, expand, fold};
use crate::quota::{Lease, output_asked};
use crate::reading::{self, Kind, advised, html_error, kind_of, upstream_error};
use crate::record::Record;
use crate::recorder::{Sent, Stage, Tape};
use crate::registry::Generation;
use crate::relay::{Relay, Source};
use crate::upstream::{Answer, Outgoing, joined, visible};
use crate::wasm::LogLine;
use crate::wasm::bindings::{Context, Ending, Head};

const USER_AGENT_VALUE: &str = concat!("transom/", env!("CARGO_PKG_VERSION"));

/// The whole way.
pub(in crate::http) async fn transformed(
    exchange: &Exchange<'_>,
    lease: &mut Lease,
    body: Bytes,
    record: &mut Record,
) -> Result<Answered, ApiError> {
    let mut chain = Box::new(open(exchange, "messages", &body).await?);
    record.counters = Some(chain.counters().clone());
    let tape = tape(exchange, &body);
    record.tape.clone_from(&tape);
    let mut outbound = match chain.request(body).await? {
        Planned::Forward(outbound) => outbound,
        Planned::Answer(answer) => return local(exchange, answer),
        Planned::Unsupported => {
            return Err(ApiError::new(
                "not_supported",
                "the transformer does not know this operation",
            ));
        }
    };
    let mut resent = false;
    loop {
        if let Some(tape) = &tape {
            tape.sent(sent(&outbound));
        }
        if lease.counts_tokens() {
            lease.asked(exchange.head.max_tokens, output_asked(&outbound.body));
        }
        let outgoing = outgoing(exchange, lease.key().cloned(), outbound)?;
        let sending = exchange.snapshot.upstream.send(exchange.provider, outgoing);
        let mut answer = sending.await?;
        lease.answered(answer.status, &answer.headers);
        let head = reading::head(answer.status, &answer.headers);
        if let Some(tape) = &tape {
            tape.head(head.clone());
        }
        answer.body.record(tape.clone());
        if answer.status.is_success() {
            return relay(exchange, chain, head, answer, lease.taken()).await;
        }
        let body = exchange.words(&mut answer.body).await;
        let error = match chain.explain(&head, &body).await? {
            Explained::Failed(error) => advised(error, &answer.headers),
            Explained::NotMine => upstream_error(head.status, &answer.headers, &body),
            Explained::Resend(again) => {
                (outbound, resent) = (again, true);
                continue;
            }
        };
        // A guest that tried again has had the one retry that it wanted.
        let lasting = resent || answer.status.is_redirection();
        return Err(if lasting {
            error.of(Trouble::Lasting)
        } else {
            error
        });
    }
}

/// What guests make of a `count_tokens` request.
pub(in crate::http) enum Count {
    /// Their answer, or the upstream's through them.
    Answer(Bytes),
    /// They do not know the operation.
    Unsupported,
}

/// A `count_tokens` request through the guests.
pub(in crate::http) async fn count(
    exchange: &Exchange<'_>,
    body: Bytes,
) -> Result<Count, ApiError> {
    let mut chain = open(exchange, "count-tokens", &body).await?;
    let outbound = match chain.request(body).await? {
        Planned::Forward(outbound) => outbound,
        Planned::Answer(answer) => return Ok(counted(answer)),
        Planned::Unsupported => return Ok(Count::Unsupported),
    };
    let quota = &exchange.app.quota;
    let key = quota.any_key(exchange.provider, exchange.model);
    let outgoing = outgoing(exchange, key, outbound)?;
    let counting = async {
        let sending = exchange.snapshot.upstream.send(exchange.provider, outgoing);
        let mut answer = sending.await.ok()?;
        let head = reading::head(answer.status, &answer.headers);
        let body = answer.body.whole(super::ERROR_BODY).await.ok()?;
        answer.status.is_success().then_some((head, body))
    };
    match tokio::time::timeout(super::COUNT_PATIENCE, counting).await {
        Ok(Some((head, body))) => Ok(counted(reading::respond(&mut chain, &head, body).await?)),
        Ok(None) | Err(_) => Ok(Count::Unsupported),
    }
}

/// A guest that does not look at the operation may ask for a message: what came is a count or nothing.
fn counted(answer: Bytes) -> Count {
    let value: Value = serde_json::from_slice(&answer).unwrap_or_default();
    match value.get("input_tokens").and_then(Value::as_u64) {
        Some(_) => Count::Answer(answer),
        None => Count::Unsupported,
    }
}

/// For the recorder, if it is on.
fn tape(exchange: &Exchange<'_>, body: &Bytes) -> Option<Tape> {
    if !exchange.app.recorder.on() {
        return None;
    }
    let pinned = exchange.pinned.iter();
    let stages = || {
        pinned
            .map(|pin| Stage::of(&pin.generation, &pin.options))
            .collect()
    };
    let context = context(exchange, "messages");
    exchange.app.recorder.tape(stages, &context, body)
}

/// What the guests made of a request, for the recorder.
fn sent(outbound: &Outbound) -> Sent {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Sent {
        path: outbound.path.clone(),
        headers: outbound
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: joined(outbound.body.clone()),
    }
}

async fn open(exchange: &Exchange<'_>, operation: &str, body: &Bytes) -> Result<Chain, ApiError> {
    let permit = exchange.permit()?;
    let context = context(exchange, operation);
    let id = exchange.id.clone();
    let secrets = exchange.snapshot.upstream.secrets();
    let sink = move |generation: &Arc<Generation>| -> Arc<dyn Fn(LogLine) + Send + Sync> {
        let (id, label, secrets) = (id.clone(), generation.label(), secrets.clone());
        Arc::new(move |line| log_line(&id, &label, &secrets, line))
    };
    Chain::open_for(
        told_apart(exchange, body),
        &exchange.pinned,
        &context,
        &exchange.snapshot.limits,
        &sink,
        permit,
    )
    .await
}

/// Only while a generation is new: hashing a long conversation takes time.
fn told_apart(exchange: &Exchange<'_>, body: &Bytes) -> Option<u64> {
    let mut generations = exchange.pinned.iter().map(|pin| &pin.generation);
    generations
        .any(|generation| generation.is_on_probation())
        .then(|| {
            let mut hasher = DefaultHasher::new();
            body.hash(&mut hasher);
            hasher.finish()
        })
}

/// What a guest learns. No header that carries a credential is among it.
fn context(exchange: &Exchange<'_>, operation: &str) -> Context {
    let model = exchange.provider.model(exchange.model);
    let limit = |name: &str, tokens: Option<u32>| {
        tokens.map(|tokens| (name.to_owned(), tokens.to_string()))
    };
    let limits = model.into_iter().flat_map(|model| {
        [
            limit("context-window", model.context_window),
            limit("max-output", model.max_output),
        ]
    });
    Context {
        exchange_id: exchange.id.clone(),
        provider: exchange.provider.name.clone(),
        model: exchange.model.to_owned(),
        requested_model: exchange.head.model.clone(),
        operation: operation.to_owned(),
        streaming: exchange.head.stream,
        input_estimate: exchange.input_estimate,
        headers: visible(exchange.client_headers),
        limits: limits.flatten().collect(),
        extra: Vec::new(),
    }
}

fn log_line(id: &str, label: &str, secrets: &crate::upstream::Secrets, line: LogLine) {
    match line {
        LogLine::Log { level, message } => {
            let message = secrets.scrub_text(&message);
            match level {
                tracing::Level::ERROR => {
                    tracing::error!(target: "guest", request_id = id, generation = label, "{message}");
                }
                tracing::Level::WARN => {
                    tracing::warn!(target: "guest", request_id = id, generation = label, "{message}");
                }
                tracing::Level::INFO => {
                    tracing::info!(target: "guest", request_id = id, generation = label, "{message}");
                }
                tracing::Level::DEBUG => {
                    tracing::debug!(target: "guest", request_id = id, generation = label, "{message}");
                }
                tracing::Level::TRACE => {
                    tracing::trace!(target: "guest", request_id = id, generation = label, "{message}");
                }
            }
        }
        LogLine::Note { action, path, why } => {
            let why = secrets.scrub_text(&why);
            tracing::debug!(target: "guest", request_id = id, generation = label, action, path, "{why}");
        }
    }
}

fn outgoing(
    exchange: &Exchange<'_>,
    key: Option<Secret>,
    outbound: Outbound,
) -> Result<Outgoing, ApiError> {
    let Outbound {
        path,
        headers: wanted,
        body,
        auth,
    } = outbound;
    let upstream = &exchange.snapshot.upstream;
    let url = upstream.url(exchange.provider, &path).map_err(|why| {
        ApiError::new(
            "api_error",
            format!("a transformer asked for a place it may not reach: {why}"),
        )
    })?;
    let auth = exchange
        .provider
        .auth
        .clone()
        .or(auth)
        .unwrap_or(Auth::Bearer);
    if let Auth::Header(name) = &auth
        && wanted.contains_key(name.as_str())
    {
        return Err(ApiError::new(
            "api_error",
            format!("a transformer set the header `{name}`, which carries the key"),
        ));
    }
    let mut headers = HeaderMap::with_capacity(wanted.len() + 5);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accept = if exchange.head.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
    headers.extend(wanted);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(Outgoing {
        url,
        headers,
        body,
        key,
        auth,
        patience: exchange.patience(),
    })
}

/// A guest's own answer, in the form that the client wants.
fn local(exchange: &Exchange<'_>, answer: Bytes) -> Result<Answered, ApiError> {
    let headers = HeaderMap::new();
    if !exchange.head.stream {
        return Ok(Answered::Whole {
            body: answer,
            headers,
        });
    }
    let message: Value = serde_json::from_slice(&answer).unwrap_or_default();
    match expand(&message) {
        Some(events) => Ok(Answered::Events { events, headers }),
        None => Err(ApiError::new(
            "api_error",
            "a transformer answered with what is no message",
        )),
    }
}

/// A 2xx answer on its way back.
async fn relay(
    exchange: &Exchange<'_>,
    mut chain: Box<Chain>,
    head: Head,
    mut answer: Answer,
    asked: Instant,
) -> Result<Answered, ApiError> {
    let (headers, limit) = (HeaderMap::new(), exchange.snapshot.limits.response_body);
    if exchange.head.stream {
        let source = if chain.is_done() {
            Source::untouched(answer.body, head, limit)
        } else {
            Source::guests(answer.body, head, chain, limit)
        };
        let relay = Box::new(
            Relay::start(source, exchange.manners(asked))
                .await
                .map_err(|error| advised(error, &answer.headers))?,
        );
        return Ok(Answered::Stream { relay, headers });
    }
    let body = exchange.whole(&mut answer.body, asked).await?;
    let read = body.len();
    let lines = chain.framing() == crate::sse::Framing::JsonLines
        && (reading::is_lines(&body) || !reading::says_json(&head));
    let result = match kind_of(std::slice::from_ref(&body)) {
        Kind::Html => Err(html_error(head.status)),
        Kind::Blank => Err(ApiError::bad_gateway(
            "the upstream answered with an empty body",
        )),
        Kind::Json if !lines => reading::respond(&mut chain, &head, body).await,
        Kind::Json | Kind::Other => folded(&mut chain, &head, body).await,
    };
    let body = result.map_err(|error| advised(error, &answer.headers))?;
    answer.body.stepped(read, body.len(), chain.spliced());
    Ok(Answered::Whole { body, headers })
}

/// A stream where one message was asked for.
async fn folded(chain: &mut Chain, head: &Head, body: Bytes) -> Result<Bytes, ApiError> {
    chain.begin(head).await?;
    let step = chain.push(body).await?;
    let mut events = step.out;
    let mut next = step.next;
    if matches!(next, After::More | After::Wake(_)) {
        let step = chain.finish(&Ending::Complete).await?;
        events.extend(step.out);
        next = step.next;
    }
    if let After::Failed(error) = next {
        return Err(error);
    }
    let message = fold(&joined(events)).map_err(|error| fold_error(&error))?;
    Ok(Bytes::from(message.to_string()))
}

pub(super) fn fold_error(error: &FoldError) -> ApiError {
    match error {
        FoldError::Said { kind, message } => {
            ApiError::new(known_kind(kind).unwrap_or("api_error"), message)
        }
        FoldError::Incomplete | FoldError::Malformed(_) => ApiError::bad_gateway(error.to_string()),
    }
}
