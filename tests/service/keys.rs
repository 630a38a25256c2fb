//! Keys of the environment and keys of the env file: what was set last is what counts.

use std::io::Write as _;
use std::process::Stdio;

use super::*;

/// A service whose only provider takes its key from `THE_KEY`.
fn desk(upstream: &Upstream) -> Desk {
    let mut desk = Desk::new(&upstream.url());
    let builder = std::mem::replace(&mut desk.builder, Builder::new());
    desk.builder = builder.edit(|config| config["providers"][0]["api_key"] = json!("${THE_KEY}"));
    desk
}

fn with_key(desk: &Desk, arguments: &[&str], key: &str) -> String {
    let mut command = desk.builder.command(arguments);
    let output = command.env("THE_KEY", key).output();
    let said = Said::of(&output.expect("the binary runs"));
    assert_eq!(said.code, Some(0), "{}", said.text);
    said.text
}

/// The key that the upstream gets now.
async fn key(desk: &Desk, upstream: &Upstream) -> String {
    let reply = client::messages(&desk.base(), &Road::Passthrough.request(false, "hi")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let requests = upstream.requests();
    let last = requests.last().expect("it was just sent");
    last.header("x-api-key").unwrap_or_default().to_owned()
}

async fn wait_for_key(desk: &Desk, upstream: &Upstream, wanted: &str) {
    for _ in 0..2000 {
        if key(desk, upstream).await == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the service does not take up {wanted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_exported_but_empty_wipes_no_key() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let desk = desk(&upstream);
    with_key(&desk, &["start"], "the-key-of-the-first-shell");
    let said = with_key(&desk, &["restart"], "");
    assert!(!said.contains("from here"), "{said}");
    assert_eq!(key(&desk, &upstream).await, "the-key-of-the-first-shell");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_set_counts_also_where_the_service_was_started_with_another() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let desk = desk(&upstream);
    with_key(&desk, &["start"], "the-key-of-a-shell");
    // By hand: the environment is stronger, which a restart says.
    let env = desk.home().join("config/transom/env");
    std::fs::write(&env, "THE_KEY=written-by-hand\n").expect("write it");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&env, private).expect("it is ours");
    let said = desk.done(&["restart"]);
    assert!(said.contains("`transom key set THE_KEY`"), "{said}");
    assert_eq!(key(&desk, &upstream).await, "the-key-of-a-shell");
    // By the command: it counts at once, and after a restart.
    let mut set = desk.builder.command(&["key", "set", "THE_KEY"]);
    let mut set = set
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = set.stdin.take().expect("piped");
    input.write_all(b"a-rotated-key-0123\n").expect("it reads");
    drop(input);
    let said = Said::of(&set.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(
        said.text.contains("was started with another THE_KEY"),
        "{}",
        said.text
    );
    wait_for_key(&desk, &upstream, "a-rotated-key-0123").await;
    let said = desk.done(&["restart"]);
    assert!(!said.contains("stronger"), "{said}");
    assert_eq!(key(&desk, &upstream).await, "a-rotated-key-0123");
    assert!(!said.contains("a-rotated-key"), "{said}");
}
