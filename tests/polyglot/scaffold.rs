//! `transom guest new --lang js`: what it makes builds by the command of its README and passes its fixtures.

use std::process::Command;

use tempfile::TempDir;

use super::installed::{done, file, passed};
use crate::harness::host::Builder;

fn made_built_and_tested(kind: &str) {
    let home = TempDir::new().expect("a temporary folder");
    let mut new = Builder::new().command(&["guest", "new", "acme", "--lang", "js", "--from", kind]);
    let new = new.current_dir(home.path()).output().expect("transom runs");
    done(&new);
    let folder = home.path().join("acme");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a README");
    assert!(readme.contains("npm install && npm run build"), "{readme}");

    // What `npm install` fetches is here already.
    std::os::unix::fs::symlink(file("npm/node_modules"), folder.join("node_modules"))
        .expect("a link");
    let installed = file("npm/node_modules/componentize-qjs/package.json");
    let version = |path| {
        let text = std::fs::read_to_string(path).expect("a package.json");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    assert_eq!(
        version(folder.join("package.json"))["devDependencies"]["componentize-qjs"],
        version(installed)["version"]
    );
    let mut build = Command::new("npm");
    let build = build.args(["run", "build"]).current_dir(&folder).output();
    done(&build.expect("npm runs"));
    assert_eq!(
        passed(&folder.join("acme.wasm"), &folder.join("fixtures")),
        2
    );
}

#[test]
fn a_passthrough_scaffold_builds_and_passes_its_fixtures() {
    made_built_and_tested("passthrough");
}

#[test]
fn a_scaffold_that_converts_builds_and_passes_its_fixtures() {
    made_built_and_tested("openai");
}
