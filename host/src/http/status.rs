//! `GET /health` and `GET /api/status`: that it lives, and what runs in it. No key; and words of bodies, such as
//! those of a guest's panic or of what two versions made differently of a recording, for nobody but the user whose
//! service it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{guard, json};
use crate::app::App;
use crate::config::{Auth, Config, Key, Provider, Transformer};
use crate::registry::{Origin, Slot};
use crate::telemetry::{self, clock::Stamp};
use crate::upstream::Secrets;

pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    json(
        &json!({"status": "ok", "name": "transom", "version": env!("CARGO_PKG_VERSION"), "pid": std::process::id(),
        "instance": app.instance,
        "uptime_s": app.started.elapsed().as_secs()}),
    )
}

pub(super) async fn status(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let stranger = guard::refuse_others(&app, &headers, "").is_err()
        || guard::refuse_web_pages(&headers, "").is_err();
    json(&of(&app, if stranger { Whose::Other } else { Whose::Own }))
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The user whose service it is.
    Own,
    /// A process of another user, or a web page.
    Other,
}

/// What runs in a host, as `GET /api/status` tells it.
pub fn of(app: &App, asked: Whose) -> Value {
    let snapshot = app.snapshot();
    let config = &snapshot.config;
    let step = app.engine.step();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "instance": app.instance,
        "started_at": Stamp::of(app.started_at).to_string(),
        "uptime_s": app.started.elapsed().as_secs(),
        "log_file": telemetry::current_file(),
        "listen": app.address.to_string(),
        "config": {"path": config.path, "generation": snapshot.generation, "error": app.config_error()},
        "pool": {"instances": step.instances, "free": app.permits.available_permits(), "reservation": step.reservation, "memory": step.memory},
        "providers": config.providers.iter().map(|one| provider(app, one)).collect::<Vec<_>>(),
        "trust": config.trust.name(),
        "transformers_folder": app.registry.dir(),
        "transformers": app.registry.slots().iter().map(|slot| transformer(slot, config, &snapshot.upstream.secrets(), asked)).collect::<Vec<_>>(),
        "router": router(app, &snapshot.upstream.secrets(), asked),
        "recorder": recorder(app),
        "in_flight": app.in_flight.load(Ordering::Relaxed),
        "totals": totals(app),
    })
}

/// Since the start.
fn totals(app: &App) -> Value {
    let totals = app.metrics.totals();
    json!({
        "requests": totals.requests, "failed": totals.failed, "retries": totals.retries, "fallbacks": totals.fallbacks,
        "input_tokens": totals.usage.input_tokens, "output_tokens": totals.usage.output_tokens,
        "cached_tokens": totals.usage.cache_read_input_tokens, "cost_usd": totals.cost_usd,
    })
}

/// The router component; null without one.
fn router(app: &App, secrets: &Secrets, asked: Whose) -> Value {
    let Some(name) = app.registry.router_name() else {
        return Value::Null;
    };
    let error = app.registry.router_error();
    let error = error.map(|said| told(asked, secrets, &said));
    let Some(generation) = app.registry.router() else {
        return json!({"name": name, "generation": 0, "path": null, "sha256": null, "calls": 0, "faults": 0, "last_error": error});
    };
    json!({
        "name": name,
        "generation": generation.number,
        "path": generation.path,
        "sha256": generation.component.sha256,
        "loaded_at": generation.loaded_at.duration_since(UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or_default(),
        "calls": generation.calls.load(Ordering::Relaxed),
        "faults": generation.faults.load(Ordering::Relaxed),
        "last_error": error,
    })
}

fn recorder(app: &App) -> Value {
    let (exchanges, bytes) = app.recorder.size();
    json!({"on": app.recorder.on(), "exchanges": exchanges, "bytes": bytes})
}

fn provider(app: &App, provider: &Provider) -> Value {
    let key = match &provider.key {
        _ if matches!(provider.auth, Some(Auth::Command(_))) => "command",
        Key::Set(_) => "set",
        Key::Missing { .. } => "missing",
        Key::Absent => "none",
    };
    let transformer = match &provider.transformer {
        Transformer::Passthrough => json!("anthropic"),
        Transformer::Chain(stages) if stages.len() == 1 => {
            json!(stages.first().map(|stage| &stage.name))
        }
        Transformer::Chain(stages) => {
            json!(stages.iter().map(|stage| &stage.name).collect::<Vec<_>>())
        }
    };
    json!({"name": provider.name, "base_url": provider.base_url.as_str(), "key": key, "transformer": transformer,
        "quota": app.quota.status(provider)})
}

/// Words that may be of a body.
fn told(asked: Whose, secrets: &Secrets, said: &str) -> String {
    match asked {
        Whose::Own => secrets.scrub_text(said),
        Whose::Other => {
            "told to nobody but the user whose service it is: `transom status`".to_owned()
        }
    }
}

/// Why the newest bytes do not serve, or how those that serve broke last.
fn last_error(slot: &Slot, secrets: &Secrets, asked: Whose) -> Option<String> {
    let broke = || slot.current()?.last_fault();
    let whole = slot.last_error().or_else(broke)?;
    let public = slot.last_error_for_clients();
    match asked {
        Whose::Other if public.is_some() => public,
        _ => Some(told(asked, secrets, &whole)),
    }
}

/// What came of trying it on recordings.
fn replay(slot: &Slot, secrets: &Secrets, asked: Whose) -> Option<String> {
    let whole = slot.replayed()?;
    Some(match asked {
        Whose::Own => secrets.scrub_text(&whole),
        // The counts stand first.
        Whose::Other => whole.split(';').next().unwrap_or_default().to_owned(),
    })
}

fn transformer(slot: &Slot, config: &Config, secrets: &Secrets, asked: Whose) -> Value {
    let pin = config.pins.get(&slot.name);
    let Some(generation) = slot.current() else {
        return json!({"name": slot.name, "source": null, "path": null, "generation": 0, "sha256": null, "wit": null,
            "loaded_at": null, "calls": 0, "traps": 0, "pin": pin, "refused": slot.refused(), "last_error": last_error(slot, secrets, asked)});
    };
    let (source, path) = match &generation.origin {
        Origin::Builtin => ("builtin", None),
        Origin::File(path) => ("file", Some(path)),
    };
    json!({
        "name": slot.name,
        "source": source,
        "path": path,
        "shadows_builtin": generation.shadows_builtin(),
        "generation": generation.number,
        "sha256": generation.component.sha256,
        "wit": generation.component.wit,
        "loaded_at": generation.loaded_at.duration_since(UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or_default(),
        "calls": generation.calls.load(Ordering::Relaxed),
        "traps": generation.traps.load(Ordering::Relaxed),
        "pin": pin,
        "refused": slot.refused(),
        "previous": slot.previous(),
        "rolled_back": slot.taken_back(),
        "last_error": last_error(slot, secrets, asked),
        "replay": replay(slot, secrets, asked),
    })
}
