//! What calling a guest costs: the benchmark of `just bench-guests`. Prints; judges nothing.
//! Measures the built-in `cerebras` and `zai`, or the component files it is given, such as two builds of one, or
//! built-in ones by name; those beside the same transformer as native code, in the same run.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use transom::registry::builtin;
use transom::testing::Meter;
use transom::wasm::Engine;

#[path = "guest_costs/native.rs"]
mod native;

use native::Native;

/// An event as Z.ai sends it, for components of this name.
const ANTHROPIC: (&str, &str) = (
    "zai",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}\n\n",
);

/// A chunk as Cerebras sends it, about 240 bytes.
const EVENT: &str = "data: {\"id\":\"chatcmpl-6f1a2b3c-0000-4444-8888-123456789abc\",\"choices\":[{\"delta\":{\"content\":\" word\"},\"index\":0}],\"created\":1767225600,\"model\":\"gpt-oss-120b\",\"system_fingerprint\":\"fp_0123456789abcdef\",\"object\":\"chat.completion.chunk\"}\n\n";

/// Both sides take turns in so many rounds, since machines drift.
const ROUNDS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let engine = Engine::new(16, 256 << 20).expect("the engine");
    println!("pool step {:?}", engine.step());
    // `cargo bench` hands over options of its own.
    let mut files: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    if files.is_empty() {
        files = ["cerebras", "zai"].map(str::to_owned).into();
    }
    for file in files {
        let bytes = match builtin(&file) {
            Some(bytes) => bytes.to_vec(),
            None => std::fs::read(&file).expect("the component file"),
        };
        measure(&engine, &file, &bytes).await;
    }
}

async fn measure(engine: &Engine, name: &str, bytes: &[u8]) {
    let compiling = Instant::now();
    let meter = Meter::new(engine, name, bytes).expect("the component");
    println!(
        "\nguest calls of `{name}` ({} bytes, compiled in {} ms)\n",
        bytes.len(),
        compiling.elapsed().as_millis()
    );
    println!(
        "| what | p50 us | p99 us | native p50 us | times native |\n|---|---:|---:|---:|---:|"
    );
    let (opened, dropped) = meter.open_and_drop(5_000).await.expect("instances");
    Row::new("store, instance, configure, constructor", 1).print(opened, Vec::new());
    Row::new("drop of all that", 1).print(dropped, Vec::new());
    let mut native = Native::start();
    for kilobytes in [1, 60, 223] {
        let body = request(kilobytes << 10);
        let (mut took, mut natively) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            took.extend(meter.requests(&body, 60).await.expect("requests"));
            let native = native.iter_mut();
            natively.extend(native.flat_map(|native| native.requests(name, &body, 60)));
        }
        Row::new(&format!("request of {kilobytes} KB"), 1).print(took, natively);
    }
    let event = match ANTHROPIC {
        (whose, event) if name.contains(whose) => event,
        _ => EVENT,
    };
    let first = Bytes::from(EVENT.replace("\"content\":\" word\"", "\"role\":\"assistant\""));
    for events in [1, 16, 64] {
        let frames = Bytes::from(event.repeat(events));
        let times = 20_000 / events / ROUNDS;
        let (mut plain, mut spliced, mut natively) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let pushes = async |rules| {
                let took = meter.pushes(&first, &frames, times, rules).await;
                took.expect("pushes")
            };
            plain.extend(pushes(false).await);
            spliced.extend(pushes(true).await);
            let native = native.iter_mut();
            natively
                .extend(native.flat_map(|native| native.pushes(name, (&first, &frames), times)));
        }
        let what = format!("push of {events} events, each event");
        Row::new(&what, events).print(plain, natively);
        Row::new("the same with splice rules, each event", events).print(spliced, Vec::new());
    }
}

/// A line of the table.
struct Row<'a> {
    what: &'a str,
    /// Events in one measurement.
    share: usize,
}

impl<'a> Row<'a> {
    fn new(what: &'a str, share: usize) -> Self {
        Self { what, share }
    }

    /// `natively` is empty where there is nothing to compare with.
    fn print(&self, mut took: Vec<Duration>, mut natively: Vec<Duration>) {
        took.sort_unstable();
        natively.sort_unstable();
        let (p50, p99) = (self.at(&took, 0.5), self.at(&took, 0.99));
        print!("| {} | {p50:.2} | {p99:.2} |", self.what);
        if natively.is_empty() {
            println!(" | |");
        } else {
            let native = self.at(&natively, 0.5);
            println!(" {native:.2} | {:.2} |", p50 / native);
        }
    }

    fn at(&self, sorted: &[Duration], part: f64) -> f64 {
        let index = ((sorted.len() as f64 * part) as usize).min(sorted.len() - 1);
        sorted[index].as_secs_f64() * 1e6 / self.share as f64
    }
}

/// A request like Claude Code's: system blocks, tools with schemas, a conversation with tool turns.
fn request(size: usize) -> Bytes {
    let schema = r#"{"type":"object","properties":{"file_path":{"type":"string","description":"The absolute path"},"offset":{"type":"number"}},"required":["file_path"]}"#;
    let tools: Vec<String> = (0..if size > 8 << 10 { 12 } else { 1 })
        .map(|n| {
            format!(
                r#"{{"name":"Tool{n}","description":"{}","input_schema":{schema}}}"#,
                "Reads a file and says what is in it. ".repeat(40)
            )
        })
        .collect();
    let mut messages = vec![r#"{"role":"user","content":"Read the files."}"#.to_owned()];
    let mut length = tools.iter().map(String::len).sum::<usize>();
    let mut turn = 0;
    while length < size.saturating_sub(3000) {
        let call = format!(
            r#"{{"role":"assistant","content":[{{"type":"tool_use","id":"toolu_{turn}","name":"Tool0","input":{{"file_path":"/src/{turn}.rs"}}}}]}}"#
        );
        let text = "fn main() {\\n    println!(\\\"hello\\\");\\n}\\n".repeat(40);
        let result = format!(
            r#"{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"toolu_{turn}","content":"{text}"}}]}}"#
        );
        length += call.len() + result.len();
        messages.extend([call, result]);
        turn += 1;
    }
    Bytes::from(format!(
        r#"{{"model":"bench,m","max_tokens":32000,"stream":true,"system":[{{"type":"text","text":"You are a program."}}],"tools":[{}],"messages":[{}]}}"#,
        tools.join(","),
        messages.join(",")
    ))
}
