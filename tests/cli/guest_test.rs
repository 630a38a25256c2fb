//! `transom guest test`: what it prints for cases that pass, fail or are not there.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{assert_code, configured, stderr, stdout};
use crate::harness::host::Builder;
use crate::scene;

/// The component and cases of `shout` in a home of their own, where a test may spoil them.
fn shout(builder: &Builder) -> (String, PathBuf) {
    let home = builder.transformers();
    let component = home.join("mine.wasm");
    std::fs::write(&component, scene::guest("shout")).expect("write the component");
    let cases = home.with_file_name("cases");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/shout");
    for case in std::fs::read_dir(&source).expect("the fixtures") {
        let case = case.expect("an entry").path();
        let to = cases.join(case.file_name().expect("a name"));
        std::fs::create_dir_all(&to).expect("a folder");
        for file in std::fs::read_dir(&case).expect("a case") {
            let file = file.expect("an entry").path();
            let name = file.file_name().expect("a name");
            std::fs::copy(&file, to.join(name)).expect("copy");
        }
    }
    (component.display().to_string(), cases)
}

/// One word of what a case expects is another.
fn spoil(cases: &Path) {
    let file = cases.join("whole-capitals/response.client.json");
    let text = std::fs::read_to_string(&file).expect("text");
    assert!(text.contains("HELLO"), "{text}");
    std::fs::write(&file, text.replace("HELLO", "Farewell")).expect("write");
}

#[test]
fn cases_that_pass_are_named_with_a_count_and_code_0() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "test", &component, &cases, "--seed", "7"]);
    assert_code(&output, 0);
    let text = stdout(&output);
    for words in [
        "ok   capitals",
        "ok   whole-capitals",
        "seed 7",
        "2 passed, 0 failed",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let only = ["guest", "test", &component, &cases, "--only", "whole"];
    let output = builder.output(&only);
    assert_code(&output, 0);
    assert!(
        stdout(&output).contains("1 passed, 0 failed"),
        "{}",
        stdout(&output)
    );
    let by_name = ["guest", "test", "shout", &cases, "--transformers"];
    let folder = builder.transformers();
    std::fs::rename(folder.join("mine.wasm"), folder.join("shout.wasm")).expect("rename");
    let folder = folder.display().to_string();
    let output = builder.output(&[&by_name[..], &[&folder]].concat());
    assert_code(&output, 0);
    assert!(
        stdout(&output).contains("2 passed, 0 failed"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_case_that_fails_shows_what_differs_and_gives_code_1() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    spoil(&cases);
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "test", &component, &cases]);
    assert_code(&output, 1);
    let text = stdout(&output);
    for words in ["ok   capitals", "FAIL whole-capitals", "1 passed, 1 failed"] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let line = |sign: char, word: &str| {
        text.lines()
            .any(|line| line.trim_start().starts_with(sign) && line.contains(word))
    };
    assert!(line('-', "Farewell") && line('+', "HELLO"), "{text}");
}

#[test]
fn a_program_reads_the_same_as_json() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    spoil(&cases);
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "test", &component, &cases, "--json", "--seed", "7"]);
    assert_code(&output, 1);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!(
        (&report["guest"], &report["seed"]),
        (&"mine".into(), &7.into())
    );
    let cases = report["cases"].as_array().cloned().unwrap_or_default();
    let passed: Vec<_> = cases
        .iter()
        .map(|case| (&case["name"], &case["passed"]))
        .collect();
    let (capitals, whole) = (Value::from("capitals"), Value::from("whole-capitals"));
    assert_eq!(passed, [(&capitals, &true.into()), (&whole, &false.into())]);
    let failure = cases[1]["failures"][0].as_str().unwrap_or_default();
    assert!(failure.contains("Farewell"), "{failure}");
}

#[test]
fn what_cannot_be_tested_is_told_and_never_passes() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let home = cases.parent().expect("a home").to_owned();
    let empty = home.join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let caseless = home.join("caseless");
    std::fs::create_dir_all(caseless.join("a-case")).expect("a folder");
    let broken = home.join("broken");
    std::fs::write(&broken, b"not wasm").expect("write");
    let broken = format!("{}/./broken", home.display());
    let show = |path: &Path| path.display().to_string();
    for (guest, fixtures, words) in [
        (
            &component,
            show(&home.join("nowhere")),
            "nowhere cannot be read",
        ),
        (&component, show(&empty), "holds no cases"),
        (&component, show(&caseless), "a-case has no case.json5"),
        (
            &"nobody".to_owned(),
            show(&cases),
            "there is no transformer `nobody`",
        ),
        (
            &"/nowhere.wasm".to_owned(),
            show(&cases),
            "/nowhere.wasm cannot be read",
        ),
        (&broken, show(&cases), "not a WebAssembly file"),
    ] {
        for more in [&[][..], &["--json"][..]] {
            let arguments = [&["guest", "test", guest, &fixtures][..], more].concat();
            let output = builder.output(&arguments);
            assert_code(&output, 1);
            assert!(
                stderr(&output).contains(words),
                "{words}: {}",
                stderr(&output)
            );
        }
    }
    let cases = show(&cases);
    let output = builder.output(&["guest", "test", &component, &cases, "--only", "nothing"]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("nothing"), "{}", stderr(&output));
}
