//! From saved to live: the benchmark of `just bench-dev`. It edits a constant of `cerebras` twenty times
//! under a running `guest dev`, in a copy of the guests, and prints the median and where the time went.
//! Judges nothing.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const EDITS: usize = 20;

/// What a user of Cerebras edits: the source of its constants.
const SOURCE: &str = "guests/chat/src/dialect/cerebras.rs";
const BEFORE: &str = "(\"zai-glm\",";

/// What lies beside the guests that they are built and tested with.
const COPIED: [&str; 4] = ["guests", "wit", "tests/fixtures", "tests/interface"];

fn main() -> Result<()> {
    let desk = Desk::make()?;
    let mut service = desk.spawn(&["serve", "--listen", "127.0.0.1:0"], None)?;
    let address = service.line_after("listening on http://")?;
    let mut dev = desk.spawn(&["guest", "dev", "cerebras", "--json"], Some(&address))?;
    println!("building everything once (half a minute)");
    let first: Value = serde_json::from_str(&dev.line()?)?;
    ensure!(first["ok"] == true, "the first round failed: {first}");
    let mut rounds = Vec::new();
    for number in 1..=EDITS {
        // As after a person's pause: no round begins while another one ends.
        std::thread::sleep(Duration::from_millis(300));
        let saved = Instant::now();
        desk.edit(number)?;
        let round: Value = serde_json::from_str(&dev.line()?)?;
        ensure!(round["state"] == "live", "round {number}: {round}");
        rounds.push((saved.elapsed(), round));
    }
    report(&rounds);
    Ok(())
}

/// The median of each step, and of the whole.
fn report(rounds: &[(Duration, Value)]) {
    let of = |field: &str| {
        let values = rounds.iter().filter_map(|(_, round)| round[field].as_f64());
        median(values.collect())
    };
    let totals: Vec<f64> = rounds
        .iter()
        .map(|(took, _)| took.as_secs_f64() * 1000.0)
        .collect();
    let slowest = totals.iter().copied().fold(0.0, f64::max);
    let total = median(totals);
    let steps = [
        ("build", of("build_ms")),
        ("compile and configure", of("compile_ms")),
        ("component tests", of("test_ms")),
        ("put and swap", of("live_ms")),
    ];
    let known: f64 = steps.iter().map(|(_, took)| took).sum();
    println!("\nsaved to live, {EDITS} edits of {SOURCE}, median in ms\n");
    println!("| step | ms |\n|---|---|");
    for (step, took) in steps {
        println!("| {step} | {took:.0} |");
    }
    println!("| noticing the save, and the rest | {:.0} |", total - known);
    println!("| **saved to live** | **{total:.0}** (slowest {slowest:.0}) |");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A checkout of the guests and a home of their own, below the target folder.
struct Desk {
    root: PathBuf,
}

impl Desk {
    fn make() -> Result<Self> {
        let program = Path::new(env!("CARGO_BIN_EXE_transom"));
        let target = program.parent().and_then(Path::parent);
        let root = target.context("a target folder")?.join("bench-dev");
        for folder in ["checkout", "home"] {
            drop(std::fs::remove_dir_all(root.join(folder)));
        }
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for path in COPIED {
            copy(&checkout.join(path), &root.join("checkout").join(path))?;
        }
        std::fs::create_dir_all(root.join("home/transformers"))?;
        Ok(Self { root })
    }

    fn edit(&self, number: usize) -> Result<()> {
        let path = self.root.join("checkout").join(SOURCE);
        let text = std::fs::read_to_string(&path)?;
        let kept: Vec<&str> = text
            .lines()
            .filter(|line| !line.contains("bench-round"))
            .collect();
        let edited = kept.join("\n") + "\n";
        ensure!(edited.contains(BEFORE), "{SOURCE} has no {BEFORE}");
        let model = format!("(\"bench-round-{number}\", r#\"{{}}\"#),\n        {BEFORE}");
        std::fs::write(path, edited.replacen(BEFORE, &model, 1))?;
        Ok(())
    }

    /// The binary at this desk; `address` is where the service runs.
    fn spawn(&self, arguments: &[&str], address: Option<&str>) -> Result<Running> {
        let home = self.root.join("home");
        let provider = json!({
            "name": "c", "base_url": "http://127.0.0.1:9", "models": ["m"], "transformer": "cerebras",
        });
        let config = json!({ "listen": address.unwrap_or("127.0.0.1:0"), "providers": [provider] });
        let file = home.join(format!("{}.json5", arguments.join("-").replace(':', "-")));
        std::fs::write(&file, config.to_string())?;
        let log = std::fs::File::create(file.with_extension("log"))?;
        let mut process = Command::new(env!("CARGO_BIN_EXE_transom"))
            .args(arguments)
            .arg("--config")
            .arg(&file)
            .arg("--transformers")
            .arg(home.join("transformers"))
            .current_dir(self.root.join("checkout"))
            .env("CARGO_TARGET_DIR", self.root.join("guests"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_STATE_HOME", home.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let stdout = process
            .stdout
            .take()
            .context("invariant: stdout is piped")?;
        Ok(Running {
            process,
            lines: BufReader::new(stdout),
            log: file.with_extension("log"),
        })
    }
}

/// A process that ends with its value.
struct Running {
    process: Child,
    lines: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Running {
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        let said = || std::fs::read_to_string(&self.log).unwrap_or_default();
        ensure!(!line.is_empty(), "it ended and said: {}", said());
        Ok(line.trim().to_owned())
    }

    fn line_after(&mut self, prefix: &str) -> Result<String> {
        loop {
            if let Some(rest) = self.line()?.strip_prefix(prefix) {
                return Ok(rest.to_owned());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Without what was built.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        std::fs::copy(from, to).with_context(|| format!("{}", from.display()))?;
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        if name != "target" {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}
