//! `transom guest test`: what it prints for cases that pass, fail or are not there, and what it finds
//! wrong on its own.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{assert_code, configured, stderr, stdout};
use crate::harness::host::Builder;
use crate::scene;

/// The component and cases of `shout` in a home of their own, where a test may spoil them.
pub(super) fn shout(builder: &Builder) -> (String, PathBuf) {
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
pub(super) fn spoil(cases: &Path) {
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
    assert_eq!(report["sha256"], scene::sha256(&scene::guest("shout")));
    assert!(report["compile_ms"].is_f64() && report["ms"].is_f64());
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&1.into(), &1.into())
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
    let difference = &cases[1]["findings"][0]["differences"][0];
    assert_eq!(difference["place"], "/content/1/text", "{difference}");
    assert_eq!(cases[0]["notes"], Value::Array(Vec::new()));
}

/// A case of its own, with these files.
pub(super) fn case(cases: &Path, name: &str, files: &[(&str, &str)]) {
    let folder = cases.join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("write");
    }
}

/// A stream that any client takes.
pub(super) fn good_stream() -> String {
    let events = scene::message_events(&scene::pieces("it", 3)).concat();
    String::from_utf8(events).expect("events are text")
}

/// The guest that misbehaves as it is told, and a folder for its cases.
pub(super) fn faulty(builder: &Builder) -> (String, PathBuf) {
    let home = builder.transformers();
    let component = home.join("faulty.wasm");
    std::fs::write(&component, scene::guest("faulty")).expect("write the component");
    (
        component.display().to_string(),
        home.with_file_name("faults"),
    )
}

/// The report of a run, and its exit code.
pub(super) fn report(builder: &Builder, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = builder.output(&[&["guest", "test", "--json"][..], arguments].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {output:?}"));
    (report, output.status.code())
}

fn of_case<'a>(report: &'a Value, name: &str) -> &'a Value {
    let cases = report["cases"].as_array().expect("cases");
    cases
        .iter()
        .find(|case| case["name"] == name)
        .unwrap_or_else(|| panic!("{name} is not there: {report:#}"))
}

#[test]
fn one_bad_case_is_its_own_failure_with_file_and_line_and_the_others_run() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    case(
        &cases,
        "bad-plan",
        &[("case.json5", "{\n  why: \"w\",\n  sources: \"s\",\n}")],
    );
    case(&cases, "no-plan", &[]);
    case(
        &cases,
        "bad-file",
        &[
            ("case.json5", "{ why: \"w\", source: \"s\" }"),
            (
                "request.client.json",
                r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#,
            ),
            ("request.upstream.json", "{\n\n  oops\n}"),
        ],
    );
    case(
        &cases,
        "bad-name",
        &[
            ("case.json5", "{ why: \"w\", source: \"s\" }"),
            ("response.clients.sse", ""),
        ],
    );
    let output = builder.output(&["guest", "test", &component, &cases.display().to_string()]);
    assert_code(&output, 1);
    let text = stdout(&output);
    for words in [
        "ok   capitals",
        "ok   whole-capitals",
        "bad-plan/case.json5:3: sources: the setting `sources` is not known; did you mean `source`?",
        "no-plan: no case.json5",
        "bad-file/request.upstream.json:3: not JSON",
        "response.clients.sse is no file of a case; did you mean response.client.sse?",
        "2 passed, 4 failed",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
}

#[test]
fn a_failure_says_with_what_seed_and_how_it_is_repeated() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    spoil(&cases);
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "test", &component, &cases, "--seed", "42"]);
    let text = stdout(&output);
    let again =
        format!("again: transom guest test {component} {cases} --only whole-capitals --seed 42");
    assert!(text.contains(&again), "{text}");
}

#[test]
fn on_every_case_faults_limits_and_grammar_are_found_whatever_the_case_expects() {
    let builder = configured();
    let (component, cases) = faulty(&builder);
    let plan = |fault: &str, more: &str| {
        format!("{{ why: \"w\", source: \"s\", options: {{ fault: \"{fault}\" }}, {more} }}")
    };
    let stream = good_stream();
    let endless = stream.replace("message_stop", "ping");
    for (name, plan, stream) in [
        // Even a case that expects an error must not take a trap for one.
        (
            "trap",
            plan("push-trap", "expect: { ends: \"error\" }"),
            &stream,
        ),
        (
            "refused",
            plan("configure-trap", "configure_fails: []"),
            &stream,
        ),
        ("time", plan("request-loop", ""), &stream),
        ("memory", plan("request-memory", ""), &stream),
        ("output", plan("request-flood", ""), &stream),
        ("edit", plan("edit-overlap", ""), &stream),
        ("path", plan("path=/../x", ""), &stream),
        ("grammar", plan("none", ""), &endless),
        (
            "made-up",
            plan("clean-after-break", "ending: { broken: \"x\" }"),
            &stream,
        ),
    ] {
        let files = [
            ("case.json5", plan.as_str()),
            ("response.upstream.sse", stream.as_str()),
        ];
        case(&cases, name, &files);
    }
    let whole = [
        ("case.json5", plan("none", "")),
        ("response.upstream.json", "{\"id\": 1}".to_owned()),
    ];
    let whole = whole.each_ref().map(|(name, text)| (*name, text.as_str()));
    case(&cases, "whole", &whole);
    let (report, code) = report(&builder, &[&component, &cases.display().to_string()]);
    assert_eq!(code, Some(1));
    for (name, kind, words) in [
        ("trap", "fault", "trapped in `push`"),
        ("refused", "fault", "trapped in `configure`"),
        // On a busy machine the wall clock may be the first: that has a setting of its own.
        ("time", "fault", "`request` ran longer than"),
        ("memory", "fault", "limits.memory"),
        ("output", "fault", "limits.request_body"),
        ("edit", "fault", "broke the interface in `push`"),
        ("path", "fault", "leaves the provider's base URL"),
        ("grammar", "grammar", "message_stop"),
        ("made-up", "grammar", "a break must stay a break"),
        ("whole", "grammar", "a message without id or model"),
    ] {
        let found = &of_case(&report, name)["findings"];
        let text = found.to_string();
        assert!(text.contains(words), "{name}: {found:#}");
        let kinds = found.as_array().expect("findings");
        assert!(
            kinds.iter().any(|one| one["kind"] == kind),
            "{name}: {found:#}"
        );
    }
}

#[test]
fn the_report_for_ci_is_well_formed_and_has_every_failure() {
    use quick_xml::events::Event;
    let builder = configured();
    let (component, cases) = shout(&builder);
    let word = "<Fare\u{1}well> & \\\"so on\\\"";
    let file = cases.join("whole-capitals/response.client.json");
    let text = std::fs::read_to_string(&file).expect("text");
    std::fs::write(
        &file,
        text.replace("HELLO", &word.replace('\u{1}', "\\u0001")),
    )
    .expect("write");
    let cases = cases.display().to_string();
    let junit = builder.transformers().join("junit.xml");
    let path = junit.display().to_string();
    let output = builder.output(&["guest", "test", &component, &cases, "--junit", &path]);
    assert_code(&output, 1);
    let xml = std::fs::read_to_string(&junit).expect("a report");
    let mut reader = quick_xml::Reader::from_str(&xml);
    let (mut seen, mut failure) = (Vec::new(), String::new());
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                let attributes = tag.attributes().map(|one| one.expect("an attribute"));
                let attributes = attributes.map(|one| {
                    let value = String::from_utf8_lossy(&one.value).into_owned();
                    format!("{}={value}", String::from_utf8_lossy(one.key.as_ref()))
                });
                seen.push(format!(
                    "{name} {}",
                    attributes.collect::<Vec<_>>().join(" ")
                ));
            }
            Event::Text(text) => failure += &text.decode().expect("text"),
            _ => {}
        }
    }
    let has = |start: &str| seen.iter().filter(|tag| tag.starts_with(start)).count();
    assert_eq!(has("testsuites tests=2 failures=1 errors=0"), 1, "{xml}");
    assert_eq!(has("testsuite name=mine tests=2 failures=1"), 1, "{xml}");
    assert_eq!(has("testcase name="), 2, "{xml}");
    assert_eq!(has("failure message="), 1, "{xml}");
    assert!(failure.contains("response.client.json differs"), "{xml}");
    assert!(!xml.contains('\u{1}'), "{xml:?}");
}

#[test]
fn explaining_lists_what_was_said_and_what_was_dropped_without_a_word() {
    let builder = configured();
    let cases = builder.transformers().with_file_name("explained");
    let request = serde_json::json!({
        "model": "m", "max_tokens": 8, "metadata": { "user_id": "somebody" },
        "service_tier": "auto", "nonsense": { "of": "mine" },
        "messages": [{ "role": "user", "content": "good morning" }],
    });
    case(
        &cases,
        "one",
        &[
            ("case.json5", "{ why: \"w\", source: \"s\" }"),
            ("request.client.json", &request.to_string()),
        ],
    );
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "test", "cerebras", &cases, "--explain"]);
    assert_code(&output, 0);
    let text = stdout(&output);
    let line = |words: &str| text.lines().find(|line| line.contains(words));
    assert!(line("drop metadata: holds account").is_some(), "{text}");
    let silent = line("drop nonsense:").unwrap_or_else(|| panic!("{text}"));
    assert!(silent.contains("the guest did not say so"), "{text}");
    assert!(
        line("change model: \"m\" -> \"test-model\"").is_some(),
        "{text}"
    );
    assert!(
        line("good morning").is_none(),
        "what was sent is not told: {text}"
    );
    assert!(text.contains("dropped without a note"), "{text}");
    let (report, _) = report(&builder, &["cerebras", &cases, "--explain"]);
    let remarks = of_case(&report, "one")["explain"]
        .as_array()
        .expect("remarks");
    let silent = remarks.iter().find(|one| one["path"] == "nonsense");
    assert_eq!(silent.expect("it is there")["said"], false);
}

#[test]
fn fixtures_are_looked_for_where_scaffolds_and_checkouts_have_them() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let home = cases.parent().expect("a home");
    let scaffold = home.join("mine");
    std::fs::create_dir(&scaffold).expect("a folder");
    let run = |folder: &Path| {
        let mut command = builder.command(&["guest", "test", &component, "--quiet"]);
        command.current_dir(folder).output().expect("it runs")
    };
    let nothing = run(&scaffold);
    assert_code(&nothing, 2);
    let said = stderr(&nothing);
    assert!(said.contains("tests/fixtures/mine"), "{said}");
    assert!(!said.contains("no cases to run"), "{said}");
    std::fs::rename(&cases, scaffold.join("fixtures")).expect("rename");
    let own = run(&scaffold);
    assert_code(&own, 0);
    assert!(
        stdout(&own).contains("cases of fixtures)"),
        "{}",
        stdout(&own)
    );
    assert_eq!(stdout(&own).lines().count(), 1, "{}", stdout(&own));
    let shared = home.join("tests/fixtures");
    std::fs::create_dir_all(&shared).expect("folders");
    std::fs::rename(scaffold.join("fixtures"), shared.join("mine")).expect("rename");
    let checkout = run(home);
    assert_code(&checkout, 0);
    assert!(
        stdout(&checkout).contains("cases of tests/fixtures/mine)"),
        "{}",
        stdout(&checkout)
    );
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
    let nobody = "nobody".to_owned();
    let nowhere = "/nowhere.wasm".to_owned();
    for (guest, fixtures, code, words) in [
        (
            &component,
            show(&home.join("nowhere")),
            2,
            "nowhere cannot be read",
        ),
        (&component, show(&empty), 2, "holds no cases"),
        (&component, show(&caseless), 2, "holds no cases"),
        (&component, show(&home), 2, "cases does: name that folder"),
        (&nobody, show(&cases), 2, "there is no transformer `nobody`"),
        (&nowhere, show(&cases), 2, "/nowhere.wasm cannot be read"),
        (&broken, show(&cases), 1, "not a WebAssembly file"),
    ] {
        for more in [&[][..], &["--json"][..]] {
            let arguments = [&["guest", "test", guest, &fixtures][..], more].concat();
            let output = builder.output(&arguments);
            assert_code(&output, code);
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
