//! The service as a unit of the user's systemd, of which there is a stand-in here: `systemctl` as a script, and
//! the socket on which units tell that they are ready.

use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::harness::grammar::{self, Told};
use crate::harness::upstream::Gate;

/// `systemctl` of a systemd that knows one unit. `start` comes back when the unit has said that it is ready,
/// or has ended, as for `Type=notify`.
const SYSTEMCTL: &str = r#"#!/bin/sh
set -eu
echo "$*" >>"$UNIT/asked"
runs() { pid=$(cat "$UNIT/pid" 2>/dev/null) && [ -e "/proc/$pid" ] && ! grep -q ') Z ' "/proc/$pid/stat"; }
case $2 in
show)
    echo LoadState=loaded
    if runs; then echo ActiveState=active; else echo ActiveState=inactive; fi
    ;;
start)
    [ ! -e "$UNIT/broken" ] || exit 1
    [ ! -e "$UNIT/silent" ] || exit 0
    rm -f "$UNIT/ready" "$UNIT/pid"
    (env -u THE_KEY NOTIFY_SOCKET="$UNIT/notify" sh -c \
        'echo $$ >"$UNIT/pid"; export SYSTEMD_EXEC_PID=$$; exec "$UNIT/transom" serve' </dev/null >"$UNIT/journal" 2>&1 &)
    until [ -e "$UNIT/pid" ]; do sleep 0.01; done
    until [ -e "$UNIT/ready" ]; do runs || exit 1; sleep 0.01; done
    ;;
stop)
    kill "$(cat "$UNIT/pid")"
    while runs; do sleep 0.01; done
    ;;
esac
"#;

/// A home whose user has a systemd with the unit.
struct Systemd {
    desk: Desk,
    told: Arc<Mutex<Vec<String>>>,
}

impl Systemd {
    fn new(mut desk: Desk) -> Self {
        let home = desk.home();
        let unit = home.join("unit");
        for folder in [home.join("run/systemd"), home.join("bin"), unit.clone()] {
            std::fs::create_dir_all(folder).expect("a fresh folder");
        }
        let script = home.join("bin/systemctl");
        std::fs::write(&script, SYSTEMCTL).expect("write the script");
        let runnable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&script, runnable).expect("it is ours");
        std::os::unix::fs::symlink(binary(), unit.join("transom")).expect("a link");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", home.join("bin").display());
        let builder = std::mem::replace(&mut desk.builder, Builder::new());
        desk.builder = builder
            .env("PATH", &path)
            .env("UNIT", &unit.to_string_lossy());
        let socket = UnixDatagram::bind(unit.join("notify")).expect("a socket");
        let told = Arc::<Mutex<Vec<String>>>::default();
        let heard = told.clone();
        std::thread::spawn(move || listen(&socket, &unit, &heard));
        Self { desk, told }
    }

    fn unit(&self) -> PathBuf {
        self.desk.home().join("unit")
    }

    /// What the unit's processes said, in order, once it is so much. It comes a moment later than the
    /// commands that it follows from.
    fn told(&self, count: usize) -> Vec<String> {
        loop {
            let told = self.told.lock();
            let told = told.unwrap_or_else(PoisonError::into_inner).clone();
            if told.len() >= count {
                return told;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// What `systemctl` was asked for, but for questions.
    fn asked(&self) -> Vec<String> {
        let asked = std::fs::read_to_string(self.unit().join("asked")).unwrap_or_default();
        let orders = asked.lines().filter(|line| !line.contains(" show "));
        orders.map(str::to_owned).collect()
    }
}

/// As systemd does: who says `MAINPID` is not the unit's process any more.
fn listen(socket: &UnixDatagram, unit: &Path, heard: &Mutex<Vec<String>>) {
    let mut bytes = [0; 256];
    while let Ok(count) = socket.recv(&mut bytes) {
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        if let Some(pid) = text.strip_prefix("MAINPID=") {
            std::fs::write(unit.join("pid"), pid).unwrap_or_default();
        }
        let mut all = heard.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(text.clone());
        if text == "READY=1" {
            // The home may be gone already.
            std::fs::write(unit.join("ready"), "").unwrap_or_default();
        }
    }
}

#[test]
fn with_a_unit_start_and_stop_are_systemds_and_say_when_it_serves() {
    let systemd = Systemd::new(Desk::new("http://127.0.0.1:9"));
    let desk = &systemd.desk;
    let said = desk.done(&["start"]);
    assert!(said.contains("runs as a systemd unit: process"), "{said}");
    assert_eq!(systemd.told(1), ["READY=1"]);
    assert!(said.contains(&desk.pid().to_string()), "{said}");
    let said = desk.done(&["start"]);
    assert!(said.contains("runs already"), "{said}");
    let said = desk.done(&["status"]);
    assert!(said.contains("as a systemd unit"), "{said}");
    let said = desk.done(&["stop"]);
    assert!(said.contains("is stopped"), "{said}");
    assert_eq!(systemd.told(2), ["READY=1", "STOPPING=1"]);
    let said = desk.done(&["stop"]);
    assert!(said.contains("was not running"), "{said}");
    let orders = [
        "--user start transom.service",
        "--user stop transom.service",
    ];
    assert_eq!(systemd.asked(), orders);
}

#[test]
fn options_of_start_are_for_a_process_of_its_own() {
    let systemd = Systemd::new(Desk::new("http://127.0.0.1:9"));
    let desk = &systemd.desk;
    let listen = desk.address.clone();
    let said = desk.done(&["start", "--listen", &listen]);
    assert!(said.contains("runs in the background"), "{said}");
    assert!(systemd.asked().is_empty() && systemd.told(0).is_empty());
}

#[test]
fn a_unit_that_does_not_come_up_is_told_and_is_a_failure() {
    let systemd = Systemd::new(Desk::new("http://127.0.0.1:9"));
    for (how, words) in [
        ("broken", "`journalctl --user -u transom.service"),
        ("silent", "nothing of it answers at"),
    ] {
        let marker = systemd.unit().join(how);
        std::fs::write(&marker, "").expect("a marker");
        let said = systemd.desk.run(&["start"]);
        assert_eq!(said.code, Some(1), "{}", said.text);
        assert!(said.text.contains(words), "{}", said.text);
        std::fs::remove_file(&marker).expect("it was just written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_unit_hands_over_and_tells_systemd_which_process_it_is() {
    let gate = Gate::new();
    let frames = Road::Zai.frames();
    let held = Answer::stream()
        .chunk(&frames[..3].concat())
        .gate(&gate)
        .chunk(&frames[3..].concat())
        .end();
    let upstream = Upstream::start(move |request| {
        if request.json()["stream"] == true {
            held.clone()
        } else {
            Answer::json(200, &Road::Passthrough.whole())
        }
    })
    .await;
    let systemd = Systemd::new(Desk::new(&upstream.url()));
    let desk = &systemd.desk;
    desk.done(&["start"]);
    let first = desk.pid();
    let request = Road::Passthrough.request(true, "hi");
    let mut stream = client::open_messages(&desk.base(), &request).await;
    stream.event().await.expect("the stream has begun");

    let said = desk.done(&["restart"]);
    let second = desk.pid();
    assert!(said.contains("finishes 1 running exchange"), "{said}");
    assert_ne!(first, second);
    let main = format!("MAINPID={second}");
    assert_eq!(systemd.told(3), ["READY=1", main.as_str(), "READY=1"]);
    assert_eq!(systemd.asked(), ["--user start transom.service"]);
    let reply = client::messages(&desk.base(), &Road::Passthrough.request(false, "hi")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(desk.done(&["status"]).contains("as a systemd unit"));

    gate.open();
    let reply = stream.finish().await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    let said = desk.done(&["stop"]);
    assert!(
        said.contains(&format!("process {second} has ended")),
        "{said}"
    );
}

#[test]
fn variables_of_the_shell_are_not_the_units_which_is_said() {
    let mut desk = Desk::new("http://127.0.0.1:9");
    let builder = std::mem::replace(&mut desk.builder, Builder::new());
    desk.builder = builder.edit(|config| config["providers"][0]["api_key"] = json!("${THE_KEY}"));
    let systemd = Systemd::new(desk);
    for command in ["start", "restart"] {
        let mut command = systemd.desk.builder.command(&[command]);
        let command = command.env("THE_KEY", "the-key-of-a-shell");
        let said = Said::of(&command.output().expect("the binary runs"));
        assert_eq!(said.code, Some(0), "{}", said.text);
        assert!(
            said.text.contains("`transom key set THE_KEY`"),
            "{}",
            said.text
        );
        let status = systemd.desk.done(&["status"]);
        assert!(status.contains("missing"), "{status}");
    }
}
