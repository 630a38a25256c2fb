//! The log of a service: followed over rotation, and with bodies where they are asked for.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// Long: it only ends a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A command that goes on. Killed when it is dropped.
struct Followed {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Followed {
    fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| tell.send(line))
        });
        Self { child, lines }
    }

    fn next(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("a line comes");
        serde_json::from_str(&line).expect("JSON")
    }

    /// The ids of so many exchanges.
    fn exchanges(&self, count: usize) -> Vec<String> {
        let lines = std::iter::repeat_with(|| self.next());
        let exchanges = lines.filter(|line| line["message"] == "exchange");
        let ids =
            exchanges.map(|line| format!("req_{}", line["request_id"].as_str().expect("an id")));
        ids.take(count).collect()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ask(desk: &Desk, text: &str) -> String {
    let request = Road::Passthrough.request(false, text);
    let reply = client::messages(&desk.base(), &request).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.header("request-id").expect("an id").to_owned()
}

fn log_files(desk: &Desk) -> Vec<PathBuf> {
    let all = files(&desk.home().join("state/transom/logs"));
    let mut logs: Vec<_> = all
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    logs.sort();
    logs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_line_by_line_over_rotation_and_a_restart() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let mut desk = Desk::new(&upstream.url());
    let builder = std::mem::replace(&mut desk.builder, Builder::new());
    let log = json!({ "max_file": "64KiB", "max_total": "1MiB" });
    desk.builder = builder.set("log", log);
    desk.done(&["start"]);
    let first = ask(&desk, "before anybody looks").await;
    // The line is written a moment after the answer.
    while !desk
        .run(&["logs", "--exchange", &first])
        .text
        .contains("exchange")
    {}
    let follow = ["logs", "--follow", "--lines", "1000", "--json"];
    let followed = Followed::start(desk.builder.command(&follow));
    assert_eq!(followed.exchanges(1), [first]);
    let mut asked = Vec::new();
    while log_files(&desk).len() < 3 {
        for _ in 0..20 {
            asked.push(ask(&desk, "hi").await);
        }
    }
    desk.done(&["restart"]);
    asked.push(ask(&desk, "after the restart").await);
    assert_eq!(followed.exchanges(asked.len()), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_logged_only_when_asked_for_and_without_keys_and_names() {
    let key = Canary::plain("provider");
    let echoed = format!(
        "the key is {}, and sk-ant-api03-u8jzPde0IgxLd6GncfBAepfJBd0Kh8oOOL8dKLzdocJ2isAjIhKtJ0RlgLKOmxgJTeKdNnFRIBXuDL7DxtpYlSXpfKtHFAA",
        key.key()
    );
    let mut answer = Road::Passthrough.whole();
    answer["content"][0]["text"] = json!(echoed);
    let upstream = Upstream::always(Answer::json(200, &answer)).await;
    let mut desk = Desk::new(&upstream.url());
    let builder = std::mem::replace(&mut desk.builder, Builder::new());
    let mut config = Value::Null;
    desk.builder = builder
        .edit(|of_desk| {
            of_desk["providers"][0]["api_key"] = json!("${THE_KEY}");
            config = of_desk.clone();
        })
        .env("THE_KEY", key.key());
    desk.done(&["start"]);
    let home = desk.home();
    let said = format!(
        "look into {}/work, mail ada@lovelace-engines.org",
        home.display()
    );
    let unlogged = ask(&desk, &said).await;
    // Taken up by the running service.
    config["log"] = json!({ "bodies": true, "body_bytes": 4096 });
    let builder = std::mem::replace(&mut desk.builder, Builder::new());
    desk.builder = builder.edit(|of_desk| *of_desk = config);
    drop(desk.builder.command(&[]));
    let logged = loop {
        let id = ask(&desk, &said).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let lines = desk.run(&["logs", "-n", "1000", "--exchange", &id, "--json"]);
        if lines.text.contains(r#""message":"bodies""#) {
            break id;
        }
    };
    desk.done(&["stop"]);
    let without = desk.done(&["logs", "--exchange", &unlogged, "--json"]);
    assert!(!without.contains("look into"), "{without}");
    let lines = desk.done(&["logs", "--exchange", &logged, "--json"]);
    let line = lines
        .lines()
        .find(|line| line.contains(r#""message":"bodies""#));
    let line: Value = serde_json::from_str(line.expect("a line with bodies")).expect("JSON");
    let request = line["request"].as_str().expect("a body");
    let answer = line["answer"].as_str().expect("a body");
    assert!(
        request.contains("look into ") && request.contains("/work, mail "),
        "{request}"
    );
    assert!(answer.contains("the key is "), "{answer}");
    for secret in [
        "lovelace",
        &home.display().to_string(),
        "0IgxLd6GncfBAepfJBd0",
    ] {
        assert!(
            !request.contains(secret) && !answer.contains(secret),
            "{line}"
        );
    }
    for path in files(&home.join("state")) {
        let mode = path.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        let bytes = std::fs::read(&path).expect("readable");
        key.assert_absent(&path.display().to_string(), &bytes);
    }
}
