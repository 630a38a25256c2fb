//! Who listens is known by the kernel's word: another user's transom is nobody's to use, and one who accepts
//! nothing is there all the same.

use rustix::net::{AddressFamily, SocketType, bind, listen, socket};

use super::words::as_another_user;
use super::*;

#[test]
fn who_listens_and_accepts_nothing_is_another_program() {
    let desk = Desk::new("http://127.0.0.1:9");
    let address: std::net::SocketAddr = desk.address.parse().expect("an address");
    let stranger = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&stranger, &address).expect("the port is free");
    listen(&stranger, 0).expect("it listens");
    // Until a connection has to wait.
    let short = std::time::Duration::from_millis(200);
    let waiting: Vec<_> =
        std::iter::repeat_with(|| std::net::TcpStream::connect_timeout(&address, short))
            .map_while(Result::ok)
            .take(64)
            .collect();
    assert!(!waiting.is_empty());
    let said = desk.run(&["status"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(
        said.text.contains("another program listens at"),
        "{}",
        said.text
    );
}

#[test]
#[ignore = "needs a second user of the machine: `just test-users`, which .ci/run runs"]
fn claude_code_is_not_run_on_another_users_service() {
    let desk = Desk::new("http://127.0.0.1:9");
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
    let started = as_other("start");
    assert_eq!(started.code, Some(0), "{}", started.text);
    let claude = home.path().join("claude");
    std::fs::write(&claude, "#!/bin/sh\necho \"base $ANTHROPIC_BASE_URL\"\n").expect("write it");
    std::fs::set_permissions(&claude, open(0o755)).expect("it is ours");

    let mut command = desk.builder.command(&["code"]);
    let said = Said::of(
        &command
            .env("CLAUDE_PATH", &claude)
            .output()
            .expect("it runs"),
    );
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.text.contains("of user "), "{}", said.text);
    assert!(
        said.text.contains("base http://127.0.0.1:"),
        "{}",
        said.text
    );
    let used = format!("base {}", desk.base());
    assert!(!said.text.contains(&used), "{}", said.text);

    let said = desk.run(&["activate"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(!said.text.contains("ANTHROPIC_BASE_URL"), "{}", said.text);
    let said = desk.run(&["doctor", "--offline"]);
    assert!(
        said.text.contains("who would get keys and prompts"),
        "{}",
        said.text
    );
    let said = desk.run(&["status"]);
    assert!(said.text.contains("not this user's"), "{}", said.text);
    assert!(!said.text.contains("use it at"), "{}", said.text);
    let stopped = as_other("stop");
    assert_eq!(stopped.code, Some(0), "{}", stopped.text);
}
