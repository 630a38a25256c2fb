//! `transom guest test --accept`: what it writes, and what it never writes.

use std::path::Path;

use super::guest_test::{case, faulty, good_stream, report, shout, spoil};
use super::{assert_code, configured, stderr, stdout};
use crate::harness::terminal::dialogue;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn what_came_is_shown_and_written_and_passes_from_then_on() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let expected = cases.join("whole-capitals/response.client.json");
    let good = read(&expected);
    spoil(&cases);
    let spoilt = read(&expected);
    let path = cases.display().to_string();
    let nobody = builder.output(&["guest", "test", &component, &path, "--accept"]);
    assert_code(&nobody, 2);
    assert!(stderr(&nobody).contains("--yes"), "{}", stderr(&nobody));
    let text = stdout(&nobody);
    let line = |sign: char, word: &str| {
        text.lines()
            .any(|line| line.trim_start().starts_with(sign) && line.contains(word))
    };
    assert!(line('-', "Farewell") && line('+', "HELLO"), "{text}");
    assert_eq!(read(&expected), spoilt, "nothing is written unasked");

    let accepted = ["guest", "test", &component, &path, "--accept", "--yes"];
    let output = builder.output(&accepted);
    assert_code(&output, 0);
    let text = stdout(&output);
    assert!(
        text.contains("wrote 1 file") && text.contains("2 passed, 0 failed"),
        "{text}"
    );
    assert_eq!(read(&expected), good, "all else is as the author wrote it");
    let output = builder.output(&accepted);
    assert_code(&output, 0);
    assert!(
        stdout(&output).contains("nothing to write"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn on_a_terminal_it_asks_and_takes_no_for_an_answer() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let expected = cases.join("whole-capitals/response.client.json");
    let good = read(&expected);
    spoil(&cases);
    let spoilt = read(&expected);
    let path = cases.display().to_string();
    let command = builder.command(&["guest", "test", &component, &path, "--accept"]);
    let question = "write 1 file? [y/N]";
    let (said, code) = dialogue(&command, &[(question, "n\n")]);
    assert!(said.contains(question), "{said}");
    assert_eq!((code, read(&expected)), (1, spoilt), "{said}");
    let (said, code) = dialogue(&command, &[(question, "y\n")]);
    assert_eq!((code, read(&expected)), (0, good), "{said}");
}

#[test]
fn a_new_case_is_its_inputs() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    let upstream = read(&cases.join("capitals/response.upstream.sse"));
    let request =
        r#"{"model":"m","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    case(
        &cases,
        "a-new-one",
        &[
            ("request.client.json", request),
            ("response.upstream.sse", &upstream),
        ],
    );
    let path = cases.display().to_string();
    let before = builder.output(&["guest", "test", &component, &path]);
    assert_code(&before, 1);
    assert!(
        stdout(&before).contains("a-new-one has no case.json5"),
        "{}",
        stdout(&before)
    );
    let (told, code) = report(&builder, &[&component, &path, "--accept", "--yes"]);
    assert_eq!(code, Some(0), "{told:#}");
    let files = &told["accepted"]["cases"][0]["files"];
    assert_eq!(files.as_array().map(Vec::len), Some(3), "{told:#}");
    let folder = cases.join("a-new-one");
    assert!(read(&folder.join("request.upstream.json")).contains("max_completion_tokens"));
    assert!(read(&folder.join("response.client.sse")).ends_with("{\"type\":\"message_stop\"}\n\n"));
    assert!(read(&folder.join("case.json5")).contains("why: \"a new one\""));
}

#[test]
fn expectations_in_case_json5_change_and_its_comments_stay() {
    let builder = configured();
    let (component, cases) = shout(&builder);
    case(
        &cases,
        "sent",
        &[
            (
                "case.json5",
                "{\n  // about it\n  why: \"w\", source: 's',\n  request: { path: \"/old\", /* where */ reply: \"sse\" },\n  \
                 notes: [{ action: \"drop\", path: \"top_k\" }],\n}\n",
            ),
            (
                "request.client.json",
                r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#,
            ),
        ],
    );
    let path = cases.display().to_string();
    let (told, code) = report(
        &builder,
        &[&component, &path, "--only", "sent", "--accept", "--yes"],
    );
    assert_eq!(
        code,
        Some(1),
        "a note is for the author to decide: {told:#}"
    );
    let by_hand = told["accepted"]["cases"][0]["by_hand"].to_string();
    assert!(by_hand.contains("drop top_k"), "{by_hand}");
    let plan = read(&cases.join("sent/case.json5"));
    assert_eq!(
        plan,
        "{\n  // about it\n  why: \"w\", source: 's',\n  request: { path: \"/chat/completions\", /* where */ reply: \"whole\" },\n  \
         notes: [{ action: \"drop\", path: \"top_k\" }],\n}\n"
    );
}

#[test]
fn neither_a_trap_nor_a_limit_nor_broken_grammar_is_ever_accepted() {
    let builder = configured();
    let (component, cases) = faulty(&builder);
    let plan = |fault: &str, more: &str| {
        format!("{{ why: \"w\", source: \"s\", options: {{ fault: \"{fault}\" }}, {more} }}")
    };
    let stream = good_stream();
    for (name, plan, stream) in [
        ("trap", plan("push-trap", ""), stream.clone()),
        ("limit", plan("request-flood", ""), stream.clone()),
        (
            "grammar",
            plan("none", ""),
            stream.replace("message_delta", "ping"),
        ),
        (
            "made-up",
            plan("clean-after-break", "ending: { broken: \"x\" }"),
            stream.clone(),
        ),
    ] {
        let files = [
            ("case.json5", plan.as_str()),
            ("response.upstream.sse", stream.as_str()),
        ];
        case(&cases, name, &files);
    }
    let path = cases.display().to_string();
    let (told, code) = report(&builder, &[&component, &path, "--accept", "--yes"]);
    assert_eq!(code, Some(1), "{told:#}");
    assert_eq!(told["accepted"]["cases"], serde_json::json!([]), "{told:#}");
    for name in ["trap", "limit", "grammar", "made-up"] {
        let files = std::fs::read_dir(cases.join(name))
            .expect("a folder")
            .count();
        assert_eq!(files, 2, "{name}: nothing is written");
    }
}
