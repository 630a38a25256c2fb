//! A small live request to each provider, through a host of this process: the way that Claude Code's take.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::{Value, json};

use super::Finding;
use crate::app::{Leaving, Running, Start};
use crate::config::{Config, Provider, Router, Target, Transformer};

/// A provider that has said nothing by then is of no use to a person who waits.
const PATIENCE: Duration = Duration::from_mins(1);

/// Enough for some thinking and a word.
const MAX_TOKENS: u32 = 64;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Figures {
    /// Until the first token, in milliseconds.
    first_token_ms: u64,
    /// From the first token on; none: all came at once.
    tokens_per_s: Option<f64>,
}

/// An answer as it came.
struct Reply {
    status: u16,
    body: Vec<u8>,
    figures: Option<Figures>,
}

/// The configuration without all that could answer in a provider's place, or hide that it failed first.
pub(super) fn alone(config: &Config) -> Config {
    let mut config = config.clone();
    config.router = Router::default();
    config.projects = Vec::new();
    config.conversations = BTreeMap::new();
    config.retries.attempts = 0;
    config
}

pub(super) async fn ask(config: &Config, providers: &[&Provider], start: Start) -> Vec<Finding> {
    let start = Start {
        listen: Some((std::net::Ipv4Addr::LOCALHOST, 0).into()),
        watch: false,
        ..start
    };
    let running = match Running::start(start).await {
        Ok(running) => running,
        Err(error) => {
            let said = format!("no host can be started to ask them: {error:#}");
            return vec![Finding::fail("providers", said, "mend that first")];
        }
    };
    let url = running.url();
    let (ended, stop) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(running.serve(async move {
        drop(stop.await);
        Leaving::Stop
    }));
    let mut findings = Vec::new();
    // One after the other: they would take each other's time on a small machine.
    for provider in providers {
        findings.push(one(config, provider, &url).await);
    }
    drop(ended);
    serving.abort();
    findings
}

/// The model of a route to it, else the first one that is still served.
fn model(config: &Config, provider: &Provider) -> Option<String> {
    let routed = config
        .routes()
        .find(|(_, Target { provider: name, .. })| *name == provider.name);
    let listed = || {
        let served = provider.models.iter().find(|model| model.retired.is_none());
        served.or(provider.models.first())
    };
    routed
        .map(|(_, target)| target.model.clone())
        .or_else(|| listed().map(|model| model.id.clone()))
}

async fn one(config: &Config, provider: &Provider, url: &str) -> Finding {
    let what = format!("provider {}", provider.name);
    let Some(model) = model(config, provider) else {
        return Finding::warn(
            what,
            "not asked: no model of it is known",
            "list one in `models`, or route to one",
        );
    };
    let target = format!("{},{model}", provider.name);
    let asked = tokio::time::timeout(PATIENCE, request(config, url, &target)).await;
    match asked {
        Err(_) => Finding::fail(
            what,
            format!("{model} said nothing within {} s", PATIENCE.as_secs()),
            "try again; if it stays so, ask another model or the provider's status page",
        ),
        Ok(Err(error)) => Finding::fail(
            what,
            format!(
                "{model}: the answer broke off: {}",
                crate::upstream::root_cause(&error)
            ),
            "try again; `transom logs` says more if it stays so",
        ),
        Ok(Ok(reply)) => told(what, &model, provider, &reply),
    }
}

async fn request(config: &Config, url: &str, target: &str) -> reqwest::Result<Reply> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let body = json!({
        "model": target, "max_tokens": MAX_TOKENS, "stream": true,
        "messages": [{ "role": "user", "content": "Answer with the one word: ok" }],
    });
    let mut request = client
        .post(format!("{url}/v1/messages"))
        .header("content-type", "application/json")
        .header("anthropic-version", "2023-06-01")
        .body(body.to_string());
    if let Some(key) = &config.api_key {
        request = request.header("x-api-key", key.expose());
    }
    let began = Instant::now();
    let response = request.send().await?;
    let status = response.status().as_u16();
    let mut reads = response.bytes_stream();
    let (mut all, mut first) = (Vec::new(), None);
    while let Some(read) = reads.next().await {
        all.extend_from_slice(&read?);
        if first.is_none() && memchr::memmem::find(&all, b"content_block_delta").is_some() {
            first = Some(Instant::now());
        }
    }
    let figures = first.map(|first| Figures {
        first_token_ms: u64::try_from((first - began).as_millis()).unwrap_or(u64::MAX),
        tokens_per_s: rate(&all, first.elapsed()),
    });
    Ok(Reply {
        status,
        body: all,
        figures,
    })
}

/// By the provider's own count. A few tokens in one read have no rate.
fn rate(events: &[u8], time: Duration) -> Option<f64> {
    let tokens = output_tokens(events)?;
    let rate = (tokens.checked_sub(1)? as f64) / time.as_secs_f64();
    (tokens > 2 && time >= Duration::from_millis(1)).then(|| (rate * 10.0).round() / 10.0)
}

fn output_tokens(events: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(events);
    let mut counts = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?).ok())
        .filter_map(|event| event.pointer("/usage/output_tokens")?.as_u64());
    counts.next_back()
}

fn told(what: String, model: &str, provider: &Provider, reply: &Reply) -> Finding {
    let error = error_of(&reply.body);
    let (200, None) = (reply.status, &error) else {
        let said = error.unwrap_or_else(|| "it is no message of the Messages API".to_owned());
        let remedy = remedy(reply.status, &said, provider);
        return Finding::fail(what, format!("{model}: {} {said}", reply.status), remedy);
    };
    let Some(figures) = reply.figures else {
        return Finding::warn(
            what,
            format!("{model} answered without a word"),
            "ask it by hand; a model that thinks may have used up its tokens",
        );
    };
    let rate = figures
        .tokens_per_s
        .map(|rate| format!(", then {rate} tokens/s"))
        .unwrap_or_default();
    let first = figures.first_token_ms;
    Finding {
        figures: Some(figures),
        ..Finding::ok(
            what,
            format!("{model} answers: first token after {first} ms{rate}"),
        )
    }
}

/// The message of an error, whole or as an event, in one line.
fn error_of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let events = text.lines().filter_map(|line| line.strip_prefix("data:"));
    let mut values = std::iter::once(&*text)
        .chain(events)
        .filter_map(|json| serde_json::from_str::<Value>(json).ok());
    let error = values.find(|value| value["type"] == "error")?;
    let message = error.pointer("/error/message")?.as_str()?;
    let line: Vec<&str> = message.split_whitespace().collect();
    Some(line.join(" ").chars().take(300).collect())
}

fn remedy(status: u16, said: &str, provider: &Provider) -> String {
    let zai = matches!(&provider.transformer, Transformer::Chain(stages)
        if stages.iter().any(|stage| stage.name == "zai"));
    let host = provider.base_url.host_str().unwrap_or_default();
    let lower = said.to_ascii_lowercase();
    if lower.contains("1113")
        || (lower.contains("insufficient balance") && (zai || host.ends_with("z.ai")))
    {
        return "the key is bound to a product: a Coding Plan key works on https://api.z.ai/api/anthropic and on \
                /api/coding/paas/v4, a pay-as-you-go key on /api/paas/v4; use the URL of its product, or recharge the account"
            .to_owned();
    }
    match status {
        401 | 403 => format!("give it a valid key: transom key set {}", provider.name),
        402 => "look at the account's balance and plan at the provider".to_owned(),
        404 => "choose a model that the provider has; `transom models` shows which are known to be retired".to_owned(),
        408 | 504 => "try again; if it stays so, see whether a proxy is needed (`proxy` in docs/config.md)".to_owned(),
        429 => "wait, or look at the plan's limits at the provider".to_owned(),
        502 => "see whether the address is right and reachable from here, or needs a proxy (`proxy` in docs/config.md)".to_owned(),
        500..600 => "try again; if it stays so, look at the provider's status page".to_owned(),
        _ => "compare `transformer` and `options` with docs/config.md; `transom guest trace` shows what was sent".to_owned(),
    }
}
