//! Each state that a service can be found in, said in words.

use std::net::TcpListener;

use super::*;

#[test]
fn started_and_stopped_twice_is_said_and_is_no_failure() {
    let desk = Desk::new("http://127.0.0.1:9");
    let said = desk.done(&["start"]);
    assert!(
        said.contains(&format!("listening on {}", desk.base())),
        "{said}"
    );
    assert!(said.contains("provider registered"), "{said}");
    assert!(said.contains("runs in the background"), "{said}");
    let said = desk.done(&["start"]);
    assert!(said.contains("runs already: process"), "{said}");
    let said = desk.done(&["status"]);
    assert!(said.contains("in the background"), "{said}");
    let said = desk.done(&["stop"]);
    assert!(said.contains("is stopped"), "{said}");
    let said = desk.done(&["stop"]);
    assert!(said.contains("was not running"), "{said}");
    let said = desk.run(&["status"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.text.contains("`transom start` starts it"),
        "{}",
        said.text
    );
}

#[test]
fn a_killed_service_is_started_anew_whoever_has_its_number_now() {
    let desk = Desk::new("http://127.0.0.1:9");
    desk.done(&["start"]);
    let note = std::fs::read_to_string(desk.note()).expect("a note");
    kill(desk.pid());
    let said = desk.done(&["start"]);
    assert!(said.contains("gone without a word"), "{said}");
    desk.done(&["stop"]);
    // Its number belongs to a process that lives: this one.
    let mut note: Value = serde_json::from_str(&note).expect("JSON");
    note["pid"] = json!(std::process::id());
    std::fs::write(desk.note(), note.to_string()).expect("write the note");
    let said = desk.done(&["start"]);
    assert!(said.contains("runs in the background"), "{said}");
}

#[test]
fn a_port_that_a_stranger_has_is_told_with_its_owner() {
    let desk = Desk::new("http://127.0.0.1:9");
    let _stranger = TcpListener::bind(&desk.address).expect("the port is free");
    let said = desk.run(&["start"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    let owner = format!("process {}", std::process::id());
    assert!(said.text.contains(&owner), "{}", said.text);
    let said = desk.run(&["restart"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.text.contains(&owner), "{}", said.text);
    assert!(!said.text.contains("is started"), "{}", said.text);
}

/// Becomes another user: by root's right, else by sudo without a password.
pub(super) fn as_another_user() -> Command {
    if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        return command;
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", "--user=#65534"]);
    let able = command
        .arg("true")
        .status()
        .is_ok_and(|status| status.success());
    assert!(
        able,
        "this test needs a second user: run it as root, or as one who may use sudo without a password"
    );
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", "--user=#65534"]);
    command
}

#[test]
#[ignore = "needs a second user of the machine: `just test-users`, which .ci/run runs"]
fn another_users_service_is_told_as_that_and_left_alone() {
    let desk = Desk::new("http://127.0.0.1:9");
    desk.done(&["start"]);
    let home = tempfile::tempdir().expect("a folder");
    let open = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(home.path(), open(0o777)).expect("open to all");
    // Where the other user can reach it.
    let program = home.path().join("transom");
    std::fs::copy(binary(), &program).expect("room for a copy");
    let as_other = |command: &str| {
        let output = as_another_user()
            .args(["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
            .arg(format!("HOME={}", home.path().display()))
            .arg(&program)
            .args([command, "--listen", &desk.address])
            .current_dir("/")
            .output();
        Said::of(&output.expect("it runs"))
    };
    for command in ["start", "stop", "restart"] {
        let said = as_other(command);
        assert_eq!(said.code, Some(1), "{}", said.text);
        assert!(
            said.text.contains("(process ") && said.text.contains(" of user "),
            "{}",
            said.text
        );
    }
    desk.done(&["status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_has_a_key_and_none_is_for_others() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let key = Canary::plain("provider");
    let mut desk = Desk::new(&upstream.url());
    let builder = std::mem::replace(&mut desk.builder, Builder::new());
    desk.builder = builder
        .edit(|config| config["providers"][0]["api_key"] = json!("${THE_KEY}"))
        .env("THE_KEY", key.key());
    desk.done(&["start"]);
    let request = Road::Passthrough.request(false, "hi");
    let reply = client::messages(&desk.base(), &request).await;
    assert_eq!(reply.status, 200);
    let id = reply.header("request-id").expect("an id").to_owned();
    let metrics = client::get(&desk.base(), "/metrics").await.text();
    assert!(metrics.contains("transom_requests_total{"), "{metrics}");
    desk.done(&["stop"]);
    let logs = desk.done(&["logs", "--exchange", &id]);
    assert!(
        logs.contains("exchange 200") && logs.contains("output_tokens=4"),
        "{logs}"
    );
    let all = files(&desk.home().join("state"));
    assert!(all.len() >= 3, "{all:?}");
    for path in all {
        let mode = path.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        let bytes = std::fs::read(&path).expect("readable");
        key.assert_absent(&path.display().to_string(), &bytes);
    }
}
