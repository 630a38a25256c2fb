//! `transom guest diff`: two components on the same recorded exchanges.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::cases::Cases;
use super::{engine, find, usage};
use crate::cli::{USAGE, runtime, term};
use crate::recorder::Change;
use crate::testing::{Duel, Verdict};

#[derive(Args)]
pub(in crate::cli) struct DiffArgs {
    /// A component file, or the name of a transformer: what it was
    old: String,
    /// A component file, or the name of a transformer: what it is to be
    new: String,
    /// Folder of cases [default: guests/NAME/fixtures, tests/fixtures/NAME or fixtures, whichever is there]
    #[arg(value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Folder of component files [default: ~/.local/share/transom/transformers]
    #[arg(long, value_name = "DIR")]
    transformers: Option<PathBuf>,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

/// Changes of one case that are shown.
const SHOWN: usize = 20;

pub(super) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let component = |guest: &str| {
        let found = find(guest, args.transformers.as_deref());
        found.map_err(|error| format!("{error:#}"))
    };
    let found = component(&args.old).and_then(|old| Ok((old, component(&args.new)?)));
    let ((old_name, _, old), (new_name, _, new)) = match found {
        Ok(found) => found,
        Err(why) => return Ok(usage(&why)),
    };
    let names = [new_name.as_str(), old_name.as_str()];
    let cases = match Cases::find(args.fixtures.as_deref(), &names, args.only.as_deref()) {
        Ok(cases) => cases,
        Err(why) => return Ok(usage(&why)),
    };
    let engine = engine()?;
    // Exit code 1 is for components that differ, and for nothing else.
    let duel = match Duel::new(&engine, &new_name, &old, &new) {
        Ok(duel) => duel,
        Err(error) => return Ok(usage(&format!("{error:#}"))),
    };
    let runtime = runtime()?;
    let verdicts: Vec<(&str, Verdict)> = cases
        .list
        .iter()
        .map(|case| (case.name.as_str(), runtime.block_on(duel.run(case))))
        .collect();
    if args.json {
        term::say(&report(&duel, &cases, &verdicts).to_string());
    } else {
        for (name, verdict) in &verdicts {
            term::say(&shown(name, verdict));
        }
        let (old, new) = duel.sha256();
        let short = |sha256: &str| sha256.get(..8).unwrap_or_default().to_owned();
        term::say(&format!(
            "{} ({old_name} sha256 {} against {new_name} sha256 {}, cases of {})",
            summary(&verdicts),
            short(old),
            short(new),
            cases.folder.display()
        ));
    }
    let counts = Counts::of(&verdicts);
    Ok(match counts {
        Counts { differ: 1.., .. } => ExitCode::FAILURE,
        Counts { untried: 1.., .. } => ExitCode::from(USAGE),
        _ => ExitCode::SUCCESS,
    })
}

#[derive(Default)]
struct Counts {
    same: usize,
    differ: usize,
    untried: usize,
}

impl Counts {
    fn of(verdicts: &[(&str, Verdict)]) -> Self {
        let mut counts = Self::default();
        for (_, verdict) in verdicts {
            match verdict {
                Verdict::Same => counts.same += 1,
                Verdict::Differs(_) | Verdict::DiffersCut(..) => counts.differ += 1,
                Verdict::Untried(_) => counts.untried += 1,
            }
        }
        counts
    }
}

fn summary(verdicts: &[(&str, Verdict)]) -> String {
    let counts = Counts::of(verdicts);
    let verb = if counts.differ == 1 {
        "differs"
    } else {
        "differ"
    };
    let untried = match counts.untried {
        0 => String::new(),
        some => format!(", {some} not tried"),
    };
    format!(
        "{} the same, {} {verb}{untried}",
        counts.same, counts.differ
    )
}

fn shown(name: &str, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Same => format!("same    {name}"),
        Verdict::Untried(why) => format!("unknown {name}\n          {why}"),
        Verdict::Differs(changes) => {
            let mut lines = vec![format!("differs {name}")];
            lines.extend(listed(changes));
            lines.join("\n")
        }
        Verdict::DiffersCut(ways, changes) => {
            let first = ways.first().map(String::as_str).unwrap_or_default();
            let mut lines = vec![
                format!("differs {name}"),
                format!("          only with the stream {first}:"),
            ];
            lines.extend(listed(changes));
            if ways.len() > 1 {
                let others = ways.get(1..).unwrap_or_default().join("; ");
                lines.push(format!("          and also {others}"));
            }
            lines.join("\n")
        }
    }
}

fn listed(changes: &[Change]) -> Vec<String> {
    let named = changes.iter().take(SHOWN);
    let mut lines: Vec<String> = named.map(|change| format!("          {change}")).collect();
    if changes.len() > SHOWN {
        lines.push(format!("          and {} more", changes.len() - SHOWN));
    }
    lines
}

fn report(duel: &Duel, cases: &Cases, verdicts: &[(&str, Verdict)]) -> Value {
    let counts = Counts::of(verdicts);
    let (old, new) = duel.sha256();
    let list: Vec<Value> = verdicts
        .iter()
        .map(|(name, verdict)| match verdict {
            Verdict::Same => json!({"name": name, "same": true, "changes": []}),
            Verdict::Untried(why) => json!({"name": name, "same": null, "why": why}),
            Verdict::Differs(changes) => {
                json!({"name": name, "same": false, "changes": as_json(changes)})
            }
            Verdict::DiffersCut(ways, changes) => {
                json!({"name": name, "same": false, "only_cut": ways, "changes": as_json(changes)})
            }
        })
        .collect();
    json!({
        "old": {"sha256": old}, "new": {"sha256": new},
        "folder": cases.folder.display().to_string(),
        "same": counts.same, "differ": counts.differ, "not_tried": counts.untried,
        "cases": list,
    })
}

fn as_json(changes: &[Change]) -> Vec<Value> {
    let one = |change: &Change| json!({"path": change.path, "old": change.old, "new": change.new});
    changes.iter().map(one).collect()
}
