//! The running service, as the command line talks to it: found by asking whether it is there, never by
//! a process number. What a path means is its caller's business.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde_json::Value;

use super::code::{Answer, running_service};
use crate::config::{Config, Paths, Secret, process_env};

/// What the service at the configuration's address says.
pub(super) enum Said {
    /// Its status.
    Status(Value),
    /// It runs at this URL, but does not tell, for this reason.
    Silent(String, String),
    /// None runs there.
    Nobody,
}

/// The service that runs with a configuration's address and key.
pub(super) struct Service {
    base: String,
    client: reqwest::Client,
    key: Option<Secret>,
    /// Shows a service of the same user whose command this is.
    owner: Option<Secret>,
}

/// What one answer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// From the question to the end of the answer.
    pub(super) patience: Duration,
    /// In bytes.
    pub(super) longest: usize,
}

impl Bounds {
    /// A service on this machine answers at once; a status is of some kilobytes.
    pub(super) const STATUS: Self = Self {
        patience: Duration::from_secs(5),
        longest: 4 << 20,
    };
}

/// Asks for the status of the service that runs with this configuration's address and key.
pub(super) async fn status(config: &Config) -> Said {
    let Some(service) = Service::running(config).await else {
        return Said::Nobody;
    };
    match service.status().await {
        Ok(status) => Said::Status(status),
        Err(why) => Said::Silent(service.base, format!("{why:#}")),
    }
}

impl Service {
    /// None if none runs.
    pub(super) async fn running(config: &Config) -> Option<Self> {
        let Answer::Transom(base) = running_service(config).await else {
            return None;
        };
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let key = config.api_key.clone();
        let state = Paths::of(&process_env).map(|paths| paths.state);
        let owner = state.and_then(|state| crate::owner::read(&state, config.listen.port()));
        Some(Self {
            base,
            client,
            key,
            owner,
        })
    }

    /// The same for a command that is of no use without one.
    ///
    /// Errors: none runs; `remedy` says what to do then.
    pub(super) async fn find(config: &Config, remedy: &str) -> anyhow::Result<Self> {
        let running = Self::running(config).await;
        running.with_context(|| format!("no transom runs at {}; {remedy}", config.listen))
    }

    /// Its status. Errors: why it does not tell.
    pub(super) async fn status(&self) -> anyhow::Result<Value> {
        let asked = self.ask(Method::GET, "/api/status", None, Bounds::STATUS);
        asked.await
    }

    /// Has it do something. Errors: in its own words.
    pub(super) async fn post(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, None, Bounds::STATUS).await
    }

    /// The JSON that it answers with, from any path below its own.
    ///
    /// Errors: what it says instead of 2xx; it wants another key; it does not answer within the bounds.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        bounds: Bounds,
    ) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method, &url).timeout(bounds.patience);
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key.expose());
        }
        if let Some(owner) = &self.owner {
            request = request.header(crate::owner::HEADER, owner.expose());
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await;
        let response = response.with_context(|| format!("{url} does not answer"))?;
        let code = response.status();
        if code == StatusCode::UNAUTHORIZED {
            bail!(
                "the service at {} wants another `api_key` than this configuration has; name its configuration with --config",
                self.base
            );
        }
        let body = whole(response, bounds.longest).await?;
        let value: Value = serde_json::from_slice(&body)
            .with_context(|| format!("{url} answered with {code} and no JSON"))?;
        let said = value.pointer("/error/message").and_then(Value::as_str);
        ensure!(
            code.is_success(),
            "{}",
            said.map_or_else(|| format!("it answered with {code}"), str::to_owned)
        );
        Ok(value)
    }
}

async fn whole(response: reqwest::Response, longest: usize) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut reads = response.bytes_stream();
    while let Some(read) = reads.next().await {
        body.extend_from_slice(&read?);
        ensure!(body.len() <= longest, "its answer is too long");
    }
    Ok(body)
}
