//! `guest test --accept`: shows what would change, asks, writes.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::print::indented;
use super::{Session, TestArgs};
use crate::cli::term;
use crate::testing::{Case, Proposal, proposal};

/// What became of the proposals.
pub(super) struct Accepted {
    proposals: Vec<Proposal>,
    /// The files were written.
    written: bool,
    /// There was something to write, but neither `--yes` nor a terminal.
    pub(super) nobody_to_ask: bool,
}

impl Accepted {
    /// Files of this case were written.
    pub(super) fn wrote(&self, case: &str) -> bool {
        let mut proposals = self.proposals.iter();
        self.written && proposals.any(|one| one.case == case && !one.files.is_empty())
    }

    pub(super) fn to_json(&self) -> Value {
        let cases: Vec<Value> = self
            .proposals
            .iter()
            .map(|one| {
                let files = one.files.iter();
                let files: Vec<String> =
                    files.map(|file| file.path.display().to_string()).collect();
                json!({"name": one.case, "files": files, "by_hand": one.by_hand})
            })
            .collect();
        json!({"written": self.written, "cases": cases})
    }
}

pub(super) fn run(args: &TestArgs, session: &Session, cases: &[Case]) -> anyhow::Result<Accepted> {
    let all = cases.iter().zip(&session.outcomes);
    let proposals: Vec<Proposal> = all
        .filter_map(|(case, outcome)| proposal(case, outcome))
        .collect();
    if !args.json {
        proposals.iter().for_each(show);
    }
    let files = || proposals.iter().flat_map(|one| &one.files);
    let count = files().count();
    let mut accepted = Accepted {
        written: false,
        nobody_to_ask: false,
        proposals: Vec::new(),
    };
    if count == 0 {
        if !args.json {
            term::say("nothing to write");
        }
    } else if args.yes || agreed(args, count, &mut accepted.nobody_to_ask) {
        for file in files() {
            file.write()
                .with_context(|| format!("{} cannot be written", file.path.display()))?;
        }
        accepted.written = true;
        if !args.json {
            term::say(&format!("wrote {}", counted(count)));
        }
    }
    accepted.proposals = proposals;
    Ok(accepted)
}

fn show(proposal: &Proposal) {
    term::say(&format!("{}:", proposal.case));
    for file in &proposal.files {
        term::say(&indented(&file.diff()));
    }
    for sentence in &proposal.by_hand {
        term::say(&indented(&format!("by hand: {sentence}")));
    }
}

fn agreed(args: &TestArgs, count: usize, nobody: &mut bool) -> bool {
    let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if args.json || !asks {
        *nobody = true;
        term::fail("nothing is written: add --yes where there is nobody to ask");
        return false;
    }
    term::note(&format!("write {}? [y/N]", counted(count)));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn counted(files: usize) -> String {
    match files {
        1 => "1 file".to_owned(),
        _ => format!("{files} files"),
    }
}
