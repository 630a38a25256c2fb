//! `transom status`: whether the service runs, and what runs in it.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::background::{Asked, Found, Ours, find, foreign, known_place, replaced};
use super::service::Service;
use super::{StatusArgs, runtime, term};
use crate::config::DEFAULT_LISTEN;
use crate::service::note::Mode;

/// Exit code 0 if it runs, 1 if not.
pub(super) fn run(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let asked = Asked::new(&args.places, args.listen);
    let place = known_place()?;
    let runtime = runtime()?;
    let (address, found) = runtime.block_on(find(&place, &asked));
    let listen = address.unwrap_or(DEFAULT_LISTEN);
    let replaced = replaced(&place, &asked, address);
    match found {
        Found::Ours(mut ours) => {
            let mut status = ours.line.status()?;
            status["finishing"] = replaced.iter().map(Ours::to_json).collect();
            let how = match ours.note.mode {
                Mode::Background => "in the background",
                Mode::Foreground => "in the foreground",
                Mode::Unit => "as a systemd unit",
            };
            shown(args.json, status, &ours.url(), how);
            if !args.json {
                tell(&replaced);
            }
            Ok(ExitCode::SUCCESS)
        }
        Found::Foreign(health) => {
            if let Some(Ok(loaded)) = &asked.loaded
                && let Some(status) = runtime.block_on(over_http(&loaded.config))
            {
                shown(args.json, status, &health.url, "not started from here");
                return Ok(ExitCode::SUCCESS);
            }
            Ok(not_running(args.json, &foreign(listen, &health)))
        }
        Found::Stranger => Ok(not_running(
            args.json,
            &format!("transom is not running; another program listens at {listen}"),
        )),
        Found::Nobody { finishing, .. } => {
            let configured = match (&asked.config, asked.problems()) {
                (None, _) => "there is no configuration: the demo would be served".to_owned(),
                (Some(path), None) => format!("configured by {}", path.display()),
                (Some(path), Some(_)) => format!(
                    "{} does not hold, `transom check` tells why",
                    path.display()
                ),
            };
            let finishing = finishing
                .map(|ours| format!("; process {} finishes its last exchanges", ours.note.pid))
                .unwrap_or_default();
            let why = format!(
                "transom is not running at {listen} ({configured}{finishing}); `transom start` starts it"
            );
            if !args.json {
                tell(&replaced);
            }
            Ok(not_running(args.json, &why))
        }
    }
}

/// Of what a restart left.
fn tell(replaced: &[Ours]) {
    for process in replaced {
        term::say(&process.still());
    }
}

async fn over_http(config: &crate::config::Config) -> Option<Value> {
    Service::running(config).await?.status().await.ok()
}

fn not_running(json: bool, why: &str) -> ExitCode {
    if json {
        term::say(&json!({"running": false, "message": why}).to_string());
    } else {
        term::say(why);
    }
    ExitCode::FAILURE
}

fn shown(json: bool, mut status: Value, url: &str, how: &str) {
    if json {
        status["running"] = Value::Bool(true);
        term::say(&status.to_string());
    } else {
        term::show(&text(&status, url, how));
    }
}

/// For people.
fn text(status: &Value, url: &str, how: &str) -> String {
    let mut out = String::new();
    // Writing into a string does not fail.
    let _ = write_text(&mut out, status, url, how);
    out
}

fn write_text(out: &mut String, status: &Value, url: &str, how: &str) -> std::fmt::Result {
    let word = |pointer: &str| told(status.pointer(pointer));
    writeln!(
        out,
        "transom {} runs at {url}: process {}, {how}, since {}",
        word("/version"),
        word("/pid"),
        word("/started_at")
    )?;
    let config = match status.pointer("/config/path") {
        Some(Value::String(path)) => path.as_str(),
        _ => "none, the demo is served",
    };
    writeln!(out, "configuration  {config}")?;
    if let Some(Value::String(error)) = status.pointer("/config/error") {
        writeln!(
            out,
            "               its newest state does not hold: {error}"
        )?;
    }
    writeln!(out, "log file       {}", word("/log_file"))?;
    writeln!(
        out,
        "exchanges      {} run, {} ended, {} of them failed",
        word("/in_flight"),
        word("/totals/requests"),
        word("/totals/failed")
    )?;
    writeln!(
        out,
        "tokens         {} in, {} out, {} cached; {} USD",
        word("/totals/input_tokens"),
        word("/totals/output_tokens"),
        word("/totals/cached_tokens"),
        word("/totals/cost_usd")
    )?;
    write_router(out, &status["router"])?;
    let list = |name: &str| status[name].as_array().cloned().unwrap_or_default();
    let providers = list("providers").into_iter().map(|provider| {
        ["name", "transformer", "key", "base_url"].map(|name| told(provider.get(name)))
    });
    table(
        out,
        ["provider", "transformer", "key", "base URL"],
        providers.collect(),
    )?;
    let transformers = list("transformers").into_iter().map(|one| {
        let error = match one.get("last_error") {
            Some(Value::String(error)) => error.lines().next().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let [name, generation, calls, traps] =
            ["name", "generation", "calls", "traps"].map(|name| told(one.get(name)));
        [name, generation, format!("{calls} ({traps} traps)"), error]
    });
    table(
        out,
        ["transformer", "generation", "calls", "last error"],
        transformers.collect(),
    )
}

/// The router component, and why its newest bytes are not asked.
fn write_router(out: &mut String, router: &Value) -> std::fmt::Result {
    let Some(name) = router.get("name") else {
        return Ok(());
    };
    let [generation, calls, faults] =
        ["generation", "calls", "faults"].map(|name| told(router.get(name)));
    writeln!(
        out,
        "router         {}, generation {generation}, asked {calls} times, failed {faults} times",
        told(Some(name))
    )?;
    match router.get("last_error") {
        Some(Value::String(error)) => writeln!(out, "               {error}"),
        _ => Ok(()),
    }
}

/// A value in a word; lists with commas.
fn told(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| told(Some(item))).collect();
            items.join(" > ")
        }
        Some(other) => other.to_string(),
    }
}

fn table(out: &mut String, head: [&str; 4], rows: Vec<[String; 4]>) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<[String; 4]> = std::iter::once(head.map(str::to_owned))
        .chain(rows)
        .collect();
    let mut widths = [0; 4];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    writeln!(out)?;
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            write!(line, "{cell:width$}  ")?;
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_shown_in_lines() {
        let status = json!({
            "version": "1.2.3", "pid": 7, "started_at": "2026-11-22T00:00:00.000Z", "log_file": null,
            "config": {"path": "/c.json5", "error": "line 3: no"}, "in_flight": 2,
            "totals": {"requests": 5, "failed": 1, "input_tokens": 10, "output_tokens": 3, "cached_tokens": 0, "cost_usd": 0.5},
            "providers": [{"name": "p", "transformer": ["a", "b"], "key": "set", "base_url": "http://x/"}],
            "router": {"name": "signpost", "generation": 0, "calls": 0, "faults": 0, "last_error": "it is cut"},
            "transformers": [{"name": "a", "generation": 2, "calls": 9, "traps": 1, "last_error": "broke\nat length"}],
        });
        let text = text(&status, "http://127.0.0.1:1", "in the background");
        for part in [
            "transom 1.2.3 runs at http://127.0.0.1:1: process 7, in the background",
            "does not hold: line 3: no",
            "2 run, 5 ended, 1 of them failed",
            "router         signpost, generation 0, asked 0 times, failed 0 times\n               it is cut",
            "p         a > b        set  http://x/",
            "a            2           9 (1 traps)  broke",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
