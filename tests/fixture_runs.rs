//! Every recorded exchange through the compiled component in the real runtime, by the command that
//! authors of transformers use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::host::Builder;

/// The built-in transformers. Each must have cases.
const GUESTS: [&str; 5] = ["cerebras", "ollama", "openai", "shout", "zai"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn folders(path: &Path) -> BTreeSet<String> {
    let entries =
        std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries
        .map(|entry| entry.expect("a folder's entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Runs all cases of a guest; every folder must have been run, and every case passed.
fn run(guest: &str) {
    let folder = fixtures().join(guest);
    let path = folder.to_string_lossy();
    let arguments = ["guest", "test", guest, &path, "--json", "--seed", "7"];
    let output = Builder::new().output(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{guest}: no report ({error}): {output:?}"));
    let cases = report["cases"].as_array().expect("a list of cases");
    let failed: Vec<&Value> = cases.iter().filter(|case| case["passed"] != true).collect();
    assert!(failed.is_empty(), "{guest}: {failed:#?}");
    assert!(output.status.success(), "{guest}: {:?}", output.status);
    let ran: BTreeSet<String> = cases
        .iter()
        .filter_map(|case| case["name"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ran, folders(&folder), "{guest}: every case is run");
    assert!(!ran.is_empty(), "{guest} has cases");
}

#[test]
fn every_folder_of_fixtures_belongs_to_a_guest_that_is_run() {
    // The router's are run by the tests of routing.
    let known = GUESTS.iter().chain(&["routing"]);
    let known: BTreeSet<String> = known.map(|name| (*name).to_owned()).collect();
    assert_eq!(folders(&fixtures()), known);
}

#[test]
fn cerebras_does_what_its_fixtures_say() {
    run("cerebras");
}

#[test]
fn ollama_does_what_its_fixtures_say() {
    run("ollama");
}

#[test]
fn openai_does_what_its_fixtures_say() {
    run("openai");
}

#[test]
fn shout_does_what_its_fixtures_say() {
    run("shout");
}

#[test]
fn zai_does_what_its_fixtures_say() {
    run("zai");
}
