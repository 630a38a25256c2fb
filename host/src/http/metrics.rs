//! `GET /metrics`: figures in Prometheus' text format. Behind the checks of every path.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

use crate::app::App;
use crate::metrics::Surroundings;

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let transformers = app.registry.slots().into_iter().filter_map(|slot| {
        let generation = slot.current()?;
        let traps = generation.traps.load(Ordering::Relaxed);
        Some((slot.name.clone(), generation.number, traps))
    });
    let started = app.started_at.duration_since(UNIX_EPOCH);
    let around = Surroundings {
        in_flight: app.in_flight.load(Ordering::Relaxed),
        held: app.quota.held(),
        started_at: started.map_or(0, |age| age.as_secs()),
        log_lines_lost: crate::telemetry::dropped(),
        transformers: transformers.collect(),
    };
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (headers, app.metrics.text(&around)).into_response()
}
