//! `transom guest diff`: two components on the same cases.

use serde_json::Value;

use super::guest_test::shout;
use super::{assert_code, configured, stderr, stdout};
use crate::scene;

#[test]
fn the_same_bytes_are_the_same_on_every_case() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "diff", &component, &component, &cases]);
    assert_code(&output, 0);
    let text = stdout(&output);
    assert!(text.contains("2 the same, 0 differ"), "{text}");
}

#[test]
fn what_differs_is_told_by_case_and_path() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "diff", "cerebras", &component, &cases]);
    assert_code(&output, 1);
    let text = stdout(&output);
    for words in [
        "differs whole-capitals",
        "/answer/content/1/text: \"",
        "0 the same, 2 differ",
        "HELLO",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let output = builder.output(&["guest", "diff", "cerebras", &component, &cases, "--json"]);
    assert_code(&output, 1);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!((&report["same"], &report["differ"]), (&0.into(), &2.into()));
    assert_eq!(
        report["new"]["sha256"],
        scene::sha256(&scene::guest("shout"))
    );
    let change = &report["cases"][1]["changes"][0];
    assert_eq!(change["path"], "/answer/content/1/text", "{report:#}");
}

#[test]
fn what_cannot_be_compared_is_neither_the_same_nor_different() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let bad = cases.join("bad");
    std::fs::create_dir(&bad).expect("a folder");
    std::fs::write(bad.join("case.json5"), "{").expect("write");
    let path = cases.display().to_string();
    let output = builder.output(&["guest", "diff", &component, &component, &path]);
    assert_code(&output, 2);
    let text = stdout(&output);
    assert!(text.contains("2 the same, 0 differ, 1 not tried"), "{text}");
    assert!(text.contains("bad/case.json5:1:"), "{text}");
    for arguments in [
        vec!["guest", "diff", &component],
        vec!["guest", "diff", &component, "nobody", &path],
        vec!["guest", "diff", &component, &component, "/nowhere"],
    ] {
        let output = builder.output(&arguments);
        assert_code(&output, 2);
        assert!(!stderr(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_differs_only_in_other_pieces_of_a_stream_is_told_with_the_cut() {
    let builder = configured();
    let folder = builder.transformers();
    let cases = folder.with_file_name("cases");
    let case = cases.join("stream");
    std::fs::create_dir_all(&case).expect("a folder");
    let plan = "{ why: \"it comes in pieces\", source: \"our own rule\" }";
    std::fs::write(case.join("case.json5"), plan).expect("write");
    let stream = scene::message_events(&scene::pieces("it", 3)).concat();
    std::fs::write(case.join("response.upstream.sse"), stream).expect("write");
    let component = |name: &str, bytes: Vec<u8>| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("write");
        path.display().to_string()
    };
    let (old, new) = (
        component("old.wasm", scene::guest("faulty")),
        component("new.wasm", scene::faulty("late-trap")),
    );
    let cases = cases.display().to_string();
    let output = builder.output(&["guest", "diff", &old, &new, &cases]);
    assert_code(&output, 1);
    let text = stdout(&output);
    for words in [
        "only with the stream frame by frame, splice rules on:",
        "/fault: ",
        "byte by byte",
        "0 the same, 1 differs",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let output = builder.output(&["guest", "diff", &old, &new, &cases, "--json"]);
    assert_code(&output, 1);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!(
        report["cases"][0]["only_cut"][0],
        "frame by frame, splice rules on"
    );
}
