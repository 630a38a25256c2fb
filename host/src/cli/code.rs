//! `transom code`: runs `claude` in the environment of [`super::activate`], as if it had been
//! called itself: arguments, terminal, signals and exit code are its own.
//!
//! Whether a service runs is [`running_service`]'s to say; starting one in this process is the caller's.

use std::ffi::OsString;
use std::io::{Error, ErrorKind, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, waitid};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use super::activate::Environment;
use crate::config::{Config, Env};

pub use liveness::{Answer, Health, Listening, Owner, health_at, running_service, service_at};

mod liveness;

/// What is told to programs that nobody sits before.
const NON_INTERACTIVE: [(&str, &str); 4] = [
    ("CI", "true"),
    ("FORCE_COLOR", "0"),
    ("NODE_NO_READLINE", "1"),
    ("TERM", "dumb"),
];

/// What is run unless `CLAUDE_PATH` or `code.path` names another program.
const PROGRAM: &str = "claude";

/// Runs `claude` to its end, while this process goes on serving it at `base_url`.
pub async fn run(
    base_url: &str,
    config: &Config,
    env: Env<'_>,
    arguments: &[OsString],
) -> anyhow::Result<ExitCode> {
    let program = program(config, env);
    let mut command = Command::from(command(&program, base_url, config, env, arguments));
    // Before the start: a signal that comes early must not end this process alone.
    let signals = Signals::new().context("listen for signals")?;
    let child = command
        .spawn()
        .map_err(|error| not_started(&program, error))?;
    let status = signals.pass_on(child).await.context("wait for claude")?;
    Ok(exit_code(status))
}

/// Becomes `claude`, for a service that runs elsewhere. Returns only if that fails.
pub fn become_claude(
    base_url: &str,
    config: &Config,
    env: Env<'_>,
    arguments: &[OsString],
) -> anyhow::Error {
    let program = program(config, env);
    let error = command(&program, base_url, config, env, arguments).exec();
    not_started(&program, error)
}

fn program(config: &Config, env: Env<'_>) -> String {
    env("CLAUDE_PATH")
        .filter(|path| !path.is_empty())
        .or_else(|| config.code.path.clone())
        .unwrap_or_else(|| PROGRAM.to_owned())
}

fn command(
    program: &str,
    base_url: &str,
    config: &Config,
    env: Env<'_>,
    arguments: &[OsString],
) -> std::process::Command {
    let environment = Environment::of(base_url, config, env);
    let mut command = std::process::Command::new(program);
    command.args(arguments).envs(environment.set);
    for name in environment.unset {
        command.env_remove(name);
    }
    if config.code.non_interactive {
        command
            .envs(NON_INTERACTIVE)
            .stdin(std::process::Stdio::null());
    }
    command
}

fn not_started(program: &str, error: Error) -> anyhow::Error {
    let remedy = "install it with `npm install -g @anthropic-ai/claude-code`, or name it in CLAUDE_PATH or `code.path`";
    match error.kind() {
        ErrorKind::NotFound => anyhow!("run `{program}`: there is no such program; {remedy}"),
        ErrorKind::PermissionDenied => anyhow!("run `{program}`: it cannot be executed; {remedy}"),
        _ => anyhow!("run `{program}`: {error}"),
    }
}

/// The code of an end by signal is what a shell makes of it: 128 and the signal's number.
fn exit_code(status: ExitStatus) -> ExitCode {
    let signalled = || status.signal().map(|signal| 128 + signal);
    let code = status.code().or_else(signalled);
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// The signals that would end or stop this process while `claude` runs in the foreground.
struct Signals {
    terminate: Listener,
    hangup: Listener,
    interrupt: Listener,
    quit: Listener,
    child: Listener,
    /// The terminal sends its signals to `claude` too: passed on, they would count twice.
    from_terminal: bool,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            child: signal(SignalKind::child())?,
            // `echo ... | transom code` is in the foreground as well.
            from_terminal: std::io::stdin().is_terminal()
                || std::io::stdout().is_terminal()
                || std::io::stderr().is_terminal(),
        })
    }

    async fn pass_on(mut self, mut child: Child) -> std::io::Result<ExitStatus> {
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let send = |signal| {
            if let Some(pid) = pid {
                // It fails only if the child has ended, which `wait` is about to tell.
                let _ = kill_process(pid, signal);
            }
        };
        loop {
            tokio::select! {
                status = child.wait() => return status,
                _ = self.terminate.recv() => send(Signal::TERM),
                _ = self.hangup.recv() => send(Signal::HUP),
                _ = self.interrupt.recv() => if !self.from_terminal { send(Signal::INT) },
                _ = self.quit.recv() => if !self.from_terminal { send(Signal::QUIT) },
                _ = self.child.recv() => if pid.is_some_and(is_stopped) { stop_too() },
            }
        }
    }
}

/// `claude` was suspended (Ctrl-Z). Says so once for each time.
fn is_stopped(pid: Pid) -> bool {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_)))
}

/// The shell waits for this process: unless it stops as well, the terminal is not given back.
/// `fg` continues both.
fn stop_too() {
    let _ = kill_process(getpid(), Signal::STOP);
}

#[cfg(test)]
mod tests;
