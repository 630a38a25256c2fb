//! The guest's package: where it is, and building it with cargo.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::cli::term;

/// A guest that can be built.
#[derive(Debug)]
pub(super) struct Package {
    /// The crate's, and the component file's.
    pub(super) name: String,
    folder: PathBuf,
    /// What a build depends on.
    pub(super) folders: Vec<PathBuf>,
    /// Recorded exchanges, if there are any.
    pub(super) fixtures: Option<PathBuf>,
}

impl Package {
    /// By its folder, or by its name in a checkout. Errors: a sentence with the remedy.
    pub(super) fn find(guest: &str) -> Result<Self, String> {
        let places = [PathBuf::from(guest), Path::new("guests").join(guest)];
        let Some(folder) = places
            .iter()
            .find(|folder| folder.join("Cargo.toml").is_file())
        else {
            return Err(format!(
                "there is no guest in `{guest}` or `guests/{guest}` (a folder with a Cargo.toml); `transom guest new NAME` makes one"
            ));
        };
        let folder = folder
            .canonicalize()
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml"));
        let manifest = manifest.map_err(|error| format!("{}: {error}", folder.display()))?;
        // The folder may be called otherwise.
        let name = name_in(&manifest).ok_or_else(|| {
            format!(
                "{} names no package; a guest is a crate of its own",
                folder.join("Cargo.toml").display()
            )
        })?;
        // In a checkout the libraries beside it are its sources too, and fixtures lie with the tests.
        let beside = folder.parent().filter(|parent| parent.join("sdk").is_dir());
        let shared = beside
            .and_then(Path::parent)
            .map(|root| root.join("tests/fixtures").join(&name));
        let fixtures = [Some(folder.join("fixtures")), shared]
            .into_iter()
            .flatten()
            .find(|dir| dir.is_dir());
        let libraries = ["sdk", "chat"]
            .iter()
            .filter_map(|library| Some(beside?.join(library)));
        let folders = [folder.clone()]
            .into_iter()
            .chain(libraries)
            .chain(fixtures.clone());
        Ok(Self {
            name,
            folders: folders.filter(|folder| folder.is_dir()).collect(),
            folder,
            fixtures,
        })
    }

    /// Builds quickly. Errors: one line; what the compiler says was printed before.
    pub(super) fn build(&self) -> anyhow::Result<Built> {
        let output = Command::new("cargo")
            .args([
                "build",
                "--profile",
                "guest-dev",
                "--target",
                "wasm32-wasip2",
            ])
            .args(["--message-format", message_format(), "--quiet"])
            .current_dir(&self.folder)
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
            .find_map(|message| component(message, &self.name));
        let component = component.context(
            "the build made no component; is it a `cdylib` with the profile `guest-dev`?",
        )?;
        Ok(Built {
            component,
            warnings: diagnostics(&messages, "warning").len(),
        })
    }
}

/// The `name` of the table `package`.
fn name_in(manifest: &str) -> Option<String> {
    let lines = manifest.lines().map(str::trim);
    let package = lines.skip_while(|line| *line != "[package]").skip(1);
    let mut members = package.take_while(|line| !line.starts_with('['));
    members.find_map(|line| {
        let value = line.strip_prefix("name")?.trim_start().strip_prefix('=')?;
        let quoted = value.trim().trim_start_matches(['"', '\'']);
        let name = quoted.split(['"', '\'']).next()?;
        (!name.is_empty()).then(|| name.to_owned())
    })
}

/// What a build gave.
pub(super) struct Built {
    /// The file.
    pub(super) component: PathBuf,
    /// How many the compiler had, of the guest and of the libraries beside it.
    pub(super) warnings: usize,
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
    fn a_guest_is_called_as_its_package_whatever_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let manifest =
            "[lib]\nname = \"other\"\n\n[package] \nversion = \"1.0.0\"\nname = 'bar' # ours\n";
        std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        let package = Package::find(&folder.path().to_string_lossy()).unwrap();
        assert_eq!(package.name, "bar");
        std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").unwrap();
        assert!(Package::find(&folder.path().to_string_lossy()).is_err());
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
    fn a_folder_without_a_package_is_refused_with_the_remedy() {
        let why = Package::find("no-such-guest").unwrap_err();
        assert!(why.contains("transom guest new"), "{why}");
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
