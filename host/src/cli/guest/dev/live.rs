//! Waits until the running service serves the new bytes, or says why it does not.

use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;

use crate::cli::recordings::Service;
use crate::cli::service::{Said, status};
use crate::config::Config;
use crate::wasm::sha256;

/// Compiling takes a second at most; a service that polls its folder another.
const PATIENCE: Duration = Duration::from_secs(15);

const LOOK: Duration = Duration::from_millis(20);

/// Has the running service keep its last exchanges, so that each version is tried on them, unless its
/// configuration decides. True if it did not before.
pub(super) async fn record(config: &Config) -> bool {
    let Ok(service) = Service::find(config).await else {
        return false;
    };
    matches!(service.record(true).await, Ok(false))
}

/// What serves now, with what differs on recorded exchanges; none if no service runs.
///
/// Errors: the service's reason for keeping the old version.
pub(super) async fn wait(
    config: &Config,
    name: &str,
    bytes: &[u8],
) -> anyhow::Result<Option<String>> {
    let sha256 = sha256(bytes);
    let began = Instant::now();
    loop {
        let state = match status(config).await {
            Said::Nobody => return Ok(None),
            Said::Silent(base, why) => {
                bail!("the service at {base} does not tell what it runs: {why}")
            }
            Said::Status(status) => status,
        };
        let Some(transformer) = named(&state, name) else {
            bail!(
                "the running service has no provider with the transformer `{name}`; name it in the configuration"
            );
        };
        let text = |field: &str| transformer.get(field).and_then(Value::as_str);
        if text("sha256") == Some(&sha256) {
            return Ok(Some(live(transformer, name)));
        }
        if began.elapsed() > PATIENCE {
            let why = text("last_error").unwrap_or("it does not look at this folder");
            bail!("the running service keeps its version: {why}");
        }
        // The last error may be about bytes from before: only one that stays counts.
        if began.elapsed() > PATIENCE / 5
            && let Some(why) = text("last_error")
        {
            bail!("refused: {why}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn named<'a>(status: &'a Value, name: &str) -> Option<&'a Value> {
    let all = status.get("transformers")?.as_array()?;
    all.iter()
        .find(|one| one.get("name").and_then(Value::as_str) == Some(name))
}

fn live(transformer: &Value, name: &str) -> String {
    let generation = transformer.get("generation").and_then(Value::as_u64);
    let live = format!("live as {name}@{}", generation.unwrap_or_default());
    match transformer.get("replay").and_then(Value::as_str) {
        Some(replay) => format!("{live} (replay: {replay})"),
        None => live,
    }
}
