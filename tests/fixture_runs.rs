//! Every recorded exchange through the compiled component in the real runtime, by the command that
//! authors of transformers use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::host::Builder;

/// The built-in transformers. Each must have cases.
const GUESTS: [&str; 8] = [
    "cerebras",
    "compatible",
    "gemini",
    "ollama",
    "openai",
    "responses",
    "shout",
    "zai",
];

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
fn compatible_does_what_its_fixtures_say() {
    run("compatible");
}

#[test]
fn gemini_does_what_its_fixtures_say() {
    run("gemini");
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
fn responses_does_what_its_fixtures_say() {
    run("responses");
}

#[test]
fn shout_does_what_its_fixtures_say() {
    run("shout");
}

#[test]
fn zai_does_what_its_fixtures_say() {
    run("zai");
}

/// A case of `zai` with these files beside a plan; what `guest test` says.
fn said_of(plan: &str, files: &[(&str, &str)]) -> String {
    let home = tempfile::TempDir::new().expect("a temporary folder");
    let case = home.path().join("fixtures/case");
    std::fs::create_dir_all(&case).expect("a fresh folder");
    let (plan, client) = (("case.json5", plan), ("request.client.json", REQUEST));
    for (name, content) in [plan, client].iter().chain(files) {
        std::fs::write(case.join(name), content).expect("it is ours");
    }
    let folder = home.path().join("fixtures");
    let output = Builder::new().output(&["guest", "test", "zai", &folder.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const REQUEST: &str = r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}"#;

#[test]
fn a_file_or_an_expectation_that_nothing_is_compared_with_is_an_error() {
    let refused = r#"{ why: "w", source: "s", options: {no_such: 1},
        configure_fails: ["options.no_such: no such option"] }"#;
    let nonsense = r#"{"total":"nonsense"}"#;
    for name in ["request.upstream.json", "response.client.json"] {
        let said = said_of(refused, &[(name, nonsense)]);
        assert!(said.contains(&format!("{name} is there, but")), "{said}");
    }
    let plan =
        r#"{ why: "w", source: "s", expect: {status: 529, headers: {"retry-after": "77"}} }"#;
    let said = said_of(plan, &[("response.upstream.json", WHOLE)]);
    assert!(
        said.contains("expect.status or expect.headers is there"),
        "{said}"
    );
}

#[test]
fn what_a_case_says_of_a_stage_that_was_not_reached_is_an_error() {
    let whole = ("response.upstream.json", WHOLE);
    let stream = ("response.upstream.sse", STREAM);
    let said = |members: &str, files: &[(&str, &str)]| {
        said_of(
            &format!("{{ why: \"w\", source: \"s\", {members} }}"),
            files,
        )
    };
    for (members, files, unreached) in [
        (
            "expect: {ends: \"cut\"}",
            &[whole][..],
            "expect.ends is there",
        ),
        (
            "ending: {broken: \"x\"}",
            &[whole],
            "a broken `ending` is there",
        ),
        (
            "upstream: {status: 529}",
            &[],
            "upstream.status or upstream.headers is there",
        ),
        (
            "request: {answer: true, unsupported: true}",
            &[],
            "request was forwarded",
        ),
        (
            "options: {no_such: 1}, configure_fails: [\"x\"], request: {path: \"/nonsense\"}",
            &[whole],
            "request.path, reply or headers is there",
        ),
        (
            "options: {no_such: 1}, configure_fails: [\"x\"]",
            &[whole],
            "an answer of the upstream (response.upstream) is there",
        ),
        (
            "ending: {broken: \"x\"}, expect: {status: 418}",
            &[stream],
            "expect.status or expect.headers is there",
        ),
    ] {
        let told = said(members, files);
        assert!(told.contains(unreached), "{members}: {told}");
    }
    let told = said("request: {headers: {\"Content-Type\": null}}", &[]);
    assert!(told.contains("write `content-type`"), "{told}");
}

const STREAM: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\
    \"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\
    \"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n";

const WHOLE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m",
    "content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,
    "usage":{"input_tokens":1,"output_tokens":1}}"#;
