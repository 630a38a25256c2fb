//! A process that the benchmark started: ready when it says where it listens, ended with its value.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child as Process, ChildStdout, Command};

/// The line by which mock, relay and transom say that they are ready.
pub(crate) const LISTENING: &str = "listening on http://";

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running process. Dropping it kills it.
pub(crate) struct Child {
    process: Process,
    errors: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
    /// From just before the process was made to its ready line.
    pub(crate) start: Duration,
}

/// A process that was made but is not ready yet.
pub(crate) struct Starting {
    process: Process,
    errors: PathBuf,
    begin: Instant,
}

/// Makes the process; what it says on stderr goes to the file `errors`.
pub(crate) fn spawn(command: &mut Command, errors: &Path) -> Result<Starting> {
    let program = command.as_std().get_program().to_owned();
    let stderr = std::fs::File::create(errors)?;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .kill_on_drop(true);
    let begin = Instant::now();
    let process = command
        .spawn()
        .with_context(|| format!("`{}` cannot be started", program.display()))?;
    Ok(Starting {
        process,
        errors: errors.to_owned(),
        begin,
    })
}

impl Starting {
    /// Waits for the ready line.
    pub(crate) async fn ready(mut self) -> Result<Child> {
        let stdout = self
            .process
            .stdout
            .take()
            .context("invariant: stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let found = tokio::time::timeout(START_LIMIT, listening(&mut lines)).await;
        let start = self.begin.elapsed();
        let address = match found {
            Ok(Ok(Some(address))) => address,
            Ok(Ok(None)) => bail!(
                "it ended without listening; it said: {}",
                said(&self.errors)
            ),
            Ok(Err(error)) => return Err(error),
            Err(_) => bail!(
                "it did not listen within {} s; it said: {}",
                START_LIMIT.as_secs(),
                said(&self.errors)
            ),
        };
        // Read on, so that the process never waits for someone to read its words.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let pid = self
            .process
            .id()
            .context("it ended right after it listened")?;
        Ok(Child {
            process: self.process,
            errors: self.errors,
            address,
            pid,
            start,
        })
    }
}

impl Child {
    /// An error if the process has ended.
    pub(crate) fn alive(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(anyhow!(
                "it ended ({status}); it said: {}",
                said(&self.errors)
            )),
        }
    }

    /// Ends the process and waits until it is gone.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.process
            .kill()
            .await
            .context("a process cannot be ended")
    }
}

async fn listening(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<Option<SocketAddr>> {
    while let Some(line) = lines.next_line().await? {
        if let Some(address) = line.trim().strip_prefix(LISTENING) {
            let address = address.trim_end_matches('/');
            return address
                .parse()
                .map(Some)
                .with_context(|| format!("it listens at `{address}`, which is no address"));
        }
    }
    Ok(None)
}

/// The end of what a process wrote to stderr.
fn said(errors: &Path) -> String {
    let text = std::fs::read_to_string(errors).unwrap_or_default();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    match lines.as_slice() {
        [] => "nothing".to_owned(),
        lines => lines[lines.len().saturating_sub(5)..].join(" | "),
    }
}
