//! Asking a service over its control socket. One JSON object a line, both ways.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::handover;
use super::note::Note;
use super::place::{Place, SocketPath};

/// A service answers at once; what takes longer says so before.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Request {
    /// Who it is.
    Who,
    /// What `/api/status` says.
    Status,
    /// End, after running exchanges. The connection ends with the process.
    Stop {
        /// Do not wait for them.
        now: bool,
    },
    /// Start a successor, which then asks for the listener. Environment is inherited.
    Restart(Box<Successor>),
    /// The listener, which comes with the answer.
    Listener,
    /// The successor that has the listener is ready: accept nothing more.
    TakeOver,
    /// Which variables of its environment the env file has otherwise.
    Overriding,
    /// The env file counts for this variable from now on, whatever the environment says.
    LetGo {
        /// Its name.
        variable: String,
    },
}

/// How a successor is started.
#[derive(Debug, Serialize, Deserialize)]
pub struct Successor {
    /// The program: after an update another one than that which runs.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables that replace or extend those that are inherited.
    pub variables: BTreeMap<String, String>,
    /// Where it prints; none: where the running process does, which for a unit is the journal.
    pub output: Option<PathBuf>,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// What it wrote down of itself, or would have if the disk had taken it.
    pub note: Note,
    /// It was told to stop, or has handed over.
    pub leaving: bool,
    /// Exchanges that run.
    pub running: usize,
}

/// How starting a successor went.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restarted {
    /// It serves.
    Ready {
        /// The successor's process.
        pid: u32,
        /// Exchanges that the one before finishes.
        running: usize,
    },
    /// It ended before it was ready; what it said is in its output.
    Failed {
        /// Its exit code, if it had one.
        code: Option<i32>,
    },
    /// It was not started.
    Refused {
        /// A sentence.
        why: String,
    },
}

/// A connection to a service.
pub struct Line {
    stream: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Line {
    /// To the service that listens there, if it is this user's.
    pub fn to(place: &Place, listen: SocketAddr) -> io::Result<Self> {
        Self::over(&place.socket(listen)?)
    }

    /// To a process that was replaced and finishes its exchanges.
    pub fn to_leaving(place: &Place, pid: u32) -> io::Result<Self> {
        Self::over(&place.leaving_socket(pid)?)
    }

    fn over(socket: &SocketPath) -> io::Result<Self> {
        let stream = UnixStream::connect(&socket.path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let answers = BufReader::with_capacity(8 << 10, stream.try_clone()?);
        Ok(Self { stream, answers })
    }

    fn ask<T: for<'de> Deserialize<'de>>(&mut self, request: &Request) -> io::Result<T> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.stream.write_all(&line)?;
        self.answer()
    }

    fn answer<T: for<'de> Deserialize<'de>>(&mut self) -> io::Result<T> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Who it is.
    pub fn who(&mut self) -> io::Result<Who> {
        self.ask(&Request::Who)
    }

    /// What `/api/status` says.
    pub fn status(&mut self) -> io::Result<Value> {
        self.ask(&Request::Status)
    }

    /// Has it end; the exchanges that run then.
    pub fn stop(&mut self, now: bool) -> io::Result<usize> {
        self.ask(&Request::Stop { now })
    }

    /// Variables of its environment that are stronger than what the env file says of them.
    pub fn overriding(&mut self) -> io::Result<Vec<String>> {
        self.ask(&Request::Overriding)
    }

    /// Has it take a variable from the env file from now on. False: it did so before.
    pub fn let_go(&mut self, variable: &str) -> io::Result<bool> {
        let variable = variable.to_owned();
        self.ask(&Request::LetGo { variable })
    }

    /// Waits until the process is gone.
    pub fn wait_for_end(mut self) {
        // Ended is ended, however the connection tells it.
        let _ = self.stream.set_read_timeout(None);
        let _ = io::copy(&mut self.answers, &mut io::sink());
    }

    /// Has it start a successor, and waits until that serves or has failed.
    pub fn restart(&mut self, successor: Successor) -> io::Result<Restarted> {
        self.stream.set_read_timeout(None)?;
        self.ask(&Request::Restart(Box::new(successor)))
    }

    /// Its listener.
    pub fn listener(&mut self) -> io::Result<TcpListener> {
        let mut line = serde_json::to_vec(&Request::Listener)?;
        line.push(b'\n');
        self.stream.write_all(&line)?;
        // Nothing of it was read ahead: the service says nothing unasked.
        let listener = TcpListener::from(handover::receive(&self.stream)?);
        listener.set_nonblocking(true)?;
        Ok(listener)
    }

    /// Has it accept nothing more; the exchanges that it finishes.
    pub fn take_over(&mut self) -> io::Result<usize> {
        self.ask(&Request::TakeOver)
    }
}
