//! The built-in transformers as plain Rust, beside which components are measured: a process of its own, since a
//! guest's dependencies must not change those of the host.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

/// `guests/fixtures/examples/costs.rs`, running.
pub(crate) struct Native {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Native {
    /// The program that `TRANSOM_NATIVE_COSTS` names; none without it.
    pub(crate) fn start() -> Option<Self> {
        let program = std::env::var_os("TRANSOM_NATIVE_COSTS")?;
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let questions = child.stdin.take().expect("invariant: it is piped");
        let answers = child.stdout.take().expect("invariant: it is piped");
        Some(Self {
            child,
            questions,
            answers: BufReader::new(answers),
        })
    }

    /// `request` with this body, on a fresh exchange each. Empty: it does not know the guest.
    pub(crate) fn requests(&mut self, guest: &str, body: &Bytes, times: usize) -> Vec<Duration> {
        self.ask(&json!({"guest": guest, "times": times, "request": text(body)}))
    }

    /// `push` of these frames on one exchange.
    pub(crate) fn pushes(
        &mut self,
        guest: &str,
        (first, frames): (&Bytes, &Bytes),
        times: usize,
    ) -> Vec<Duration> {
        let (first, frames) = (text(first), text(frames));
        self.ask(&json!({"guest": guest, "times": times, "first": first, "frames": frames}))
    }

    fn ask(&mut self, question: &Value) -> Vec<Duration> {
        writeln!(self.questions, "{question}").expect("it listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("it answers");
        let took: Vec<u64> = serde_json::from_str(&answer).expect("a list");
        took.into_iter().map(Duration::from_nanos).collect()
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).expect("invariant: the benchmark makes text")
}
