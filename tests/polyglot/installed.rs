//! Where the tools and the components are, and running `transom` on them.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::harness::host::Builder;

/// A file below the folder that `tests/polyglot/install.sh` and `build.sh` filled.
pub(super) fn file(path: &str) -> PathBuf {
    let Some(folder) = std::env::var_os("TRANSOM_POLYGLOT_DIR") else {
        panic!(
            "TRANSOM_POLYGLOT_DIR is not set: run `just test-polyglot`, which installs what is needed"
        );
    };
    let file = PathBuf::from(folder).join(path);
    assert!(
        file.exists(),
        "{} is missing: run `just test-polyglot`",
        file.display()
    );
    file
}

/// A path of the checkout.
pub(super) fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Makes a component of `folder`/transformer.js, which finds what it imports below `root`.
pub(super) fn componentize(root: &Path, source: &Path, component: &Path) {
    let mut command = std::process::Command::new(file("npm/node_modules/.bin/componentize-qjs"));
    command.args(["--sync", "--world", "guest", "--wit"]);
    command.arg(checkout("wit/transformer"));
    command
        .arg("--module-root")
        .arg(root)
        .arg("--js")
        .arg(source);
    command.arg("--output").arg(component);
    done(&command.output().expect("componentize-qjs runs"));
}

#[track_caller]
pub(super) fn done(output: &Output) {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}\n{}",
        said(&output.stdout),
        said(&output.stderr)
    );
}

/// Runs all cases of a folder through a component: how many passed. Each of them must.
#[track_caller]
pub(super) fn passed(component: &Path, fixtures: &Path) -> usize {
    let arguments = [
        "guest",
        "test",
        &component.to_string_lossy(),
        &fixtures.to_string_lossy(),
        "--json",
        "--seed",
        "7",
    ];
    let output = Builder::new().output(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {output:?}"));
    let cases = report["cases"].as_array().expect("a list of cases");
    let failed: Vec<&Value> = cases.iter().filter(|case| case["passed"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(output.status.success(), "{:?}", output.status);
    cases.len()
}
