//! `transom statusline`: one line for Claude Code's `statusLine.command`, from the JSON that it writes to
//! standard input.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

use super::term;
use crate::config::{Config, Env, Module, process_env};

/// Far more than Claude Code says.
const LONGEST: u64 = 1 << 20;

/// What is read of the end of a transcript: the last answer is there.
const TAIL: u64 = 256 << 10;

/// What is filled into texts.
const VARIABLES: [&str; 6] = [
    "workDirName",
    "gitBranch",
    "model",
    "inputTokens",
    "outputTokens",
    "cost",
];

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_string(&mut text)?;
    let Ok(said @ Value::Object(_)) = serde_json::from_str(&text) else {
        term::fail("standard input is not the JSON that Claude Code hands to a status line");
        return Ok(ExitCode::FAILURE);
    };
    // A configuration with problems must not take the line away.
    let configured = Config::find(None, &process_env)
        .and_then(|path| Config::load(&path, &process_env).ok())
        .and_then(|loaded| loaded.config.statusline);
    term::say_coloured(&line(
        &said,
        &configured.unwrap_or_else(usual),
        &process_env,
    ));
    Ok(ExitCode::SUCCESS)
}

/// What is shown where the configuration does not say.
fn usual() -> Vec<Module> {
    let module = |icon: &str, text: &str, color: &str| Module {
        icon: icon.to_owned(),
        text: text.to_owned(),
        color: Some(color.to_owned()),
        background: None,
    };
    vec![
        module("", "{{workDirName}}", "bright_blue"),
        module("", "{{gitBranch}}", "bright_magenta"),
        module("", "{{model}}", "bright_cyan"),
        module("↑", "{{inputTokens}}", "bright_green"),
        module("↓", "{{outputTokens}}", "bright_yellow"),
    ]
}

/// Modules that have nothing to say are left out.
fn line(said: &Value, modules: &[Module], env: Env<'_>) -> String {
    let colors = env("NO_COLOR").is_none_or(|value| value.is_empty());
    let values = VARIABLES.map(|name| (name, value(said, name)));
    let parts = modules.iter().filter_map(|module| {
        let mut text = module.text.clone();
        let mut empty = 0;
        let mut named = 0;
        for (name, value) in &values {
            let mark = format!("{{{{{name}}}}}");
            if text.contains(&mark) {
                named += 1;
                empty += usize::from(value.is_empty());
                text = text.replace(&mark, value);
            }
        }
        if named > 0 && named == empty {
            return None;
        }
        let text = match module.icon.as_str() {
            "" => text,
            icon => format!("{icon} {text}"),
        };
        Some(if colors { colored(module, &text) } else { text })
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn value(said: &Value, name: &str) -> String {
    match name {
        "workDirName" => {
            let name = folder(said).and_then(|path| Some(path.file_name()?.to_owned()));
            name.map(|name| clean(&name.to_string_lossy()))
                .unwrap_or_default()
        }
        "gitBranch" => folder(said)
            .and_then(|path| branch(&path))
            .unwrap_or_default(),
        "model" => model(said),
        "inputTokens" => tokens(said, "input_tokens", "/context_window/total_input_tokens"),
        "outputTokens" => tokens(said, "output_tokens", "/context_window/total_output_tokens"),
        "cost" => {
            let cost = said.pointer("/cost/total_cost_usd").and_then(Value::as_f64);
            cost.map(|cost| format!("${cost:.2}")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// What comes from elsewhere must not steer the terminal.
fn clean(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    term::harmless(&plain).into_owned()
}

fn folder(said: &Value) -> Option<PathBuf> {
    let places = ["/workspace/current_dir", "/cwd"];
    let mut found = places
        .iter()
        .filter_map(|place| said.pointer(place)?.as_str());
    found.next().map(PathBuf::from)
}

/// The branch of the repository that a folder is in, or the beginning of its commit.
fn branch(folder: &Path) -> Option<String> {
    let git = folder
        .ancestors()
        .map(|dir| dir.join(".git"))
        .find(|path| path.exists())?;
    let git = if git.is_file() {
        let text = std::fs::read_to_string(&git).ok()?;
        let named = text.strip_prefix("gitdir: ")?.trim();
        git.parent()?.join(named)
    } else {
        git
    };
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let head = head.trim();
    let name = head.strip_prefix("ref: refs/heads/");
    Some(clean(name.unwrap_or_else(|| head.get(..8).unwrap_or(head))))
}

/// What answered last, if the transcript says so: a route may have led elsewhere than the client's choice.
fn model(said: &Value) -> String {
    let answered = last_answer(said);
    let served = answered.as_ref().and_then(|answer| answer.get("model"));
    let chosen = ["/model/display_name", "/model/id"];
    let mut names = served
        .into_iter()
        .chain(chosen.iter().filter_map(|place| said.pointer(place)))
        .filter_map(Value::as_str)
        .filter(|name| !name.is_empty() && *name != "<synthetic>");
    names.next().map(clean).unwrap_or_default()
}

fn tokens(said: &Value, of_answer: &str, of_client: &str) -> String {
    let told = said.pointer(of_client).and_then(Value::as_u64);
    let count = told.or_else(|| {
        let answer = last_answer(said)?;
        let usage = answer.get("usage")?;
        let cached = match of_answer {
            "input_tokens" => usage.get("cache_read_input_tokens").and_then(Value::as_u64),
            _ => None,
        };
        Some(usage.get(of_answer)?.as_u64()? + cached.unwrap_or(0))
    });
    count.map(short).unwrap_or_default()
}

fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

/// The `message` of the transcript's last answer.
fn last_answer(said: &Value) -> Option<Value> {
    use std::io::{Seek as _, SeekFrom};
    let path = said.get("transcript_path")?.as_str()?;
    let mut file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    let mut lines = tail.rsplit(|byte| *byte == b'\n');
    lines.find_map(|line| {
        let mut entry: Value = serde_json::from_slice(line).ok()?;
        (entry["type"] == "assistant").then(|| entry["message"].take())
    })
}

fn colored(module: &Module, text: &str) -> String {
    let codes: Vec<String> = [(&module.color, 30), (&module.background, 40)]
        .into_iter()
        .filter_map(|(name, base)| code(name.as_deref()?, base))
        .collect();
    if codes.is_empty() {
        return text.to_owned();
    }
    let mut out = String::new();
    // Infallible: a String takes whatever is written.
    let _ = write!(out, "\x1b[{}m{text}\x1b[0m", codes.join(";"));
    out
}

/// The number that a terminal knows a colour by. `base`: 30 for text, 40 for what is behind it.
fn code(name: &str, base: u32) -> Option<String> {
    const NAMES: [&str; 8] = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    ];
    if let Some(hex) = name.strip_prefix('#') {
        let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        let (red, green, blue) = (part(0)?, part(2)?, part(4)?);
        return Some(format!("{};2;{red};{green};{blue}", base + 8));
    }
    let plain = name.strip_prefix("bg_").unwrap_or(name);
    let (plain, base) = match plain.strip_prefix("bright_") {
        Some(plain) => (plain, base + 60),
        None => (plain, base),
    };
    let at = NAMES.iter().position(|known| *known == plain)?;
    Some((base + u32::try_from(at).ok()?).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(said: &Value) -> String {
        line(said, &usual(), &|name| {
            (name == "NO_COLOR").then(|| "1".to_owned())
        })
    }

    #[test]
    fn the_line_names_folder_branch_model_and_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work/deep");
        std::fs::create_dir_all(&work).unwrap();
        std::fs::create_dir(folder.path().join("work/.git")).unwrap();
        std::fs::write(
            folder.path().join("work/.git/HEAD"),
            "ref: refs/heads/a/b\n",
        )
        .unwrap();
        let transcript = folder.path().join("t.jsonl");
        let answer = json!({ "type": "assistant", "message": { "model": "gpt-oss-120b",
            "usage": { "input_tokens": 1000, "cache_read_input_tokens": 500, "output_tokens": 12 } } });
        std::fs::write(
            &transcript,
            format!("{{}}\n{answer}\n{{\"type\":\"user\"}}\n"),
        )
        .unwrap();
        let said = json!({
            "workspace": { "current_dir": work }, "model": { "id": "x", "display_name": "Opus" },
            "transcript_path": transcript,
        });
        assert_eq!(plain(&said), "deep a/b gpt-oss-120b ↑ 1.5k ↓ 12");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let said =
            json!({ "model": { "id": "x", "display_name": "Opus" }, "cwd": "/nonexistent/dir" });
        assert_eq!(plain(&said), "dir Opus");
        assert_eq!(plain(&json!({})), "");
    }

    #[test]
    fn colours_have_names_or_numbers() {
        assert_eq!(code("bright_blue", 30).as_deref(), Some("94"));
        assert_eq!(code("bg_black", 40).as_deref(), Some("40"));
        assert_eq!(code("#ff0080", 30).as_deref(), Some("38;2;255;0;128"));
        assert_eq!(code("nonsense", 30), None);
        let module = Module {
            icon: String::new(),
            text: "{{model}}".to_owned(),
            color: Some("red".to_owned()),
            background: Some("bg_white".to_owned()),
        };
        let said = json!({ "model": { "id": "m" } });
        assert_eq!(line(&said, &[module], &|_| None), "\x1b[31;47mm\x1b[0m");
    }

    #[test]
    fn what_comes_from_elsewhere_cannot_steer_the_terminal() {
        let said = json!({ "model": { "display_name": "a\u{1b}[2Jb" } });
        assert_eq!(plain(&said), "a[2Jb");
    }
}
