//! What clients see: paths, checks before them, and answers. The way of a request is `messages`.

mod count_tokens;
mod exchange;
mod guard;
mod messages;
mod metrics;
mod models;
mod recordings;
mod reply;
mod rollback;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use http::StatusCode;

use crate::app::App;
use crate::error::ApiError;

pub use reply::{error_event, error_json};
pub use status::{Whose, of as status};

/// All paths. Queries are ignored.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route(
            "/v1/messages",
            post(messages::create).fallback(wrong_method),
        )
        .route(
            "/v1/messages/count_tokens",
            post(count_tokens::count).fallback(wrong_method),
        )
        .route("/v1/models", get(models::list).fallback(wrong_method))
        .route("/health", get(status::health).fallback(wrong_method))
        .route("/api/status", get(status::status).fallback(wrong_method))
        .route("/metrics", get(metrics::metrics).fallback(wrong_method))
        .route(
            "/api/transformers/{name}/rollback",
            post(rollback::roll_back).fallback(wrong_method),
        )
        .route(
            "/api/recordings",
            get(recordings::list).fallback(wrong_method),
        )
        .route(
            "/api/recordings/{id}",
            get(recordings::one).fallback(wrong_method),
        )
        .route(
            "/api/recorder",
            put(recordings::switch).fallback(wrong_method),
        )
        .route("/api/hello", any(hello))
        .route("/", any(hello))
        .fallback(unknown)
        .layer(from_fn_with_state(app.clone(), guard::check))
        .with_state(app)
}

/// Claude Code asks `HEAD /api/hello` at its start; any answer is fine.
async fn hello() -> &'static str {
    "transom\n"
}

async fn unknown(request: Request) -> Response {
    let path: String = request.uri().path().chars().take(200).collect();
    let message =
        format!("there is no {path} here; clients of the Messages API want POST /v1/messages");
    reply::error(
        &ApiError::new("not_found_error", message),
        &crate::ids::exchange_id(),
    )
}

async fn wrong_method(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let error = ApiError {
        status: 405,
        ..ApiError::invalid(format!("{path} does not take {method}"))
    };
    reply::error(&error, &crate::ids::exchange_id())
}

/// A JSON body.
fn json(value: &serde_json::Value) -> Response {
    json_bytes(value.to_string().into_bytes())
}

/// The same, written already.
fn json_bytes(json: Vec<u8>) -> Response {
    let headers = [(http::header::CONTENT_TYPE, "application/json")];
    (StatusCode::OK, headers, json).into_response()
}
