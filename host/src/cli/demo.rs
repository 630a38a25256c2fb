//! `transom demo`: a stream through a transformer, and the transformer replaced while a second runs.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{runtime, term};
use crate::app::{Running, Start};
use crate::config::Config;
use crate::demo::Upstream;
use crate::registry::builtin;

/// How long a swap may take. Long: compiling takes long on an emulated processor.
const PATIENCE: Duration = Duration::from_mins(3);

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let dir = tempfile::Builder::new()
        .prefix("transom-demo")
        .tempdir()
        .context("a temporary folder is needed")?;
    runtime()?.block_on(show(dir.path()))?;
    Ok(ExitCode::SUCCESS)
}

async fn show(dir: &Path) -> anyhow::Result<()> {
    let component = dir.join("cerebras.wasm");
    replace(&component, "cerebras")?;
    let upstream = Upstream::start()
        .await
        .context("the embedded upstream cannot start")?;
    let mut config = Config::demo(upstream.base_url());
    config.listen.set_port(0);
    let start = Start {
        config,
        transformers: dir.to_owned(),
        state: None,
        cache: Some(dir.join("cache")),
        listen: None,
        listener: None,
        watch: true,
        record: false,
    };
    let running = Running::start(start).await?;
    let base = running.url();
    tokio::spawn(running.serve(std::future::pending()));

    term::say(&format!(
        "transom listens on {base}; its provider `demo` is an upstream embedded in this binary"
    ));
    term::say("\n1. A stream through the transformer `cerebras`:\n");
    let first = stream(&base, term::show).await?;
    term::say(&first.line());

    term::say(
        "\n2. A second stream; after ten words the component's file is replaced by one that shouts:\n",
    );
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let swap = tokio::spawn(swap(component.clone(), base.clone(), receiver));
    let (mut words, mut sender) = (0, Some(sender));
    let second = stream(&base, |text| {
        term::show(text);
        words += 1;
        if words == 10
            && let Some(sender) = sender.take()
        {
            // The other side only goes away with this function.
            let _ = sender.send(());
        }
    })
    .await?;
    let swap_ms = swap.await??;
    term::say(&second.line());

    term::say("\n3. The next stream:\n");
    let third = stream(&base, term::show).await?;
    term::say(&third.line());

    judge(&first, &second, &third)?;
    let label = |told: &Told| told.transformer.clone();
    term::say(&format!(
        "\nThe second stream began on {} and finished on it, {} after the swap; the third ran on {}.",
        label(&second),
        if second.text == first.text {
            "unchanged"
        } else {
            "CHANGED"
        },
        label(&third)
    ));
    term::say(&format!(
        "first token {:.1} ms, {:.0} events/s, new bytes on disk to live {swap_ms:.0} ms",
        first.first_token_ms, first.events_per_s
    ));
    term::say("Nothing was restarted and nothing was lost.");
    Ok(())
}

/// What a stream told.
struct Told {
    text: String,
    transformer: String,
    first_token_ms: f64,
    events_per_s: f64,
}

impl Told {
    fn line(&self) -> String {
        format!(
            "\n   [{}; first token {:.1} ms, {:.0} events/s]",
            self.transformer, self.first_token_ms, self.events_per_s
        )
    }
}

async fn stream(base: &str, mut on_text: impl FnMut(&str)) -> anyhow::Result<Told> {
    let body = json!({"model": "demo,demo", "max_tokens": 1024, "stream": true, "messages": [{"role": "user", "content": "What are you?"}]});
    let started = Instant::now();
    let response = reqwest::Client::new()
        .post(format!("{base}/v1/messages"))
        .body(body.to_string())
        .send()
        .await?;
    ensure!(
        response.status().is_success(),
        "the demo's own request failed with {}",
        response.status()
    );
    let header = response
        .headers()
        .get("x-transom-transformer")
        .context("the answer names no transformer")?;
    let mut told = Told {
        text: String::new(),
        transformer: header.to_str()?.to_owned(),
        first_token_ms: 0.0,
        events_per_s: 0.0,
    };
    let mut framer = crate::sse::Framer::new(crate::sse::Framing::Sse, 1 << 20);
    let (mut events, mut ended) = (0_u32, false);
    let mut reads = response.bytes_stream();
    while let Some(read) = reads.next().await {
        for block in framer.feed(read?)?.into_iter().flatten() {
            for frame in crate::sse::frames(&block) {
                events += 1;
                let event = data(frame);
                ended |= event["type"] == "message_stop";
                let Some(text) = event["delta"]["text"].as_str() else {
                    continue;
                };
                if told.text.is_empty() {
                    told.first_token_ms = started.elapsed().as_secs_f64() * 1000.0;
                }
                told.text.push_str(text);
                on_text(text);
            }
        }
    }
    ensure!(ended, "the stream ended without message_stop");
    told.events_per_s = f64::from(events) / started.elapsed().as_secs_f64();
    Ok(told)
}

fn data(frame: &[u8]) -> Value {
    let text = String::from_utf8_lossy(frame);
    let data = text.lines().find_map(|line| line.strip_prefix("data: "));
    data.and_then(|data| serde_json::from_str(data).ok())
        .unwrap_or_default()
}

/// Waits for the word, replaces the file, and waits until the new generation is live: milliseconds.
async fn swap(
    component: std::path::PathBuf,
    base: String,
    word: tokio::sync::oneshot::Receiver<()>,
) -> anyhow::Result<f64> {
    word.await.context("the second stream ended too early")?;
    let client = reqwest::Client::new();
    replace(&component, "shout")?;
    let replaced = Instant::now();
    while replaced.elapsed() < PATIENCE {
        let status = client.get(format!("{base}/api/status")).send().await?;
        let mut body = Vec::new();
        let mut reads = status.bytes_stream();
        while let Some(read) = reads.next().await {
            body.extend_from_slice(&read?);
        }
        let status: Value = serde_json::from_slice(&body)?;
        if status["transformers"][0]["generation"] == 2 {
            return Ok(replaced.elapsed().as_secs_f64() * 1000.0);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    bail!(
        "the new component did not go live within {} s",
        PATIENCE.as_secs()
    )
}

/// Puts a built-in component at the path, as a build does: written beside it, then renamed.
fn replace(path: &Path, name: &str) -> anyhow::Result<()> {
    let bytes = builtin(name).with_context(|| format!("the binary has no component `{name}`"))?;
    let unfinished = path.with_extension("tmp");
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(unfinished, path)?;
    Ok(())
}

fn judge(first: &Told, second: &Told, third: &Told) -> anyhow::Result<()> {
    ensure!(
        first.transformer.contains("@1 ") && second.transformer.contains("@1 "),
        "the second stream left its generation"
    );
    ensure!(
        second.text == first.text,
        "the second stream changed while it ran"
    );
    ensure!(
        third.transformer.contains("@2 "),
        "the third stream did not run on the new generation"
    );
    ensure!(
        third.text == first.text.to_uppercase(),
        "the new component did not shout"
    );
    Ok(())
}
