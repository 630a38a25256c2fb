//! `GET /v1/models`: what the configuration names, as `provider,model` and by alias.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::json;
use crate::app::App;

pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let snapshot = app.snapshot();
    let config = &snapshot.config;
    let entry = |id: &str, name: String, window: Option<u32>, output: Option<u32>| {
        json!({
            "type": "model", "id": id, "display_name": name, "created_at": "1970-01-01T00:00:00Z",
            "max_input_tokens": window, "max_tokens": output,
        })
    };
    let mut data: Vec<Value> = Vec::new();
    for (alias, target) in &config.aliases {
        data.push(entry(
            alias,
            format!("{alias} ({},{})", target.provider, target.model),
            None,
            None,
        ));
    }
    for provider in &config.providers {
        for model in &provider.models {
            let id = format!("{},{}", provider.name, model.id);
            data.push(entry(
                &id,
                id.clone(),
                model.context_window,
                model.max_output,
            ));
        }
    }
    let id_of = |entry: Option<&Value>| {
        entry
            .and_then(|entry| entry.get("id"))
            .cloned()
            .unwrap_or_default()
    };
    let (first, last) = (id_of(data.first()), id_of(data.last()));
    json(&json!({"data": data, "has_more": false, "first_id": first, "last_id": last}))
}
