//! Asking the running service. Liveness is known by asking it, never by a process number.

use std::time::Duration;

use anyhow::ensure;
use futures_util::StreamExt;
use serde_json::Value;

use super::code::{Answer, running_service};
use crate::config::{Config, Secret};

/// What a status may be at most, in bytes.
const MOST: usize = 4 << 20;

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
        // Without a provider of its own the client would panic; a second installation is refused, which is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(5))
            .build()
            .ok()?;
        Some(Self {
            base,
            client,
            key: config.api_key.clone(),
        })
    }

    /// Its status. Errors: why it does not tell.
    pub(super) async fn status(&self) -> anyhow::Result<Value> {
        let (code, answer) = self.ask(http::Method::GET, "/api/status").await?;
        ensure!(code.is_success(), "it answered with {code}");
        Ok(answer)
    }

    /// Has it do something. Errors: in its own words.
    pub(super) async fn post(&self, path: &str) -> anyhow::Result<Value> {
        let (code, answer) = self.ask(http::Method::POST, path).await?;
        let said = answer.pointer("/error/message").and_then(Value::as_str);
        ensure!(
            code.is_success(),
            "{}",
            said.map_or_else(|| format!("it answered with {code}"), str::to_owned)
        );
        Ok(answer)
    }

    async fn ask(
        &self,
        method: http::Method,
        path: &str,
    ) -> anyhow::Result<(http::StatusCode, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key.expose());
        }
        answered(request).await
    }
}

async fn answered(request: reqwest::RequestBuilder) -> anyhow::Result<(http::StatusCode, Value)> {
    let response = request.send().await?;
    let code = response.status();
    ensure!(
        code != http::StatusCode::UNAUTHORIZED,
        "it wants another `api_key` than this configuration has; name its configuration with --config"
    );
    let mut body = Vec::new();
    let mut reads = response.bytes_stream();
    while let Some(read) = reads.next().await {
        body.extend_from_slice(&read?);
        ensure!(body.len() <= MOST, "its answer is too long");
    }
    Ok((code, serde_json::from_slice(&body)?))
}
