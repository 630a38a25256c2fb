//! `GET /api/recordings`, `GET /api/recordings/{id}`, `PUT /api/recorder`: the last exchanges for the
//! command line, and the recorder's switch.
//!
//! Here are prompts and answers: behind every check that other paths are behind, only while the
//! recorder is on, without secrets, and never for a web page, not even one of this machine.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{messages, reply};
use crate::app::App;
use crate::error::ApiError;
use crate::ids;
use crate::recorder::{End, Recording};

/// What browsers say of themselves (the Fetch Metadata headers of the W3C).
const FETCH_SITE: &str = "sec-fetch-site";

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
    let one = || {
        admit(&app, &headers)?;
        let kept = app.recorder.recordings();
        let found = kept.iter().find(|one| one.id() == id);
        let Some(recording) = found else {
            let message = "no such exchange is kept; it may have made room for later ones";
            return Err(ApiError::new("not_found_error", message));
        };
        let clean = recording.scrubbed(&app.snapshot().upstream.secrets());
        serde_json::to_value(clean)
            .map_err(|error| ApiError::new("api_error", format!("it cannot be told: {error}")))
    };
    told(one())
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
        refuse_web_pages(&parts.headers)?;
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
    refuse_web_pages(headers)?;
    if app.recorder.on() {
        return Ok(());
    }
    let message = "transom does not record; `transom guest record --on` switches it on until the service \
        ends, `recorder: { on: true }` in the configuration or `transom serve --record` for longer";
    Err(ApiError::new("conflict_error", message))
}

/// Also those of an origin that may use everything else.
fn refuse_web_pages(headers: &HeaderMap) -> Result<(), ApiError> {
    let by_hand = |value: &HeaderValue| value == "none";
    let of_a_page =
        headers.contains_key(ORIGIN) || !headers.get_all(FETCH_SITE).iter().all(by_hand);
    if of_a_page {
        let message =
            "recorded exchanges are not for web pages; ask with `transom guest record` or `trace`";
        return Err(ApiError::new("permission_error", message));
    }
    Ok(())
}

fn told(result: Result<Value, ApiError>) -> Response {
    let mut response = match result {
        Ok(value) => super::json(&value),
        Err(error) => reply::error(&error, &ids::exchange_id()),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_sends_for_a_page_is_refused() {
        let of = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            refuse_web_pages(&headers)
        };
        assert!(refuse_web_pages(&HeaderMap::new()).is_ok());
        assert!(of("origin", "http://localhost:3456").is_err());
        assert!(of("origin", "null").is_err());
        for site in ["cross-site", "same-site", "same-origin"] {
            assert!(of("sec-fetch-site", site).is_err());
        }
        assert!(of("sec-fetch-site", "none").is_ok(), "typed by a person");
    }
}
