//! Asking the running service. Liveness is known by asking it, never by a process number.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;

use super::code::{Answer, running_service};
use crate::config::Config;

/// What a status may be at most, in bytes.
const MOST: usize = 4 << 20;

/// The status of the service that runs with this configuration's address and key; none if none does.
pub(super) async fn status(config: &Config) -> Option<Value> {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    // Without a provider of its own the client would panic; a second installation is refused, which is fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(2))
        .build()
        .ok()?;
    if !matches!(running_service(config).await, Answer::Transom(_)) {
        return None;
    }
    let key = config.api_key.as_ref().map(|key| key.expose().to_owned());
    get(&client, &format!("http://{address}/api/status"), key).await
}

async fn get(client: &reqwest::Client, url: &str, key: Option<String>) -> Option<Value> {
    let mut request = client.get(url);
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let response = request
        .send()
        .await
        .ok()
        .filter(|response| response.status().is_success())?;
    let mut body = Vec::new();
    let mut reads = response.bytes_stream();
    while let Some(read) = reads.next().await {
        body.extend_from_slice(&read.ok()?);
        if body.len() > MOST {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}
