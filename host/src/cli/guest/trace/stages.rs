//! What each stage of a chain made. The service records what went into a chain and what came out; what
//! passed between its stages is computed again, with the components that served.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::changed::told;
use super::shown::{Length, body, size};
use crate::cli::guest::record::component::{find_of, pinned};
use crate::config::Config;
use crate::recorder::{Back, Made, Played, Recording, Requested, play_stages};
use crate::wasm::Engine;

/// One stage runs after the other; each keeps its instance.
const INSTANCES: u32 = 16;

/// A section of text, empty for a single stage.
///
/// Errors: a component is gone, or does not load.
pub(super) async fn text(
    recording: &Recording,
    config: &Config,
    transformers: Option<&Path>,
    length: Length,
) -> anyhow::Result<String> {
    let mut text = String::new();
    if recording.stages.len() < 2 {
        return Ok(text);
    }
    let engine = Engine::new(INSTANCES, config.limits.memory)
        .map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}"))?;
    let (mut chain, mut gone) = (Vec::new(), Vec::new());
    for stage in &recording.stages {
        let found = find_of(stage, transformers)?;
        if !found.same {
            gone.push(stage.name.as_str());
        }
        chain.push(pinned(&engine, stage, &found.bytes)?);
    }
    let last = recording.attempts.last();
    let answer = last.and_then(|attempt| attempt.answer.clone());
    let request = recording.request.clone();
    let limits = Arc::new(config.limits.clone());
    let played = play_stages(&chain, &recording.context, request, answer, &limits).await;
    writeln!(text, "  stage by stage, computed again{}", missing(&gone))?;
    for (stage, played) in recording.stages.iter().zip(&played) {
        one(&stage.name, played, length, &mut text)?;
    }
    Ok(text)
}

fn missing(gone: &[&str]) -> String {
    if gone.is_empty() {
        return String::new();
    }
    format!(" (not with the bytes that served: {})", gone.join(", "))
}

fn one(name: &str, played: &Played, length: Length, out: &mut String) -> std::fmt::Result {
    let given = size(played.given.len());
    match &played.request {
        Requested::Forward { body: made, .. } => {
            writeln!(out, "    {name}: request {given} -> {}", size(made.len()))?;
            out.push_str(&told(&played.given, made));
            out.push_str(&body(made, length));
        }
        Requested::Answer(answer) => {
            writeln!(
                out,
                "    {name}: request {given}, answered with {}",
                size(answer.len())
            )?;
        }
        Requested::Unsupported => writeln!(out, "    {name}: does not know the operation")?,
        Requested::Failed(error) => writeln!(out, "    {name}: request {given}, refused: {error}")?,
    }
    match &played.back {
        Some(back) => answered(name, back, length, out)?,
        None => writeln!(out, "    {name}: no answer came to it")?,
    }
    if let Some(fault) = &played.fault {
        writeln!(out, "    {name}: BROKE: {fault}")?;
    }
    Ok(())
}

fn answered(name: &str, back: &Back, length: Length, out: &mut String) -> std::fmt::Result {
    let came = size(back.answer.body.len());
    match &back.made {
        Made::Message(made) | Made::Events(made, None) => {
            writeln!(out, "    {name}: answer {came} -> {}", size(made.len()))?;
            out.push_str(&body(made, length));
            Ok(())
        }
        Made::Events(made, Some(error)) => {
            writeln!(
                out,
                "    {name}: answer {came} -> {}, then {error}",
                size(made.len())
            )?;
            out.push_str(&body(made, length));
            Ok(())
        }
        Made::Error(error) => writeln!(out, "    {name}: answer {came}, an error: {error}"),
        Made::NotMine => writeln!(out, "    {name}: answer {came}, left to others"),
        Made::Again => writeln!(out, "    {name}: answer {came}, wants another request sent"),
        Made::Nothing => writeln!(out, "    {name}: answer {came}, not given to it"),
    }
}
