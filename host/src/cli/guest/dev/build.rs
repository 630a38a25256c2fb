//! The guest's package: where it is, and building it with cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

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
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
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

    /// Builds quickly: the component's file. Errors: what the compiler says.
    pub(super) fn build(&self) -> anyhow::Result<PathBuf> {
        let output = Command::new("cargo")
            .args([
                "build",
                "--profile",
                "guest-dev",
                "--target",
                "wasm32-wasip2",
            ])
            .args(["--message-format", "json-render-diagnostics", "--quiet"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .context("cargo cannot be started; install Rust from https://rustup.rs")?;
        if !output.status.success() {
            bail!("it does not build\n{}", said(&output.stderr));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let component = text
            .lines()
            .rev()
            .find_map(|line| component(line, &self.name));
        component.with_context(|| {
            "the build made no component; is it a `cdylib` with the profile `guest-dev`?".to_owned()
        })
    }
}

/// The component among what one message of cargo says was made for the crate.
fn component(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
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
    use super::*;

    #[test]
    fn the_component_is_found_among_cargos_messages() {
        let message =
            r#"{"reason":"compiler-artifact","filenames":["/t/guest-dev/my_guest.wasm"]}"#;
        assert_eq!(
            component(message, "my-guest"),
            Some(PathBuf::from("/t/guest-dev/my_guest.wasm"))
        );
        assert_eq!(component(message, "other"), None);
        assert_eq!(component("not JSON", "my-guest"), None);
        assert_eq!(
            component(r#"{"reason":"build-finished"}"#, "my-guest"),
            None
        );
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
