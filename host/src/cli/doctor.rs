//! `transom doctor`: what `check` says, and everything around it, with a remedy for each thing that is wrong.
//!
//! The report holds no key and no prompt, so that it can be pasted.

use std::fmt;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::check::{Report, components};
use super::serve::start;
use super::{Places, USAGE, runtime, term};
use crate::config::{Config, Key, process_env};

mod live;
mod machine;

#[derive(Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    places: Places,
    /// Ask no provider
    #[arg(long)]
    offline: bool,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

/// How it is with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Finding {
    state: State,
    /// Such as `port`, or `provider cerebras`.
    what: String,
    said: String,
    remedy: Option<String>,
    /// Of a live request.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    figures: Option<live::Figures>,
}

impl Finding {
    fn ok(what: impl Into<String>, said: impl Into<String>) -> Self {
        Self {
            state: State::Ok,
            what: what.into(),
            said: said.into(),
            remedy: None,
            figures: None,
        }
    }

    fn warn(what: impl Into<String>, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Warn,
            remedy: Some(remedy.into()),
            ..Self::ok(what, said)
        }
    }

    fn fail(what: impl Into<String>, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Fail,
            ..Self::warn(what, said, remedy)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        write!(f, "{state}  {}: {}", self.what, self.said)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n      -> {remedy}"),
            None => Ok(()),
        }
    }
}

pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let path = Config::find(args.places.config.clone(), &process_env);
    let runtime = runtime()?;
    let report = Report::of(path.as_deref(), &process_env, |config, providers| {
        let dir = start(config.clone(), &args.places).transformers;
        components::load(config, providers, dir, &runtime)
    });
    let mut findings = of_configuration(&report);
    let config = path.and_then(|path| Config::load(&path, &process_env).ok());
    let invalid = config.is_none() && report.config.is_some();
    if let Some(config) = config.map(|loaded| loaded.config) {
        findings.push(window(&config));
        findings.extend(runtime.block_on(machine::findings(&config, args.offline)));
        findings.extend(runtime.block_on(providers(&config, args)));
    }
    let home = process_env("HOME").unwrap_or_default();
    for finding in &mut findings {
        tidy(finding, &home);
    }
    let failed = findings.iter().any(|finding| finding.state == State::Fail);
    if args.json {
        let version = env!("CARGO_PKG_VERSION");
        let report = serde_json::json!({ "ok": !failed, "version": version, "findings": findings });
        term::say(&format!("{report:#}"));
    } else {
        term::say(&format!(
            "transom {}, {} {}, catalog of models {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            crate::catalog::version(),
        ));
        for finding in &findings {
            term::say(&finding.to_string());
        }
    }
    Ok(match (invalid, failed) {
        (true, _) => ExitCode::from(USAGE),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

/// A name of a user is nobody else's business.
fn tidy(finding: &mut Finding, home: &str) {
    if home.len() > 1 {
        finding.said = finding.said.replace(home, "~");
        finding.remedy = finding
            .remedy
            .take()
            .map(|remedy| remedy.replace(home, "~"));
    }
}

fn of_configuration(report: &Report) -> Vec<Finding> {
    let Some(path) = &report.config else {
        let remedy = "`transom config init` writes one";
        return vec![Finding::warn("configuration", "there is none", remedy)];
    };
    let told = |problem: &crate::config::Problem, state: State| Finding {
        state,
        what: format!("configuration line {}", problem.line),
        said: match problem.path.as_str() {
            "" => problem.message.clone(),
            path => format!("{path}: {}", problem.message),
        },
        remedy: problem.remedy.clone(),
        figures: None,
    };
    let providers = match report.providers.len() {
        1 => "1 provider".to_owned(),
        count => format!("{count} providers"),
    };
    let whole = format!("{}, {providers}", path.display());
    let first = if report.ok {
        Finding::ok("configuration", whole)
    } else {
        Finding::fail("configuration", whole, "mend what follows")
    };
    let problems = report.problems.iter().map(|one| told(one, State::Fail));
    let warnings = report.warnings.iter().map(|one| told(one, State::Warn));
    std::iter::once(first)
        .chain(problems)
        .chain(warnings)
        .collect()
}

fn window(config: &Config) -> Finding {
    match config.smallest_window() {
        Some(window) => Finding::ok(
            "window",
            format!("Claude Code is told {window} tokens, the smallest among the routed models"),
        ),
        None => Finding::warn(
            "window",
            "no routed model's window is known, so Claude Code goes by its own belief and may compact too late",
            "write `context_window` for the routed models into `models`",
        ),
    }
}

async fn providers(config: &Config, args: &DoctorArgs) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut asked = Vec::new();
    for provider in &config.providers {
        let what = format!("provider {}", provider.name);
        match &provider.key {
            Key::Missing { variable } => findings.push(Finding::fail(
                what,
                format!("its key is missing: {variable} is not set"),
                format!("transom key set {variable}"),
            )),
            _ if args.offline => {
                findings.push(Finding::ok(what, "not asked, because of --offline"));
            }
            Key::Set(_) | Key::Absent => asked.push(provider),
        }
    }
    if !asked.is_empty() {
        findings.extend(live::ask(config, &asked, start(live::alone(config), &args.places)).await);
    }
    findings
}
