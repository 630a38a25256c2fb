//! What `guest test --json` prints.

use serde_json::{Value, json};

use super::Session;
use super::accept::Accepted;
use crate::testing::{Case, Finding, Outcome, remarks};

pub(super) fn report(
    session: &Session,
    cases: &[Case],
    accepted: Option<&Accepted>,
    explain: bool,
) -> Value {
    let ms = |took: std::time::Duration| took.as_secs_f64() * 1000.0;
    let all = cases.iter().zip(&session.outcomes);
    let list: Vec<Value> = all
        .map(|(case, outcome)| {
            let mut entry = one(session, outcome);
            if explain {
                entry["explain"] = json!(remarks(case, outcome));
            }
            entry
        })
        .collect();
    let mut report = json!({
        "guest": session.name,
        "origin": session.origin,
        "sha256": session.sha256,
        "folder": session.folder.display().to_string(),
        "seed": session.seed,
        "compile_ms": ms(session.compiled),
        "ms": ms(session.took),
        "passed": session.outcomes.len() - session.failed(),
        "failed": session.failed(),
        "cases": list,
    });
    if let Some(accepted) = accepted {
        report["accepted"] = accepted.to_json();
    }
    report
}

fn one(session: &Session, outcome: &Outcome) -> Value {
    let texts: Vec<String> = outcome.failures.iter().map(Finding::lines).collect();
    let findings: Vec<Value> = outcome.failures.iter().map(Finding::to_json).collect();
    json!({
        "name": outcome.name,
        "passed": outcome.passed(),
        "ms": outcome.took.as_secs_f64() * 1000.0,
        "failures": texts,
        "findings": findings,
        "notes": outcome.notes,
        "repeat": session.repeat(outcome),
    })
}
