//! What a restart replaced and what is told to end twice: each is found, waited for, and cut off only when
//! that is asked for.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::*;
use crate::harness::client::Exchange;
use crate::harness::grammar::{self, Told};
use crate::harness::upstream::Gate;

/// A service with a stream that waits in its middle.
async fn with_a_stream(gate: &Gate) -> (Upstream, Desk, Exchange) {
    let frames = Road::Zai.frames();
    let held = Answer::stream()
        .chunk(&frames[..3].concat())
        .gate(gate)
        .chunk(&frames[3..].concat())
        .end();
    let upstream = Upstream::always(held).await;
    let desk = Desk::new(&upstream.url());
    desk.done(&["start"]);
    let stream = begun(&desk).await;
    (upstream, desk, stream)
}

async fn begun(desk: &Desk) -> Exchange {
    let request = Road::Passthrough.request(true, "hi");
    let mut stream = client::open_messages(&desk.base(), &request).await;
    stream.event().await.expect("the stream has begun");
    stream
}

/// A command that has said something and goes on.
struct Waiting {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Waiting {
    /// Panics unless a line with these words comes.
    fn until(desk: &Desk, arguments: &[&str], words: &str) -> Self {
        let mut command = desk.builder.command(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let told = lines.by_ref().map_while(Result::ok);
        assert!(told.into_iter().any(|line| line.contains(words)), "{words}");
        Self { child, lines }
    }

    /// What else it said.
    fn end(mut self) -> String {
        let rest: Vec<String> = self.lines.map_while(Result::ok).collect();
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{rest:?}");
        rest.join("\n")
    }
}

fn is_there(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_stop_waits_beside_the_first() {
    let gate = Gate::new();
    let (_upstream, desk, stream) = with_a_stream(&gate).await;
    let pid = desk.pid();
    let waits = "is finished first";
    let first = Waiting::until(&desk, &["stop"], waits);
    let second = Waiting::until(&desk, &["stop"], waits);
    assert!(is_there(pid));
    gate.open();
    let reply = stream.finish().await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    for said in [first.end(), second.end()] {
        assert!(said.contains(&format!("process {pid} has ended")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_waits_for_what_restarts_replaced_and_status_names_it() {
    let gate = Gate::new();
    let (_upstream, desk, stream) = with_a_stream(&gate).await;
    let mut pids = vec![desk.pid()];
    desk.done(&["restart"]);
    pids.push(desk.pid());
    let other = begun(&desk).await;
    desk.done(&["restart"]);
    let said = desk.done(&["status"]);
    for pid in &pids {
        let words =
            format!("process {pid}, which a restart replaced, still finishes 1 running exchange");
        assert!(said.contains(&words), "{said}");
    }
    let status = desk.done(&["status", "--json"]);
    let status: Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(
        status["finishing"][1],
        json!({"pid": pids[1], "running": 1})
    );
    // The one that serves has nothing to finish and ends; the others are waited for.
    let stop = Waiting::until(&desk, &["stop"], "by process");
    assert!(pids.iter().all(|pid| is_there(*pid)));
    gate.open();
    for stream in [stream, other] {
        let reply = stream.finish().await;
        assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    }
    let said = stop.end();
    for pid in &pids {
        let words = format!("process {pid}, which a restart had replaced, has ended");
        assert!(said.contains(&words), "{said}");
        assert!(!is_there(*pid));
    }
    let left = files(&desk.home().join("state/transom/service"));
    let leaving = |path: &&PathBuf| path.to_string_lossy().contains("leaving-");
    assert_eq!(left.iter().find(leaving), None);
    let owner = files(&desk.home().join("state/transom/owner"));
    assert_eq!(owner, [] as [PathBuf; 0], "tokens go with their services");
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_now_cuts_off_what_a_restart_replaced_too() {
    let gate = Gate::new();
    let (_upstream, desk, stream) = with_a_stream(&gate).await;
    let pid = desk.pid();
    desk.done(&["restart"]);
    desk.done(&["stop", "--now"]);
    assert!(!is_there(pid));
    let reply = stream.finish().await;
    assert_ne!(grammar::check(&reply).told, Told::Complete);
    let said = desk.done(&["stop"]);
    assert!(said.contains("was not running"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_at_once_are_one_after_the_other() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let desk = Desk::new(&upstream.url());
    desk.done(&["start"]);
    let restarting: Vec<Waiting> = (0..3)
        .map(|_| Waiting::until(&desk, &["restart"], "listening on"))
        .collect();
    for restart in restarting {
        let said = restart.end();
        assert!(said.contains("is restarted"), "{said}");
    }
    let reply = client::messages(&desk.base(), &Road::Passthrough.request(false, "hi")).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_found_without_its_note_and_replaced_only_by_one_that_can_write_it() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let desk = Desk::new(&upstream.url());
    desk.done(&["start"]);
    let before = desk.pid();
    // As on a full disk: what stands in the note's place cannot be replaced.
    let note = desk.note();
    std::fs::remove_file(&note).expect("a note");
    std::fs::create_dir_all(note.join("in the way")).expect("a folder");
    let said = desk.run(&["restart"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    let words = format!("process {before} serves on");
    assert!(said.text.contains(&words), "{}", said.text);
    let reply = client::messages(&desk.base(), &Road::Passthrough.request(false, "hi")).await;
    assert_eq!(reply.status, 200);
    std::fs::remove_dir_all(&note).expect("it was just made");
    let said = desk.done(&["status"]);
    assert!(said.contains(&format!("process {before},")), "{said}");
    desk.done(&["restart"]);
    assert_ne!(desk.pid(), before);
    let said = desk.done(&["stop"]);
    assert!(said.contains("is stopped"), "{said}");
}

#[test]
fn a_service_holds_nothing_open_that_its_shell_had_open() {
    let desk = Desk::new("http://127.0.0.1:9");
    let lock = desk.home().join("a-lock");
    let mut shell = Command::new("sh");
    let command = desk.builder.command(&["start"]);
    shell
        .args(["-c", "exec 9>\"$0\"; exec \"$@\""])
        .arg(&lock)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdout(Stdio::piped());
    let output = shell.output().expect("a shell");
    assert!(output.status.success());
    let open = std::fs::read_dir(format!("/proc/{}/fd", desk.pid())).expect("it runs");
    let open = open
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok());
    assert!(open.into_iter().all(|path| path != lock));
}
