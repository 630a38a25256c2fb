//! Log lines: to standard error as text or JSON, and as JSON into files that stay under their bound.
//! No key is logged at any level, and no body unless `log.bodies` asks for it: then cleaned, into files only.
//!
//! `tracing`'s events become lines where they happen. The line of an exchange is made by the log's
//! own thread: an exchange that ends hands over what it knows and waits for nothing.

mod bodies;
pub mod clock;
mod exchange;
pub mod files;
mod sink;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Log;
use crate::record::{Bodies, Ended};
use crate::upstream::Secrets;
use files::Files;
use sink::{Form, Outlets, Sink};

/// The target of the line of an exchange, for `TRANSOM_LOG`.
pub(crate) const EXCHANGES: &str = "transom::exchange";

/// The target of the line with its bodies, which is asked for by name, not by level.
const BODIES: &str = "transom::bodies";

/// A process has one log.
static SINK: OnceLock<Sink> = OnceLock::new();

/// Starts logging, to standard error and to files in `folder` if one is given and wanted.
/// `TRANSOM_LOG` (in `tracing`'s directive syntax) comes before the configuration.
pub fn start(log: &Log, folder: Option<PathBuf>) {
    let form = if log.json { Form::Json } else { Form::Text };
    start_with(log, Some(form), Level::TRACE, folder);
}

/// Starts logging into files, and for as long as somebody reads it what is wrong to standard error.
pub fn start_in_background(log: &Log, folder: Option<PathBuf>) {
    start_with(log, Some(Form::Text), Level::WARN, folder);
}

/// Starts logging into files only.
pub fn start_in_files(log: &Log, folder: Option<PathBuf>) {
    start_with(log, None, Level::WARN, folder);
}

fn start_with(log: &Log, shown: Option<Form>, most: Level, folder: Option<PathBuf>) {
    let files = folder
        .filter(|_| log.files)
        .map(|folder| Files::new(folder, log.bounds));
    let filed = files.is_some();
    let Some(sink) = Sink::start(Outlets { shown, files }) else {
        return;
    };
    // A second start (the demo after a service in one process) keeps the first.
    if SINK.set(sink.clone()).is_err() {
        return;
    }
    let text = (shown == Some(Form::Text)).then(|| {
        events()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(Lines::shown(&sink).with_max_level(most))
    });
    let json = (shown == Some(Form::Json)).then(|| {
        events()
            .json()
            .flatten_event(true)
            .with_writer(Lines::shown(&sink).with_max_level(most))
    });
    let filed = filed.then(|| {
        events()
            .json()
            .flatten_event(true)
            .with_writer(Lines::filed(&sink))
    });
    let started = tracing_subscriber::registry()
        .with(filter(log))
        .with(text)
        .with(json)
        .with(filed)
        .try_init();
    drop(started);
}

/// A reader of the log that went away must not cost an exchange: saying so would panic.
fn events<S>() -> tracing_subscriber::fmt::Layer<S> {
    tracing_subscriber::fmt::layer().log_internal_errors(false)
}

fn filter(log: &Log) -> EnvFilter {
    let directives = std::env::var("TRANSOM_LOG").unwrap_or_else(|_| log.level.clone());
    EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Logs an exchange that ended. Waits for nothing.
pub(crate) fn exchange(ended: Ended) {
    if let Some(sink) = SINK.get()
        && tracing::enabled!(target: EXCHANGES, Level::INFO)
    {
        sink.exchange(ended);
    }
}

/// Logs the bodies of an exchange that ended, if there are log files. Waits for nothing.
pub(crate) fn bodies(request_id: &str, bodies: Bodies, secrets: &Secrets) {
    if let Some(sink) = SINK.get() {
        sink.bodies(bodies::Waiting {
            at: SystemTime::now(),
            request_id: request_id.to_owned(),
            bodies,
            secrets: secrets.clone(),
        });
    }
}

/// The file that is written.
pub fn current_file() -> Option<PathBuf> {
    SINK.get()?.current()
}

/// Lines that are lost because they came faster than they could be written.
pub fn dropped() -> u64 {
    SINK.get().map_or(0, Sink::dropped)
}

/// Waits until the last lines are written.
pub fn flush() {
    if let Some(sink) = SINK.get() {
        sink.flush();
    }
}

/// Leaves standard error alone from now on: nobody reads it any more. A panic goes to the log files.
pub fn leave_standard_error() {
    if let Some(sink) = SINK.get() {
        sink.silence();
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

/// Hands the lines of `tracing` to the log's thread.
#[derive(Clone)]
struct Lines {
    sink: Sink,
    put: fn(&Sink, &[u8]),
}

impl Lines {
    fn shown(sink: &Sink) -> Self {
        Self {
            sink: sink.clone(),
            put: Sink::shown,
        }
    }

    fn filed(sink: &Sink) -> Self {
        Self {
            sink: sink.clone(),
            put: Sink::filed,
        }
    }
}

impl Write for Lines {
    /// `tracing` hands over an event whole, and has made its control characters visible but for line breaks.
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        (self.put)(&self.sink, &continued(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// With what follows a line break indented: it is no line of the log's own.
fn continued(event: &[u8]) -> Cow<'_, [u8]> {
    let text = event.strip_suffix(b"\n").unwrap_or(event);
    if memchr::memchr2(b'\n', b'\r', text).is_none() {
        return Cow::Borrowed(event);
    }
    let mut lines = Vec::with_capacity(event.len() + 64);
    for byte in text {
        match byte {
            b'\n' => lines.extend_from_slice(b"\n    "),
            b'\r' => {}
            byte => lines.push(*byte),
        }
    }
    lines.push(b'\n');
    Cow::Owned(lines)
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_in_an_event_begins_no_line_of_the_log() {
        assert_eq!(&*continued(b"one\n"), b"one\n");
        assert_eq!(
            &*continued(b"one\r\n2026 INFO two\n"),
            b"one\n    2026 INFO two\n"
        );
    }
}
