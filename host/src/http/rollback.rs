//! `POST /api/transformers/NAME/rollback`: a person brings the generation before back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use serde_json::json;

use super::{guard, json, reply};
use crate::app::App;
use crate::error::ApiError;
use crate::registry::{NotRolledBack, RolledBack};

pub(super) async fn roll_back(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    // A page needs no leave of this service for a request without a body.
    let page =
        "a web page may not change what serves; roll back with `transom guest rollback NAME`";
    let other = "another user may not change what serves";
    let admitted = guard::refuse_web_pages(&headers, page)
        .and_then(|()| guard::refuse_others(&app, &headers, other));
    if let Err(error) = admitted {
        return reply::error(&error, &crate::ids::exchange_id());
    }
    let registry = app.registry.clone();
    let asked = name.clone();
    let result = tokio::task::spawn_blocking(move || registry.roll_back(&asked)).await;
    let error = match result {
        Ok(Ok(RolledBack { from, to })) => {
            return json(&json!({"name": name, "from": from, "generation": to}));
        }
        Ok(Err(error @ NotRolledBack::Unknown(_))) => {
            ApiError::new("not_found_error", error.to_string())
        }
        Ok(Err(error)) => ApiError::new("conflict_error", error.to_string()),
        Err(error) => ApiError::new("api_error", error.to_string()),
    };
    reply::error(&error, &crate::ids::exchange_id())
}
