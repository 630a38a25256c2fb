//! `transom guest inspect`: what a component is and can reach.

use std::process::ExitCode;

use serde_json::json;

use super::{InspectArgs, find};
use crate::cli::term;
use crate::config::Limits;
use crate::wasm::{Component, Engine};

pub(super) fn run(args: &InspectArgs) -> anyhow::Result<ExitCode> {
    let (name, origin, bytes) = find(&args.guest, args.transformers.as_deref())?;
    let engine =
        Engine::new(1, Limits::default().memory).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let component = match Component::load(&engine, None, &name, &bytes) {
        Ok(component) => component,
        Err(rejected) => {
            if args.json {
                term::say(&json!({"name": name, "origin": origin, "size": bytes.len(), "usable": false, "why": rejected.to_string(), "remedy": rejected.remedy()}).to_string());
            } else {
                let remedy = rejected.remedy().map(|remedy| format!("; {remedy}"));
                let remedy = remedy.unwrap_or_default();
                term::fail(&format!(
                    "{origin} is not a usable transformer: {rejected}{remedy}"
                ));
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    if args.json {
        let value = json!({
            "name": name, "origin": origin, "size": component.size, "sha256": component.sha256, "usable": true,
            "wit": component.wit, "exports": component.imports.exports, "imports": component.imports.imports,
            "reach": component.imports.reach(), "places": component.places,
        });
        term::say(&value.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    term::say(&format!("{name} ({origin})"));
    term::say(&format!("  size     {} bytes", component.size));
    term::say(&format!("  sha256   {}", component.sha256));
    term::say(&format!("  version  transom:transformer@{}", component.wit));
    for export in &component.imports.exports {
        term::say(&format!("  exports  {export}"));
    }
    for import in &component.imports.imports {
        term::say(&format!("  imports  {import}"));
    }
    if component.places > 1 {
        let places = component.places;
        term::say(&format!(
            "  places   {places}: an instance counts as {places} in limits.instances"
        ));
    }
    term::say(
        "  reach    nothing of this machine: no file, no network, no time, no variable, no key",
    );
    for given in component.imports.reach() {
        term::say(&format!("           what it imports gives it {given}"));
    }
    Ok(ExitCode::SUCCESS)
}
