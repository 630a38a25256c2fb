//! What `guest test` shows to a person.

use super::Session;
use crate::cli::term;
use crate::testing::{Case, Outcome, Remark, Side, remarks};

/// A case: one line, and what is wrong with it.
pub(super) fn case(session: &Session, outcome: &Outcome) -> String {
    let mark = if outcome.passed() { "ok  " } else { "FAIL" };
    let ms = outcome.took.as_secs_f64() * 1000.0;
    let mut text = format!("{mark} {} ({ms:.1} ms)", outcome.name);
    if outcome.passed() && !outcome.expects {
        text += ", nothing to compare with: --accept writes what came";
    } else if outcome.passed() && outcome.compares_no_body {
        text += ", the body that was sent is not compared: --accept writes it";
    }
    for failure in &outcome.failures {
        text += "\n";
        text += &indented(&failure.lines());
    }
    if !outcome.passed() {
        text += "\n";
        text += &indented(&format!("again: {}", session.repeat(outcome)));
    }
    text
}

/// What the transformer did to an exchange. Returns how many fields are gone without a word.
pub(super) fn explain(case: &Case, outcome: &Outcome) -> usize {
    let remarks = remarks(case, outcome);
    for remark in &remarks {
        term::say(&indented(&line(remark)));
    }
    let silent = remarks.iter().filter(|remark| remark.is_silent_drop());
    silent.count()
}

fn line(remark: &Remark) -> String {
    let (path, why) = (&remark.path, &remark.why);
    match remark.side {
        Side::Request => format!("{} {path}: {why}", remark.action),
        // Sums and translated words are not to be found by comparing.
        Side::Answer if remark.action == "drop" && !remark.said => {
            format!("answer: not there as it came: {path}: {why}")
        }
        Side::Answer => format!("answer: {} {path}: {why}", remark.action),
    }
}

/// The last line: everything about the run.
pub(super) fn summary(session: &Session) -> String {
    let (all, failed) = (session.outcomes.len(), session.failed());
    let ms = |took: std::time::Duration| took.as_secs_f64() * 1000.0;
    let cases: f64 = session.outcomes.iter().map(|one| ms(one.took)).sum();
    format!(
        "{}: {} passed, {failed} failed in {cases:.0} ms, {:.1} ms a case ({}, sha256 {}, compiled in {:.0} ms, seed {}, cases of {})",
        session.name,
        all - failed,
        cases / all.max(1) as f64,
        session.origin,
        session.sha256.get(..8).unwrap_or_default(),
        ms(session.compiled),
        session.seed,
        session.folder.display(),
    )
}

pub(super) fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("     {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
