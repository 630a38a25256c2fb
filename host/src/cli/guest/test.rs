//! `transom guest test`: recorded exchanges through a compiled component.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use anyhow::Context;
use serde_json::json;

use super::{TestArgs, find};
use crate::cli::{USAGE, runtime, term};
use crate::config::Limits;
use crate::testing::{Outcome, Runner, cases_in};
use crate::wasm::Engine;

pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let (name, origin, bytes) = find(&args.guest, args.transformers.as_deref())?;
    let dir = args
        .fixtures
        .clone()
        .unwrap_or_else(|| PathBuf::from("tests/fixtures").join(&name));
    let mut cases = cases_in(&dir).context(
        "no cases to run; name their folder as the second argument: `transom guest test NAME FOLDER`",
    )?;
    if let Some(only) = &args.only {
        cases.retain(|case| case.name.contains(only.as_str()));
        if cases.is_empty() {
            term::fail(&format!(
                "no case of {} has `{only}` in its name",
                dir.display()
            ));
            return Ok(ExitCode::from(USAGE));
        }
    }
    let seed = args.seed.unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map(|now| now.as_secs())
            .unwrap_or(1)
    });
    let limits = Limits::default();
    let engine = Engine::new(8, limits.memory).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let started = Instant::now();
    let runner = Runner::new(&engine, &name, &bytes, seed)?;
    let compiled = started.elapsed();
    let mut outcomes = Vec::new();
    let runtime = runtime()?;
    for case in &cases {
        let outcome = runtime.block_on(runner.run(case))?;
        if !args.json {
            print(&outcome, args.explain);
        }
        outcomes.push(outcome);
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    if args.json {
        term::say(&report(&name, seed, &outcomes).to_string());
    } else {
        let passed = outcomes.len() - failed;
        term::say(&format!(
            "{name} ({origin}, compiled in {:.0} ms, seed {seed}), {:.0} ms in all\n{passed} passed, {failed} failed",
            compiled.as_secs_f64() * 1000.0,
            started.elapsed().as_secs_f64() * 1000.0
        ));
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(outcome: &Outcome, explain: bool) {
    let mark = if outcome.passed() { "ok  " } else { "FAIL" };
    term::say(&format!(
        "{mark} {} ({:.1} ms)",
        outcome.name,
        outcome.took.as_secs_f64() * 1000.0
    ));
    for failure in &outcome.failures {
        term::say(&indented(failure));
    }
    if explain {
        let mut notes = outcome.notes.clone();
        notes.sort();
        notes.dedup();
        for (action, path, why) in notes {
            term::say(&format!("     {action} {path}: {why}"));
        }
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("     {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn report(name: &str, seed: u64, outcomes: &[Outcome]) -> serde_json::Value {
    let cases: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            json!({"name": outcome.name, "passed": outcome.passed(), "ms": outcome.took.as_secs_f64() * 1000.0,
                "failures": outcome.failures, "notes": outcome.notes})
        })
        .collect();
    json!({"guest": name, "seed": seed, "cases": cases})
}
