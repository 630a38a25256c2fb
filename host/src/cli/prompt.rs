//! Asking a person on a terminal: questions on standard error, answers from standard input.

use std::io::{BufRead, Error, ErrorKind, IsTerminal, Read, Result, Write, stderr, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::config::Secret;

/// No key is longer; more is not one.
const LONGEST: u64 = 64 << 10;

/// Somebody can be asked.
pub(super) fn somebody() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// An answer, or `usual` when it is empty.
pub(super) fn ask(question: &str, usual: &str) -> Result<String> {
    let hint = if usual.is_empty() {
        String::new()
    } else {
        format!(" [{usual}]")
    };
    question_text(&format!("{question}{hint}: "))?;
    let mut line = String::new();
    if stdin().lock().read_line(&mut line)? == 0 {
        return Err(given_up());
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { usual } else { answer }.to_owned())
}

/// Yes or no; an empty answer is no.
pub(super) fn agreed(question: &str) -> Result<bool> {
    let answer = ask(&format!("{question} (y/N)"), "")?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// An answer that is not shown. Empty: none.
pub(super) fn ask_hidden(question: &str) -> Result<Option<Secret>> {
    // First: what is typed as soon as the question stands there must not be seen either.
    let hidden = Hidden::begin()?;
    question_text(&format!("{question} (not shown): "))?;
    let answer = typed();
    drop(hidden);
    question_text("\n")?;
    Ok(secret(&answer?))
}

/// The first line of standard input, which is no terminal. Empty: none.
pub(super) fn piped() -> Result<Option<Secret>> {
    let mut line = String::new();
    stdin().lock().take(LONGEST).read_line(&mut line)?;
    Ok(secret(&line))
}

fn secret(text: &str) -> Option<Secret> {
    let text = text.trim();
    (!text.is_empty()).then(|| Secret::new(text))
}

fn question_text(text: &str) -> Result<()> {
    let mut out = stderr().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn given_up() -> Error {
    Error::new(ErrorKind::Interrupted, "nothing was answered")
}

/// Byte by byte: as long as the terminal is silent, its signals are too, so that it is never left so.
fn typed() -> Result<String> {
    let mut answer = Vec::new();
    for byte in stdin().lock().bytes() {
        match byte? {
            b'\n' | b'\r' => return Ok(String::from_utf8_lossy(&answer).into_owned()),
            // Ctrl-C, Ctrl-D.
            3 | 4 => break,
            // Backspace.
            8 | 127 => drop(answer.pop()),
            // Ctrl-U.
            21 => answer.clear(),
            byte => answer.push(byte),
        }
    }
    Err(given_up())
}

/// The terminal shows nothing of what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // There is nobody to tell: the terminal is gone.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
