//! `transom route --explain FILE`: where a request would go and why, without sending anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;

use super::serve::{configuration, start};
use super::{Places, USAGE, runtime, term};
use crate::config::{Config, Loaded};
use crate::head::RequestHead;
use crate::registry::{Registry, Wanted};
use crate::route::{Advice, Advised, Asked, Explanation, Step, advice, explain};
use crate::tokens::Tokens;
use crate::upstream::Secrets;
use crate::wasm::Engine;

#[derive(Args)]
pub(super) struct RouteArgs {
    /// A Messages request as JSON; - reads standard input
    #[arg(long, value_name = "FILE")]
    explain: PathBuf,
    /// A header of the request, such as "user-agent: claude-cli/2.1"; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &RouteArgs) -> anyhow::Result<ExitCode> {
    let headers = match headers(&args.header) {
        Ok(headers) => headers,
        Err(problem) => {
            term::fail(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let runtime = runtime()?;
    let config = match runtime.block_on(configuration(&args.places)) {
        Ok(Loaded { config, .. }) => config,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    let body = read(&args.explain)?;
    let head = match RequestHead::peek(&body) {
        Ok(head) => head,
        Err(error) => {
            let file = args.explain.display();
            term::fail(&format!(
                "{file}: {}; give a request to /v1/messages",
                error.message
            ));
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut asked = Asked::new(&head, &body, &headers, None);
    let advice = advised(&config, &asked, &args.places, &runtime)?;
    let mut explanation = explain(&config, &asked, advice.as_ref());
    if asked.is_close() {
        asked = asked.counted(Tokens::default().count_here(&body));
        explanation = explain(&config, &asked, advice.as_ref());
    }
    if args.json {
        term::say(&serde_json::to_string_pretty(&explanation)?);
    } else {
        term::show(&shown(&explanation));
    }
    Ok(match explanation.error {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    })
}

/// What the router component says, if there is one.
fn advised(
    config: &Config,
    asked: &Asked<'_>,
    places: &Places,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<Option<Advice>> {
    if config.router.component.is_none() {
        return Ok(None);
    }
    let (instances, memory) = (config.limits.instances, config.limits.memory);
    let engine = Engine::new(u32::try_from(instances).unwrap_or(u32::MAX), memory)
        .map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}"))?;
    let dir = start(config.clone(), places).transformers;
    let registry = Registry::new(engine, None, dir, runtime.handle().clone(), Arc::default());
    // The router alone: transformers are not asked, so none is compiled.
    let wanted = Wanted {
        options: BTreeMap::new(),
        ..Wanted::of(config)
    };
    registry.adopt(registry.prepare(wanted));
    registry.refresh_router();
    if let Some(error) = registry.router_error() {
        term::note(&format!("the router component is passed over: {error}"));
    }
    let Some(generation) = registry.router() else {
        return Ok(None);
    };
    let with = Advised {
        config,
        generation: &generation,
        permits: &Arc::new(Semaphore::new(instances)),
        secrets: Secrets::new(&[]),
        request_id: "explain",
    };
    Ok(runtime.block_on(advice(with, asked.questioned(config))))
}

fn read(path: &Path) -> anyhow::Result<Bytes> {
    if path != Path::new("-") {
        let bytes = std::fs::read(path);
        return Ok(bytes
            .with_context(|| format!("{} cannot be read", path.display()))?
            .into());
    }
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock();
    input
        .read_to_end(&mut bytes)
        .context("standard input cannot be read")?;
    Ok(bytes.into())
}

fn headers(given: &[String]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for header in given {
        let parsed = header.split_once(':').and_then(|(name, value)| {
            let name: HeaderName = name.trim().parse().ok()?;
            Some((name, HeaderValue::from_str(value.trim()).ok()?))
        });
        let Some((name, value)) = parsed else {
            return Err(format!(
                "--header {header:?} is no header; write \"name: value\""
            ));
        };
        headers.append(name, value);
    }
    Ok(headers)
}

fn shown(explanation: &Explanation) -> String {
    let mut text = format!(
        "model {}, about {} tokens, routes of {}\n\n",
        explanation.requested, explanation.tokens, explanation.routes
    );
    let widest = explanation.steps.iter().map(|step| step.rule.len()).max();
    for step in &explanation.steps {
        line(&mut text, step, widest.unwrap_or_default());
    }
    match (
        &explanation.error,
        &explanation.provider,
        &explanation.model,
    ) {
        (None, Some(provider), Some(model)) => {
            let route = explanation.route.as_deref().unwrap_or_default();
            add(
                &mut text,
                format_args!("\ngoes to {provider},{model} by {route}\n"),
            );
        }
        (error, _, _) => {
            let error = error.as_deref().unwrap_or_default();
            add(&mut text, format_args!("\nis refused: {error}\n"));
        }
    }
    if !explanation.fallback.is_empty() {
        let list = explanation.fallback.join(" > ");
        add(&mut text, format_args!("if that fails: {list}\n"));
    }
    for set in &explanation.set {
        add(&mut text, format_args!("sets {set}\n"));
    }
    text
}

fn line(text: &mut String, step: &Step, width: usize) {
    let mark = match (step.decided, step.matched) {
        (true, _) => '>',
        (false, true) => '+',
        (false, false) => '-',
    };
    let (rule, why) = (&step.rule, &step.why);
    let target = step.target.as_ref().map(|target| format!(" -> {target}"));
    let target = target.unwrap_or_default();
    add(text, format_args!("{mark} {rule:width$}  {why}{target}\n"));
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line)
        .expect("invariant: writing to a string cannot fail");
}
