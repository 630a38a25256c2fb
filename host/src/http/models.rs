//! `GET /v1/models`: what the configuration names, as `provider,model` and by alias.
//!
//! The picker of Claude Code keeps only ids that contain `claude` or `anthropic`. Aliases that do come
//! first, and what is shown of each says where it really goes.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::json;
use crate::app::App;
use crate::config::{Config, Model};

pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let data = entries(&app.snapshot().config);
    let id_of = |entry: Option<&Value>| {
        entry
            .and_then(|entry| entry.get("id"))
            .cloned()
            .unwrap_or_default()
    };
    let (first, last) = (id_of(data.first()), id_of(data.last()));
    json(&json!({"data": data, "has_more": false, "first_id": first, "last_id": last}))
}

fn entries(config: &Config) -> Vec<Value> {
    let mut aliases: Vec<_> = config.aliases.iter().collect();
    aliases.sort_by_key(|(alias, _)| !kept_by_the_picker(alias));
    let mut data: Vec<Value> = Vec::new();
    for (alias, target) in aliases {
        let name = format!("{} ({})", target.model, target.provider);
        data.push(entry(alias, &name, config.model(target).as_deref()));
    }
    for provider in &config.providers {
        for model in &provider.models {
            let id = format!("{},{}", provider.name, model.id);
            data.push(entry(&id, &id, Some(model)));
        }
    }
    data
}

/// The rule of Claude Code's gateway discovery.
fn kept_by_the_picker(id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    id.contains("claude") || id.contains("anthropic")
}

fn entry(id: &str, name: &str, model: Option<&Model>) -> Value {
    json!({
        "type": "model", "id": id, "display_name": name, "created_at": "1970-01-01T00:00:00Z",
        "max_input_tokens": model.and_then(|model| model.context_window),
        "max_tokens": model.and_then(|model| model.max_output),
    })
}
