//! What `serve` prints once it listens: providers with their keys, the routes, the pool, and whatever differs from
//! what a reader of the configuration would expect.

use crate::app::Running;
use crate::cli::term;
use crate::config::{Config, Key, Paths, Provider, Transformer, process_env};

pub(super) fn announce(running: &Running) {
    term::say(&format!("listening on {}", running.url()));
    let snapshot = running.app.snapshot();
    for provider in &snapshot.config.providers {
        term::say(&registered(provider));
    }
    term::say(&routes(&snapshot.config));
    term::say(&format!("transformer pool {}", running.app.engine.step()));
    for slot in running.app.registry.slots() {
        match slot.current() {
            Some(generation) if generation.shadows_builtin() => {
                term::say(&format!(
                    "transformer {} comes from {} and stands before the built-in of that name",
                    slot.name, generation.origin
                ));
            }
            Some(_) => {}
            None => term::say(&format!(
                "transformer {} is not loaded: {}",
                slot.name,
                slot.last_error().unwrap_or_default()
            )),
        }
    }
    if let Some(why) = running.app.registry.router_error() {
        let name = running.app.registry.router_name().unwrap_or_default();
        term::say(&format!(
            "router component {name} is not asked, the rules alone decide: {why}"
        ));
    }
    if snapshot.config.path.is_none() {
        let place = Paths::of(&process_env).map_or_else(
            || "a file named by --config".to_owned(),
            |paths| paths.config.display().to_string(),
        );
        term::say(&format!(
            "no configuration: the embedded `demo` provider answers; a configuration goes to {place}"
        ));
    }
}

fn registered(provider: &Provider) -> String {
    let key = match &provider.key {
        Key::Set(keys) if keys.len() > 1 => format!("{} keys set", keys.len()),
        Key::Set(_) => "key set".to_owned(),
        Key::Missing { variable } => format!("KEY MISSING: {variable} is not set"),
        Key::Absent => "no key".to_owned(),
    };
    let transformer = match &provider.transformer {
        Transformer::Passthrough => "anthropic".to_owned(),
        Transformer::Chain(stages) => stages
            .iter()
            .map(|stage| stage.name.as_str())
            .collect::<Vec<_>>()
            .join(" > "),
    };
    format!(
        "provider registered {} {} (transformer {transformer}, {key})",
        provider.name, provider.base_url
    )
}

/// The routes, each with what keeps it from working: the first question where something does not answer.
fn routes(config: &Config) -> String {
    let routes: Vec<String> = config
        .routes()
        .map(|(name, target)| {
            let unusable = config.providers.iter().any(|provider| {
                provider.name == target.provider && matches!(provider.key, Key::Missing { .. })
            });
            let hint = if unusable { " (KEY MISSING)" } else { "" };
            format!("{name} -> {target}{hint}")
        })
        .collect();
    if routes.is_empty() {
        "router: no routes; only `provider,model` and listed models are served".to_owned()
    } else {
        format!("router {}", routes.join("; "))
    }
}
