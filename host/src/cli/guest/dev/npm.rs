//! Building a guest in JavaScript: `npm run build`, as its package.json says.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::package::Built;
use crate::cli::term;

/// The package's name.
pub(super) fn name(manifest: &str) -> Option<String> {
    let manifest: Value = serde_json::from_str(manifest).ok()?;
    manifest.get("name")?.as_str().map(str::to_owned)
}

/// Builds, into `NAME.wasm` in its folder. Errors: one line; what npm says was printed before.
pub(super) fn build(folder: &Path, name: &str) -> anyhow::Result<Built> {
    let component = folder.join(format!("{name}.wasm"));
    // What an earlier build left is not what this one made.
    drop(std::fs::remove_file(&component));
    let output = Command::new("npm")
        .args(["run", "build", "--silent"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("npm cannot be started; install Node from https://nodejs.org")?;
    if !output.status.success() {
        for said in [&output.stdout, &output.stderr] {
            let said = String::from_utf8_lossy(said);
            if !said.trim().is_empty() {
                term::note(said.trim_end());
            }
        }
        if folder.join("node_modules").is_dir() {
            bail!(
                "it does not build: `npm run build` ended with {}",
                output.status
            );
        }
        bail!(
            "it does not build: run `npm install` in {} first",
            folder.display()
        );
    }
    ensure!(
        component.is_file(),
        "the build made no {}; the script `build` of package.json has to",
        component.display()
    );
    Ok(Built {
        component,
        warnings: 0,
    })
}
