//! Building a guest in Rust: with cargo, in the profile `guest-dev`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::package::Built;
use crate::cli::term;

/// The package's name: the first `name` of its section.
pub(super) fn name(manifest: &str) -> Option<String> {
    let lines = manifest.lines().map(str::trim);
    let mut package = lines.skip_while(|line| *line != "[package]").skip(1);
    let mut own = package.by_ref().take_while(|line| !line.starts_with('['));
    own.find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim().strip_prefix('"')?;
        (name.trim() == "name").then(|| value.split('"').next().unwrap_or_default().to_owned())
    })
}

/// Builds quickly. Errors: one line; what the compiler says was printed before.
pub(super) fn build(folder: &Path, name: &str) -> anyhow::Result<Built> {
    let output = Command::new("cargo")
        .args([
            "build",
            "--profile",
            "guest-dev",
            "--target",
            "wasm32-wasip2",
        ])
        .args(["--message-format", message_format(), "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("cargo cannot be started; install Rust from https://rustup.rs")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if !output.status.success() {
        let errors = diagnostics(&messages, "error");
        for error in &errors {
            term::note_coloured(error.trim_end());
        }
        let said = said(&output.stderr);
        match errors.len() {
            0 => bail!("it does not build: {said}"),
            1 => bail!("it does not build: 1 error"),
            count => bail!("it does not build: {count} errors"),
        }
    }
    let component = messages
        .iter()
        .rev()
        .find_map(|message| component(message, name));
    let component = component
        .context("the build made no component; is it a `cdylib` with the profile `guest-dev`?")?;
    Ok(Built {
        component,
        warnings: diagnostics(&messages, "warning").len(),
    })
}

fn message_format() -> &'static str {
    if std::io::stderr().is_terminal() {
        "json-diagnostic-rendered-ansi"
    } else {
        "json"
    }
}

/// What the compiler says of this level, as it would print it. Its own sums are left out.
fn diagnostics<'m>(messages: &'m [Value], level: &str) -> Vec<&'m str> {
    let of_level = messages.iter().filter_map(|message| message.get("message"));
    let of_level = of_level.filter(|said| {
        let spans = said.get("spans").and_then(Value::as_array);
        said.get("level").and_then(Value::as_str) == Some(level)
            && (spans.is_some_and(|spans| !spans.is_empty()) || !is_sum(said))
    });
    of_level
        .filter_map(|said| said.get("rendered")?.as_str())
        .collect()
}

/// `aborting due to 2 previous errors`, `1 warning emitted`
fn is_sum(said: &Value) -> bool {
    let text = said
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.starts_with("aborting due to") || text.ends_with(" emitted")
}

/// The component among what one message of cargo says was made for the crate.
fn component(message: &Value, name: &str) -> Option<PathBuf> {
    let file = format!("{name}.wasm");
    let alternative = format!("{}.wasm", name.replace('-', "_"));
    let files = message.get("filenames")?.as_array()?.iter();
    files
        .filter_map(Value::as_str)
        .map(PathBuf::from)
        .find(|path| {
            path.file_name()
                .is_some_and(|name| *name == *file || *name == *alternative)
        })
}

/// The compiler's words, with the remedy that it does not know.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim();
    if text.contains("can't find crate for `core`") || text.contains("target may not be installed")
    {
        return format!("{text}\nrun `rustup target add wasm32-wasip2`");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_component_is_found_among_cargos_messages() {
        let message =
            json!({"reason": "compiler-artifact", "filenames": ["/t/guest-dev/my_guest.wasm"]});
        assert_eq!(
            component(&message, "my-guest"),
            Some(PathBuf::from("/t/guest-dev/my_guest.wasm"))
        );
        assert_eq!(component(&message, "other"), None);
        assert_eq!(
            component(&json!({"reason": "build-finished"}), "my-guest"),
            None
        );
    }

    #[test]
    fn diagnostics_are_counted_without_the_compilers_own_sums() {
        let said = |level: &str, text: &str, spans: Value| json!({"message": {"level": level, "message": text, "rendered": text, "spans": spans}});
        let messages = [
            said("warning", "unused", json!([{}])),
            said("warning", "1 warning emitted", json!([])),
            said("error", "no such crate", json!([])),
            said("error", "aborting due to 1 previous error", json!([])),
            json!({"reason": "build-finished"}),
        ];
        assert_eq!(diagnostics(&messages, "warning"), ["unused"]);
        assert_eq!(diagnostics(&messages, "error"), ["no such crate"]);
    }

    #[test]
    fn a_missing_target_is_told_with_its_remedy() {
        let told = said(b"error[E0463]: can't find crate for `core`");
        assert!(
            told.ends_with("`rustup target add wasm32-wasip2`"),
            "{told}"
        );
    }
}
