//! `GET /api/recordings`, `GET /api/recordings/{id}`, `PUT /api/recorder`: the last exchanges for the
//! command line, and the recorder's switch.
//!
//! Here are prompts and answers: behind every check that other paths are behind, only while the
//! recorder is on, without secrets, never for a web page, not even one of this machine, and for no other user.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, HeaderName};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{guard, messages, reply};
use crate::app::App;
use crate::error::ApiError;
use crate::ids;
use crate::recorder::{End, Recording};

/// A switch is a few bytes.
const MOST: usize = 1 << 10;

/// What is kept, the oldest first, without bodies.
pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let list = || {
        admit(&app, &headers)?;
        let kept = app.recorder.recordings();
        let list: Vec<Value> = kept.iter().map(|one| summary(one)).collect();
        Ok(json!({"recordings": list}))
    };
    told(list())
}

/// One exchange, whole.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = admit(&app, &headers) {
        return told(Err(error));
    }
    // Scrubbing and writing megabytes would hold up streams that share the thread.
    let found = tokio::task::spawn_blocking(move || {
        let kept = app.recorder.recordings();
        let found = kept.iter().find(|one| one.id() == id)?;
        let clean = found.scrubbed(&app.snapshot().upstream.secrets());
        Some(serde_json::to_vec(&clean))
    });
    let failed = |why: String| ApiError::new("api_error", format!("it cannot be told: {why}"));
    let result = match found.await {
        Ok(Some(Ok(json))) => Ok(super::json_bytes(json)),
        Ok(Some(Err(error))) => Err(failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
        Ok(None) => {
            let message = "no such exchange is kept; it may have made room for later ones";
            Err(ApiError::new("not_found_error", message))
        }
    };
    guarded(result.unwrap_or_else(|error| reply::error(&error, &ids::exchange_id())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

/// Switches the recorder, where the configuration does not.
pub(super) async fn switch(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = messages::read(body, MOST).await;
    let switch = || {
        refuse_others(&app, &parts.headers)?;
        let Switch { on } = serde_json::from_slice(&body?).map_err(|error| {
            ApiError::invalid(format!("want {{\"on\": true or false}}: {error}"))
        })?;
        let before = app.recorder.on();
        app.recorder
            .ask(on)
            .map_err(|why| ApiError::new("conflict_error", why))?;
        if before != on {
            tracing::info!(on, "the recorder was switched by a request");
        }
        let (exchanges, bytes) = app.recorder.size();
        Ok(json!({"on": on, "was": before, "exchanges": exchanges, "bytes": bytes}))
    };
    told(switch())
}

fn admit(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    refuse_others(app, headers)?;
    if app.recorder.on() {
        return Ok(());
    }
    let message = "transom does not record; `transom guest record --on` switches it on until the service \
        ends, `recorder: { on: true }` in the configuration or `transom serve --record` for longer";
    Err(ApiError::new("conflict_error", message))
}

/// No web page, not even one of this machine, and no other user of it.
fn refuse_others(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let page =
        "recorded exchanges are not for web pages; ask with `transom guest record` or `trace`";
    guard::refuse_web_pages(headers, page)?;
    let other = "recorded exchanges are for the user alone who runs this service; ask as that user, with \
        `transom guest record` or `trace`, or set `api_key` in the configuration and send it";
    guard::refuse_others(app, headers, other)
}

fn told(result: Result<Value, ApiError>) -> Response {
    guarded(match result {
        Ok(value) => super::json(&value),
        Err(error) => reply::error(&error, &ids::exchange_id()),
    })
}

/// For this request's sender alone.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

fn summary(recording: &Recording) -> Value {
    let stages: Vec<&str> = recording
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    let at = recording.at.duration_since(std::time::UNIX_EPOCH);
    let end = match &recording.client.end {
        End::Complete => "complete",
        End::Failed(..) => "failed",
        End::Broken(_) => "broken",
    };
    json!({
        "id": recording.id(),
        "at": at.map(|since| since.as_millis() as u64).unwrap_or_default(),
        "provider": recording.context.provider,
        "model": recording.context.model,
        "stages": stages,
        "streaming": recording.context.streaming,
        "status": recording.client.status,
        "end": end,
        "request_bytes": recording.request.len(),
        "answer_bytes": recording.client.body.len(),
    })
}
