//! Word to systemd, when it started this process and listens (`Type=notify`), and what it knows of
//! the user unit. Knows nothing of what the service does.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Pid;

use crate::config::Env;

/// The user unit that the installer writes.
pub const UNIT: &str = "transom.service";

/// This process was started by systemd itself, not by a program that it started.
pub fn started_us(env: Env<'_>) -> bool {
    match env("SYSTEMD_EXEC_PID") {
        Some(pid) => pid == std::process::id().to_string(),
        // Versions before 248 do not tell whom they mean.
        None => env("INVOCATION_ID").is_some() && is_systemd(rustix::process::getppid()),
    }
}

fn is_systemd(process: Option<Pid>) -> bool {
    process.is_some_and(|process| {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", process.as_raw_nonzero()));
        name.is_ok_and(|name| name.trim_end() == "systemd")
    })
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

/// Where the user's systemd can be asked: as the session says, and where none is (`su`, cron, ssh without PAM) the
/// usual place, if this home has the unit.
fn runtime(env: Env<'_>) -> Option<PathBuf> {
    let said = env("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    let runtime = match said {
        Some(folder) => PathBuf::from(folder),
        None if is_installed(env) => {
            let user = rustix::process::geteuid().as_raw();
            PathBuf::from(format!("/run/user/{user}"))
        }
        None => return None,
    };
    runtime.join("systemd").is_dir().then_some(runtime)
}

fn is_installed(env: Env<'_>) -> bool {
    let named = env("XDG_CONFIG_HOME").filter(|folder| folder.starts_with('/'));
    let config = named
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env("HOME")?).join(".config")));
    config.is_some_and(|config| config.join("systemd/user").join(UNIT).exists())
}

/// A program of systemd's, for the user's own. None: that cannot be asked.
fn program(name: &str, env: Env<'_>) -> Option<Command> {
    let mut command = Command::new(name);
    command.env("XDG_RUNTIME_DIR", runtime(env)?).arg("--user");
    Some(command)
}

/// Whether the user's systemd knows the unit, and whether it runs. None: no user's systemd is there.
pub fn unit(env: Env<'_>) -> Option<Unit> {
    let mut command = program("systemctl", env)?;
    command.args(["show", UNIT, "--property=LoadState,ActiveState"]);
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
pub fn do_to_unit(verb: &str, env: Env<'_>) -> anyhow::Result<()> {
    let Some(mut command) = program("systemctl", env) else {
        anyhow::bail!("no systemd of this user can be asked: set XDG_RUNTIME_DIR");
    };
    let status = command.args([verb, UNIT]).status();
    let status = status.map_err(|error| anyhow::anyhow!("systemctl cannot be run: {error}"))?;
    anyhow::ensure!(
        status.success(),
        "`systemctl --user {verb} {UNIT}` failed; `journalctl --user -u {UNIT} -n 50` and `transom logs` tell why"
    );
    Ok(())
}

/// The last lines that the unit's processes printed, as the journal has them. Empty where this user
/// may not read it.
pub fn printed(lines: u32, env: Env<'_>) -> String {
    let Some(mut command) = program("journalctl", env) else {
        return String::new();
    };
    let lines = lines.to_string();
    command.args(["--unit", UNIT, "--lines", &lines]);
    command.args(["--no-pager", "--quiet", "--output", "cat"]);
    let output = command.stderr(std::process::Stdio::null()).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    said.unwrap_or_default()
}
