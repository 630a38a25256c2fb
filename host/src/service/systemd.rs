//! Word to systemd, when it started this process and listens (`Type=notify`), and what it knows of
//! the user unit. Knows nothing of what the service does.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::Command;

use crate::config::Env;

/// The user unit that the installer writes.
pub const UNIT: &str = "transom.service";

/// This process was started by systemd itself, not by a program that it started.
pub fn started_us(env: Env<'_>) -> bool {
    env("SYSTEMD_EXEC_PID").is_some_and(|pid| pid == std::process::id().to_string())
}

/// `READY=1`, `STOPPING=1`, or `MAINPID=NUMBER` of the process that is the service from now on, which
/// only the process that was it so far may say. Whoever does not listen is not told.
pub fn tell(state: &str) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    if let Err(error) = send(&socket, state) {
        tracing::debug!(%error, "systemd could not be told of {state}");
    }
}

fn send(socket: &OsStr, state: &str) -> std::io::Result<()> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

/// Whether the user's systemd knows the unit, and whether it runs. None: no user's systemd is there.
pub fn unit(env: Env<'_>) -> Option<Unit> {
    let runtime = env("XDG_RUNTIME_DIR")?;
    if !Path::new(&runtime).join("systemd").is_dir() {
        return None;
    }
    let mut command = Command::new("systemctl");
    command.args(["--user", "show", UNIT, "--property=LoadState,ActiveState"]);
    let output = command.output().ok().filter(|out| out.status.success())?;
    let shown = String::from_utf8_lossy(&output.stdout);
    let has = |line: &str| shown.lines().any(|shown| shown == line);
    has("LoadState=loaded").then(|| Unit {
        active: has("ActiveState=active") || has("ActiveState=activating"),
    })
}

/// The user unit, as systemd knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// It runs, or is about to.
    pub active: bool,
}

/// `systemctl --user VERB transom.service`. Errors: a sentence.
pub fn do_to_unit(verb: &str) -> anyhow::Result<()> {
    let status = Command::new("systemctl")
        .args(["--user", verb, UNIT])
        .status();
    let status = status.map_err(|error| anyhow::anyhow!("systemctl cannot be run: {error}"))?;
    anyhow::ensure!(
        status.success(),
        "`systemctl --user {verb} {UNIT}` failed; `journalctl --user -u {UNIT} -n 50` and `transom logs` tell why"
    );
    Ok(())
}

/// The last lines that the unit's processes printed, as the journal has them. Empty where this user
/// may not read it.
pub fn printed(lines: u32) -> String {
    let lines = lines.to_string();
    let mut command = Command::new("journalctl");
    command.args(["--user", "--unit", UNIT, "--lines", &lines]);
    command.args(["--no-pager", "--quiet", "--output", "cat"]);
    let output = command.stderr(std::process::Stdio::null()).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    said.unwrap_or_default()
}
