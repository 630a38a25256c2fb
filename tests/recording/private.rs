//! Nothing that tells a person, a machine or an account, and no key, is written.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::{Desk, MODEL, echo};
use crate::harness::host::{Builder, provider};
use crate::harness::upstream::Answer;
use crate::scene;

const DEVICE: &str = "d03812dcaca5dfe8012b84f696b0a87287f5de971e688f9604e77cb153ea52d4";
const SESSION: &str = "d103f05b-071a-4be8-8b55-cc24029f49be";
const ACCOUNT: &str = "6a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

/// Every byte of every file below the folder of cases.
fn everything(desk: &Desk) -> String {
    let mut all = String::new();
    for case in std::fs::read_dir(desk.cases()).expect("cases") {
        let case = case.expect("a case").path();
        for file in std::fs::read_dir(&case).expect("a case") {
            let path = file.expect("a file").path();
            let mode = std::fs::metadata(&path)
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            all.push_str(&std::fs::read_to_string(&path).expect("text"));
        }
    }
    all
}

fn personal(home: &str, user_id: &str) -> Value {
    let mut body = scene::ask(MODEL, "");
    body["metadata"] = json!({ "user_id": user_id });
    body["system"] = json!([
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.d01; cch=a1b2c;"},
        {"type": "text", "text": format!("Primary working directory: {home}/acme\nGit user: Robert Smith")},
    ]);
    body["messages"][0]["content"] = format!(
        "in {home}/acme as carol@corp.example with key-of-cerebras-0123456789 and ghp_0123456789abcdefghijABCDEFGHIJ, {SESSION}"
    )
    .into();
    body
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_taken_out_in_every_form() {
    let desk = Desk::new(echo).await;
    let home = desk.host.home().to_string_lossy().into_owned();
    let ids = [
        format!("user_{DEVICE}_account_{ACCOUNT}_session_{SESSION}"),
        json!({"device_id": DEVICE, "account_uuid": ACCOUNT, "session_id": SESSION}).to_string(),
    ];
    for id in &ids {
        desk.ask(&personal(&home, id)).await;
    }
    // As escaped as it can come.
    let escaped = home.replace('/', "\\/");
    let mut body = personal(&home, &ids[0]);
    body["messages"][0]["content"] = format!("{{\"file_path\":\"{escaped}\\/x\"}}").into();
    desk.ask(&body).await;
    let said = desk.record("cerebras", &["--last", "3"]);
    let all = everything(&desk);
    let user = home.rsplit('/').next().expect("a name");
    for secret in [
        home.as_str(),
        &escaped,
        user,
        DEVICE,
        SESSION,
        ACCOUNT,
        "Robert Smith",
        "carol@corp.example",
        "key-of-cerebras",
        "ghp_0123456789",
        "cch=a1b2c",
    ] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(
        all.contains("/home/user/acme") || all.contains("/home/user/project"),
        "{all}"
    );
    for told in [
        "device id",
        "session id",
        "account id",
        "e-mail address",
        "key",
        "user name",
        "client mark",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
}

#[tokio::test]
async fn what_an_upstream_says_in_pieces_is_taken_out_too() {
    let home = "/home/someone";
    let desk = Desk::new(move |_| {
        let pieces = ["I looked into /ho", "me/some", "one", "/acme", " for you."];
        Answer::sse(&scene::chat_events(&pieces.map(str::to_owned)).concat())
    })
    .await;
    let mut body = scene::ask(MODEL, "look");
    body["system"] = format!("Working directory: {home}/acme").into();
    desk.ask(&body).await;
    desk.record("cerebras", &[]);
    let texts = |file: &str, pointer: &str| -> String {
        let stream = desk.file("recorded-1", file);
        let data = stream
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        let values = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
        values
            .filter_map(|value| Some(value.pointer(pointer)?.as_str()?.to_owned()))
            .collect()
    };
    let upstream = texts("response.upstream.sse", "/choices/0/delta/content");
    let client = texts("response.client.sse", "/delta/text");
    assert!(
        !upstream.contains("someone") && !client.contains("someone"),
        "{upstream} {client}"
    );
    assert_eq!(upstream, client);
    assert!(
        client.contains("I looked into /home/user/project"),
        "{client}"
    );
}

#[tokio::test]
async fn rules_of_ones_own_come_from_the_configuration_and_the_command_line() {
    let desk = Desk::recording(
        echo,
        |upstream| {
            Builder::new().provider(provider("cerebras", &upstream.url(), "cerebras", MODEL))
        },
        Some(json!({"on": true, "redact": [{"match": "(ticket) ACME-\\d+", "with": "$$1 X"}]})),
    )
    .await;
    desk.ask(&scene::ask_whole(
        MODEL,
        "ticket ACME-123 of Globex in Vienna",
    ))
    .await;
    desk.record(
        "cerebras",
        &["--redact", "Globex", "--redact", "Vienna=>Springfield"],
    );
    let sent = desk.file("recorded-1", "request.upstream.json");
    assert!(
        sent.contains("ticket X of [redacted] in Springfield"),
        "{sent}"
    );
    let output = desk.run(&["guest", "record", "cerebras", "--redact", "("]);
    assert_eq!(output.status.code(), Some(2), "{}", super::text(&output));
}

#[tokio::test]
async fn a_case_is_never_overwritten() {
    let desk = Desk::new(echo).await;
    desk.ask(&scene::ask_whole(MODEL, "one")).await;
    desk.record(
        "cerebras",
        &["--name", "first-words", "--why", "It says one."],
    );
    assert!(
        desk.file("first-words", "case.json5")
            .contains("why: \"It says one.\"")
    );
    let cases = desk.cases();
    let again = [
        "guest",
        "record",
        "cerebras",
        &cases.to_string_lossy(),
        "--name",
        "first-words",
    ];
    let output = desk.run(&again);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        super::text(&output).contains("exists already"),
        "{}",
        super::text(&output)
    );
    desk.record("cerebras", &[]);
    desk.record("cerebras", &[]);
    assert_eq!(
        super::files(&cases),
        ["first-words", "recorded-1", "recorded-2"]
    );
}
