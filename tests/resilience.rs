//! Providers that fail, and what the client sees of it: nothing, as long as another attempt succeeds.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::client::{self, Reply};
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::{Road, Roads};

mod fallback;
mod keys;
mod pacing;
mod retries;
mod storms;

/// Roads whose provider fails as the test says, and a backup that answers.
struct WithBackup {
    roads: Roads,
    backup: Upstream,
    spoken: Road,
    asked: AtomicUsize,
}

impl WithBackup {
    /// The backup speaks as on this road.
    async fn start(spoken: Road, more: impl FnOnce(Builder) -> Builder) -> Self {
        let answer = move |streaming: bool| {
            if streaming {
                Answer::sse(spoken.stream())
            } else {
                Answer::json(200, &spoken.whole())
            }
        };
        let backup = Upstream::start(move |request| answer(request.json()["stream"] == true)).await;
        Self::answering(spoken, backup, more).await
    }

    async fn answering(
        spoken: Road,
        backup: Upstream,
        more: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let mut provider = spoken.provider(&backup.url());
        provider["name"] = json!("backup");
        provider["models"] = json!(["model-2"]);
        let roads = Roads::with(|host| {
            let host = host
                .provider(provider)
                .edit(|config| {
                    config["router"]["fallback"] = json!({ "default": ["backup,model-2"] });
                })
                .set("timeouts", json!({ "before_fallback_ms": 300 }));
            more(host)
        });
        Self {
            roads: roads.await,
            backup,
            spoken,
            asked: AtomicUsize::new(0),
        }
    }

    /// Asks on a road, for a model that nobody asked for yet: no quota of it is known.
    async fn ask(&self, road: Road, stream: bool, answer: Answer) -> (String, Reply) {
        let request = self.request(road, stream, answer);
        let model = request["model"].as_str().unwrap_or_default().to_owned();
        (
            model,
            client::messages(self.roads.host.base(), &request).await,
        )
    }

    fn request(&self, road: Road, stream: bool, answer: Answer) -> Value {
        let mut request = road.request(stream, &self.roads.words(answer));
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        request["model"] = json!(format!("{},fresh-{number}", road.name()));
        request
    }
}

/// A host with one passthrough provider.
fn alone(upstream: &str) -> Builder {
    let cache = format!("{}/transom-cache", env!("CARGO_TARGET_TMPDIR"));
    Builder::new()
        .env("XDG_CACHE_HOME", &cache)
        .provider(host::provider("plain", upstream, "anthropic", "model-1"))
}

fn request(stream: bool) -> Value {
    Road::Passthrough.request(stream, "hello")
}

/// An error of the Messages API, with headers.
fn said(status: u16, kind: &str, words: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "type": "error", "error": { "type": kind, "message": words } }).to_string();
    let answer = Answer::new(status).header("content-type", "application/json");
    let answer = headers
        .iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value));
    answer.length(body.len()).raw(body.as_bytes())
}

fn good() -> Answer {
    Answer::json(200, &Road::Passthrough.whole())
}
