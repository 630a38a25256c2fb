//! The tables of `tests/errors` over HTTP: each provider's errors through the component and the host, to a client.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::client::{self, Reply};
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Request, Upstream};

/// Long enough for a hop on loopback under load.
const MOMENT: Duration = Duration::from_millis(300);

/// As the README beside the tables says.
#[derive(Debug, Deserialize)]
struct Table {
    transformer: String,
    options: Value,
    #[serde(default = "model")]
    model: String,
    framing: Option<String>,
    errors: Vec<Row>,
}

fn model() -> String {
    "test-model".to_owned()
}

#[derive(Debug, Deserialize)]
struct Row {
    when: String,
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    text: Option<String>,
    stream: Option<Vec<String>>,
    told: Told,
}

#[derive(Debug, Deserialize)]
struct Told {
    status: Option<u16>,
    #[serde(rename = "type")]
    kind: String,
    message: Option<String>,
    overflow: Option<String>,
    retry_after: Option<u64>,
    should_retry: Option<bool>,
}

fn tables() -> Vec<(String, Table)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/errors");
    let entries = std::fs::read_dir(folder).expect("the folder of the tables");
    let paths = entries.map(|entry| entry.expect("a file").path());
    let tables = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json5"));
    tables
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a table");
            let value: Value =
                jsonc_parser::parse_to_serde_value(&text, &jsonc_parser::ParseOptions::default())
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let table = serde_json::from_value(value)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            (name.replace('.', "-"), table)
        })
        .collect()
}

impl Table {
    fn provider(&self, name: &str, upstream: &str) -> Value {
        let base = format!("{upstream}/{name}");
        let mut provider = host::provider(name, &base, &self.transformer, &self.model);
        provider["options"] = self.options.clone();
        provider
    }

    fn answer(&self, row: &Row) -> Answer {
        let lines = self.framing.as_deref() == Some("json-lines");
        if let Some(frames) = &row.stream {
            let end = if lines { "\n" } else { "\n\n" };
            let kind = if lines {
                "application/x-ndjson"
            } else {
                "text/event-stream"
            };
            let answer = Answer::new(200).header("content-type", kind);
            let begins = row.told.status.is_none();
            let frames = frames.iter();
            let answer = frames.fold(answer, |answer, frame| {
                let answer = answer.chunk(format!("{frame}{end}").as_bytes());
                // What was said goes on before the error comes; else the error would have its status.
                if begins { answer.pause(MOMENT) } else { answer }
            });
            return answer.end();
        }
        let (kind, body) = match (&row.body, &row.text) {
            (Some(body), _) => ("application/json", body.to_string()),
            (None, text) => {
                let text = text.clone().unwrap_or_default();
                let kind = if text.starts_with('<') {
                    "text/html"
                } else {
                    "text/plain"
                };
                (kind, text)
            }
        };
        let answer = Answer::new(row.status.unwrap_or(200)).header("content-type", kind);
        let headers = row.headers.iter();
        let answer = headers.fold(answer, |answer, (name, value)| answer.header(name, value));
        answer.length(body.len()).raw(body.as_bytes())
    }
}

/// Each request names its row.
fn words(name: &str, row: &Row) -> String {
    format!("{name}: {}.", row.when)
}

#[tokio::test]
async fn every_error_of_every_provider_reaches_the_client_as_its_table_says() {
    let tables: Arc<Vec<(String, Table)>> = Arc::new(tables());
    let script = Arc::clone(&tables);
    let upstream = Upstream::start(move |request: &Request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let rows = script
            .iter()
            .flat_map(|(name, table)| table.errors.iter().map(move |row| (name, table, row)));
        let mut rows = rows.filter(|(name, _, row)| {
            let words = json!(words(name, row)).to_string();
            body.contains(words.trim_matches('"'))
        });
        let (_, table, row) = rows.next().expect("a row that is asked for");
        table.answer(row)
    })
    .await;
    let providers = tables.iter();
    let host = providers
        .fold(Builder::new(), |host, (name, table)| {
            host.provider(table.provider(name, &upstream.url()))
        })
        .set("retries", json!({ "attempts": 0 }))
        .set("pacing", json!({ "hold_ms": 0 }))
        .start();
    let mut wrong = Vec::new();
    for (name, table) in tables.iter() {
        for (at, row) in table.errors.iter().enumerate() {
            // A model for each, since what a provider says of its limits is remembered.
            let request = json!({
                "model": format!("{name},{}-{at}", table.model), "max_tokens": 64, "stream": row.stream.is_some(),
                "messages": [{ "role": "user", "content": words(name, row) }],
            });
            let reply = client::messages(host.base(), &request).await;
            if let Err(why) = is_told(row, &reply) {
                wrong.push(format!("{name}, {}: {why}", row.when));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_told(row: &Row, reply: &Reply) -> Result<(), String> {
    let told = &row.told;
    let error = match told.status {
        Some(_) => reply.json()["error"].clone(),
        None => {
            let last = reply.events().pop().ok_or_else(|| reply.text())?;
            last.json()["error"].clone()
        }
    };
    let message = error["message"].as_str().unwrap_or_default();
    let began = match (&told.message, &told.overflow) {
        (Some(message), _) => message.clone(),
        (None, Some(overflow)) => format!("{overflow}. "),
        (None, None) => String::new(),
    };
    let retry_after = told.retry_after.map(|seconds| seconds.to_string());
    let should_retry = told.should_retry.map(|should| should.to_string());
    let fits = reply.status == told.status.unwrap_or(200)
        && error["type"] == told.kind.as_str()
        && !message.is_empty()
        && message.starts_with(&began)
        && reply.header("retry-after") == retry_after.as_deref()
        && reply.header("x-should-retry") == should_retry.as_deref();
    fits.then_some(()).ok_or_else(|| {
        format!(
            "{} {error} retry-after {:?}, x-should-retry {:?}",
            reply.status,
            reply.header("retry-after"),
            reply.header("x-should-retry")
        )
    })
}
