//! A transformer is replaced under running streams: every stream is wholly of the generation it
//! began with, no request fails, and a generation's memory goes with its last stream.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::harness::client::{self, Exchange, Reply};
use crate::harness::grammar;
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Gate, Request, Upstream};
use crate::scene;

/// Streams at once.
const LANES: usize = 64;
/// Changes of the file under them.
const CHANGES: usize = 100;
/// Streams that begin before the first change and end after the last one.
const HELD: usize = 8;
const MODEL: &str = "gpt-oss-120b";

/// How a file is replaced.
#[derive(Debug, Clone, Copy)]
enum Way {
    Rename,
    CopyInPlace,
    UnlinkAndLink,
}

const WAYS: [Way; 3] = [Way::Rename, Way::CopyInPlace, Way::UnlinkAndLink];

impl Way {
    fn put(self, path: &Path, bytes: &[u8]) {
        match self {
            Self::Rename => scene::put(path, bytes),
            Self::CopyInPlace => std::fs::write(path, bytes).expect("write into the file"),
            Self::UnlinkAndLink => {
                let other = path.with_extension("other");
                std::fs::write(&other, bytes).expect("write beside the file");
                std::fs::remove_file(path).expect("unlink");
                std::fs::hard_link(&other, path).expect("link");
                // The next copy in place must not write into a file of two names.
                std::fs::remove_file(&other).expect("unlink the second name");
            }
        }
    }
}

/// The two components that take turns, and what tells them apart.
struct Pair {
    quiet: Vec<u8>,
    loud: Vec<u8>,
}

impl Pair {
    fn new() -> Self {
        Self {
            quiet: scene::guest("cerebras"),
            loud: scene::guest("shout"),
        }
    }

    fn of(&self, change: usize) -> &[u8] {
        match change % 2 {
            0 => &self.quiet,
            _ => &self.loud,
        }
    }

    /// Whether the component of this label speaks in capitals.
    fn is_loud(&self, label: &str) -> bool {
        let short = |bytes: &[u8]| format!("sha256:{}", &scene::sha256(bytes)[..8]);
        let loud = label.ends_with(&short(&self.loud));
        assert!(
            loud || label.ends_with(&short(&self.quiet)),
            "an unknown component served: {label}"
        );
        loud
    }
}

/// Answers with text made of the prompt. A prompt that begins with `held` waits in the middle.
fn answer(request: &Request, gate: &Gate) -> Answer {
    let body = request.json();
    let prompt = prompt_of(&body);
    let pieces = scene::pieces(&prompt, 12);
    if body["stream"] != true {
        return Answer::json(200, &scene::chat_whole(&pieces));
    }
    let events = scene::chat_events(&pieces);
    let (first, rest) = events.split_at(6);
    let mut answer = paced(Answer::stream(), first);
    if prompt.starts_with("held") {
        answer = answer.gate(gate);
    }
    paced(answer, rest).end()
}

fn paced(answer: Answer, events: &[Vec<u8>]) -> Answer {
    events.iter().fold(answer, |answer, event| {
        answer.chunk(event).pause(Duration::from_millis(20))
    })
}

fn prompt_of(body: &Value) -> String {
    let message = body["messages"].as_array().and_then(|all| all.last());
    let content = message.map(|message| &message["content"]);
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(parts) => parts[0]["text"].as_str().unwrap_or_default().to_owned(),
        None => String::new(),
    }
}

async fn start(pair: &Pair, gate: &Arc<Gate>) -> (Upstream, Host) {
    let held = Arc::clone(gate);
    let upstream = Upstream::start(move |request| answer(request, &held)).await;
    let host = Builder::new()
        .provider(provider("cerebras", &upstream.url(), "cerebras", MODEL))
        .component("cerebras", &pair.quiet)
        .start();
    (upstream, host)
}

async fn wait_for_component(host: &Host, bytes: &[u8]) {
    let sha256 = scene::sha256(bytes);
    let live = |status: &Value| status["transformers"][0]["sha256"] == sha256.as_str();
    host.wait_for_status("the new component is live", live)
        .await;
}

/// The label of the generation that served, after checking that all of the answer is its own.
fn whole_of_one(pair: &Pair, prompt: &str, streamed: bool, reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{prompt}: {}", reply.text());
    let label = reply.header("x-transom-transformer").unwrap_or_default();
    let text = if streamed {
        let report = grammar::check(reply);
        report.assert_clean();
        assert_eq!(report.told, grammar::Told::Complete, "{prompt}");
        report.text()
    } else {
        let message = reply.json();
        message["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let quiet = scene::pieces(prompt, 12).concat();
    let expected = if pair.is_loud(label) {
        quiet.to_uppercase()
    } else {
        quiet
    };
    assert_eq!(text, expected, "{prompt} was served by {label}");
    label.to_owned()
}

/// One lane: a stream after the other, every fourth answer a whole message, until told to stop.
async fn lane(base: String, number: usize, pair: Arc<Pair>, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut labels = Vec::new();
    while !stop.load(Ordering::Relaxed) || labels.is_empty() {
        let prompt = format!("lane {number} turn {}", labels.len());
        let streamed = labels.len() % 4 != 3;
        let body = if streamed {
            scene::ask(MODEL, &prompt)
        } else {
            scene::ask_whole(MODEL, &prompt)
        };
        let reply = client::messages(&base, &body).await;
        labels.push(whole_of_one(&pair, &prompt, streamed, &reply));
    }
    labels
}

/// Opens a stream and reads until its upstream waits at the gate.
async fn held(host: &Host, prompt: &str) -> Exchange {
    let mut exchange = client::open_messages(host.base(), &scene::ask(MODEL, prompt)).await;
    assert_eq!(exchange.status(), 200);
    exchange.event().await.expect("the stream has begun");
    exchange
}

/// Executable mappings of the host that are code of components.
fn code_mappings(host: &Host) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", host.pid())).expect("its maps");
    let of_component = |line: &&str| {
        let mut fields = line.split_whitespace();
        let executable = fields.nth(1).is_some_and(|access| access.contains('x'));
        let file = fields.nth(3);
        let cached = |file: &str| {
            Path::new(file)
                .extension()
                .is_some_and(|end| end == "cwasm")
        };
        executable && file.is_none_or(cached)
    };
    maps.lines().filter(of_component).count()
}

/// Waits until the code of all generations but the current one is gone.
async fn wait_for_code_mappings(host: &Host, most: usize) {
    let gone = |_: &Value| code_mappings(host) <= most;
    host.wait_for_status("the code of ended generations is unmapped", gone)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_a_hundred_times_under_64_streams_mixes_and_fails_none() {
    let (pair, gate) = (Arc::new(Pair::new()), Arc::new(Gate::new()));
    let (_upstream, host) = start(&pair, &gate).await;
    let idle = code_mappings(&host);
    let mut waiting = Vec::new();
    for number in 0..HELD {
        let prompt = format!("held {number}");
        waiting.push((held(&host, &prompt).await, prompt));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut lanes = JoinSet::new();
    for number in 0..LANES {
        let base = host.base().to_owned();
        lanes.spawn(lane(base, number, Arc::clone(&pair), Arc::clone(&stop)));
    }
    let path = host.transformers().join("cerebras.wasm");
    for change in 1..=CHANGES {
        let bytes = pair.of(change);
        WAYS[change % WAYS.len()].put(&path, bytes);
        wait_for_component(&host, bytes).await;
    }
    stop.store(true, Ordering::Relaxed);
    let labels = lanes.join_all().await.concat();
    gate.open();
    for (exchange, prompt) in waiting {
        let reply = exchange.finish().await;
        let label = whole_of_one(&pair, &prompt, true, &reply);
        assert!(label.starts_with("cerebras@1 "), "{prompt}: {label}");
    }

    let mut generations: BTreeMap<&str, bool> = BTreeMap::new();
    for label in &labels {
        generations.insert(label, pair.is_loud(label));
    }
    assert!(generations.values().any(|loud| *loud), "{generations:?}");
    assert!(generations.values().any(|loud| !loud), "{generations:?}");
    let status = host.transformer("cerebras").await;
    assert!(status["generation"].as_u64() > Some(CHANGES as u64));
    assert_eq!(status["last_error"], Value::Null);
    wait_for_code_mappings(&host, idle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_stream_ends_on_its_generation_and_then_frees_it_for_every_way_of_replacing() {
    let pair = Pair::new();
    for way in WAYS {
        let gate = Arc::new(Gate::new());
        let (_upstream, host) = start(&pair, &gate).await;
        let idle = code_mappings(&host);
        let old = held(&host, "held by the old").await;
        let path = host.transformers().join("cerebras.wasm");
        way.put(&path, &pair.loud);
        wait_for_component(&host, &pair.loud).await;
        let new = client::messages(host.base(), &scene::ask(MODEL, "the new")).await;
        let label = whole_of_one(&pair, "the new", true, &new);
        assert!(label.starts_with("cerebras@"), "{way:?}: {label}");
        assert!(pair.is_loud(&label), "{way:?}: {label}");
        assert!(
            code_mappings(&host) > idle,
            "{way:?}: the old stream still needs its code"
        );
        gate.open();
        let label = whole_of_one(&pair, "held by the old", true, &old.finish().await);
        assert!(label.starts_with("cerebras@1 "), "{way:?}: {label}");
        wait_for_code_mappings(&host, idle).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_shadowing_file_brings_the_built_in_back_and_says_so() {
    let (pair, gate) = (Pair::new(), Arc::new(Gate::new()));
    let (_upstream, host) = start(&pair, &gate).await;
    let path = host.transformers().join("cerebras.wasm");
    scene::put(&path, &pair.loud);
    wait_for_component(&host, &pair.loud).await;
    std::fs::remove_file(&path).expect("remove the file");
    let back = |status: &Value| status["transformers"][0]["source"] == "builtin";
    host.wait_for_status("the built-in is back", back).await;
    assert!(
        host.log().contains("the built-in comes back"),
        "{}",
        host.log()
    );
    let reply = client::messages(host.base(), &scene::ask(MODEL, "hi")).await;
    let label = whole_of_one(&pair, "hi", true, &reply);
    assert!(!pair.is_loud(&label), "{label}");
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_any_other_file_keeps_the_last_generation_and_flags_it() {
    let (pair, gate) = (Pair::new(), Arc::new(Gate::new()));
    let held = Arc::clone(&gate);
    let upstream = Upstream::start(move |request| answer(request, &held)).await;
    let host = Builder::new()
        .provider(provider("mine", &upstream.url(), "mine", MODEL))
        .component("mine", &pair.loud)
        .start();
    let path = host.transformers().join("mine.wasm");
    std::fs::remove_file(&path).expect("remove the file");
    let flagged = |status: &Value| {
        let error = status["transformers"][0]["last_error"].as_str();
        error.is_some_and(|error| error.contains("its file was removed"))
    };
    let status = host
        .wait_for_status("the removal is flagged", flagged)
        .await;
    assert_eq!(status["transformers"][0]["generation"], 1);
    let reply = client::messages(host.base(), &scene::ask(MODEL, "hi")).await;
    assert!(pair.is_loud(&whole_of_one(&pair, "hi", true, &reply)));
    scene::put(&path, &pair.loud);
    let healed = |status: &Value| status["transformers"][0]["last_error"].is_null();
    let status = host.wait_for_status("the flag is taken away", healed).await;
    assert_eq!(status["transformers"][0]["generation"], 1);
}
