//! Asking the running service. Liveness is known by asking it, never by a process number.

use std::time::Duration;

use anyhow::ensure;
use futures_util::StreamExt;
use serde_json::Value;

use super::code::{Answer, running_service};
use crate::config::Config;

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

/// Asks for the status of the service that runs with this configuration's address and key.
pub(super) async fn status(config: &Config) -> Said {
    let Answer::Transom(base) = running_service(config).await else {
        return Said::Nobody;
    };
    // Without a provider of its own the client would panic; a second installation is refused, which is fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    match get(&format!("{base}/api/status"), config).await {
        Ok(status) => Said::Status(status),
        Err(why) => Said::Silent(base, format!("{why:#}")),
    }
}

async fn get(url: &str, config: &Config) -> anyhow::Result<Value> {
    let (code, answer) = ask(http::Method::GET, url, config).await?;
    ensure!(code.is_success(), "it answered with {code}");
    Ok(answer)
}

/// What the service answers to a request for this path; none if no service runs. Errors: the service's
/// own words.
pub(super) async fn post(config: &Config, path: &str) -> anyhow::Result<Option<Value>> {
    let Answer::Transom(base) = running_service(config).await else {
        return Ok(None);
    };
    drop(rustls::crypto::ring::default_provider().install_default());
    let (code, answer) = ask(http::Method::POST, &format!("{base}{path}"), config).await?;
    let said = answer.pointer("/error/message").and_then(Value::as_str);
    ensure!(
        code.is_success(),
        "{}",
        said.map_or_else(|| format!("it answered with {code}"), str::to_owned)
    );
    Ok(Some(answer))
}

async fn ask(
    method: http::Method,
    url: &str,
    config: &Config,
) -> anyhow::Result<(http::StatusCode, Value)> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        .build()?;
    let mut request = client.request(method, url);
    if let Some(key) = &config.api_key {
        request = request.header("x-api-key", key.expose());
    }
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
