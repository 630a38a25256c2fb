//! The thread that writes the log: exchanges and lines go into a bounded queue without waiting, and
//! out in one write for all that were there. What finds the queue full is counted and told.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::bodies;
use super::clock::Stamp;
use super::files::Files;
use crate::record::Ended;

/// Lines that may wait. At 30,000 exchanges a second this is a tenth of one.
const QUEUE: usize = 4096;

/// Bytes of bodies that may wait: cleaning them takes longer than writing them.
const WAITING_BODIES: usize = 32 << 20;

/// Bytes that are written at once.
const BATCH: usize = 256 << 10;

/// While lines keep coming the thread lets so long pass before it looks again: waking it for each
/// would cost more than the line.
const GATHER: Duration = Duration::from_millis(5);

/// The last line is so long ago: the next one goes out at once.
const QUIET: Duration = Duration::from_millis(50);

/// How long a normal end waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(3);

/// A disk that does not take lines is told of so often.
const TELL_AGAIN: Duration = Duration::from_mins(1);

enum Item {
    Exchange(Box<Ended>),
    Bodies(Box<bodies::Waiting>),
    /// For standard error.
    Shown(Vec<u8>),
    /// For the log file.
    Filed(Vec<u8>),
    Flush(SyncSender<()>),
}

/// Where lines go.
pub(super) struct Outlets {
    /// Exchanges go to standard error in this form; none: not there.
    pub(super) shown: Option<Form>,
    /// The log files.
    pub(super) files: Option<Files>,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

/// The queue's entry.
#[derive(Clone)]
pub(super) struct Sink {
    queue: SyncSender<Item>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Lines that found the queue full.
    dropped: AtomicU64,
    /// Lines that the disk did not take.
    unwritten: AtomicU64,
    /// Bytes of bodies that wait.
    waiting: AtomicUsize,
    /// Standard error is left alone.
    silent: AtomicBool,
    /// The file that is written.
    current: Mutex<Option<PathBuf>>,
}

impl Sink {
    /// Starts the thread. None if it cannot be: nothing is logged then.
    pub(super) fn start(outlets: Outlets) -> Option<Self> {
        let (queue, items) = sync_channel(QUEUE);
        let state = Arc::<State>::default();
        let thread = Writer {
            shown: Vec::new(),
            filed: Vec::new(),
            form: outlets.shown,
            files: outlets.files,
            state: state.clone(),
            told: 0,
            told_unwritten: 0,
            complained: None,
        };
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || thread.run(&items))
            .ok()?;
        Some(Self { queue, state })
    }

    pub(super) fn exchange(&self, ended: Ended) {
        self.put(Item::Exchange(Box::new(ended)));
    }

    /// One that does not fit beside those that wait is lost, and counted as a line.
    pub(super) fn bodies(&self, waiting: bodies::Waiting) {
        let size = waiting.bodies.size();
        let before = self.state.waiting.fetch_add(size, Ordering::Relaxed);
        if before + size > WAITING_BODIES
            || self
                .queue
                .try_send(Item::Bodies(Box::new(waiting)))
                .is_err()
        {
            self.state.waiting.fetch_sub(size, Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn shown(&self, line: &[u8]) {
        if !self.state.silent.load(Ordering::Relaxed) {
            self.put(Item::Shown(line.to_vec()));
        }
    }

    pub(super) fn filed(&self, line: &[u8]) {
        self.put(Item::Filed(line.to_vec()));
    }

    fn put(&self, item: Item) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(item) {
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines that found the queue full, or that the disk did not take.
    pub(super) fn dropped(&self) -> u64 {
        let state = &self.state;
        state.dropped.load(Ordering::Relaxed) + state.unwritten.load(Ordering::Relaxed)
    }

    /// The file that is written.
    pub(super) fn current(&self) -> Option<PathBuf> {
        let current = self.state.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until everything that was put in before is written, a few seconds at most.
    pub(super) fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.queue.send(Item::Flush(done)).is_ok() {
            let _ = written.recv_timeout(LAST_LINES);
        }
    }

    /// Nothing goes to standard error from now on.
    pub(super) fn silence(&self) {
        self.flush();
        self.state.silent.store(true, Ordering::Relaxed);
    }
}

struct Writer {
    shown: Vec<u8>,
    filed: Vec<u8>,
    form: Option<Form>,
    files: Option<Files>,
    state: Arc<State>,
    /// Dropped lines that were told.
    told: u64,
    /// Unwritten lines that were told.
    told_unwritten: u64,
    /// When the disk's last error was told.
    complained: Option<Instant>,
}

impl Writer {
    fn run(mut self, items: &Receiver<Item>) {
        let mut last = None::<Instant>;
        loop {
            let item = match items.recv() {
                Ok(item) => item,
                Err(RecvError) => return,
            };
            if last.is_some_and(|last| last.elapsed() < QUIET) && !matches!(item, Item::Flush(_)) {
                std::thread::sleep(GATHER);
            }
            let mut waiting = Vec::new();
            self.take(item, &mut waiting);
            while self.shown.len() + self.filed.len() < BATCH {
                let Ok(item) = items.try_recv() else { break };
                self.take(item, &mut waiting);
            }
            self.write();
            last = Some(Instant::now());
            for done in waiting {
                // Whoever waited may have lost patience.
                let _ = done.try_send(());
            }
        }
    }

    fn take(&mut self, item: Item, waiting: &mut Vec<SyncSender<()>>) {
        match item {
            Item::Exchange(exchange) => {
                if !self.state.silent.load(Ordering::Relaxed) {
                    match self.form {
                        Some(Form::Text) => exchange.write_text(&mut self.shown),
                        Some(Form::Json) => exchange.write_json(&mut self.shown),
                        None => {}
                    }
                }
                if self.files.is_some() {
                    exchange.write_json(&mut self.filed);
                }
            }
            Item::Bodies(waiting) => {
                let size = waiting.bodies.size();
                if self.files.is_some() {
                    waiting.write_json(&mut self.filed);
                }
                self.state.waiting.fetch_sub(size, Ordering::Relaxed);
            }
            Item::Shown(line) => self.shown.extend_from_slice(&line),
            Item::Filed(line) => self.filed.extend_from_slice(&line),
            Item::Flush(done) => waiting.push(done),
        }
    }

    fn write(&mut self) {
        let dropped = self.state.dropped.load(Ordering::Relaxed);
        if dropped > self.told {
            let lines = dropped - self.told;
            self.told = dropped;
            self.say(&format!(
                "{lines} log lines are lost: they came faster than they could be written"
            ));
        }
        self.tell_unwritten();
        if !self.filed.is_empty()
            && let Some(files) = &mut self.files
        {
            let mut lines = &self.filed[..];
            let result = files.write(&mut lines, Stamp::now());
            let lost = memchr::memchr_iter(b'\n', lines).count();
            self.filed.clear();
            match result {
                Ok(()) => self.complained = None,
                Err(error) => {
                    let unwritten = &self.state.unwritten;
                    unwritten.fetch_add(lost as u64, Ordering::Relaxed);
                    self.complain(&error);
                }
            }
            self.note_current();
        }
        if !self.shown.is_empty() {
            // A reader of the log that went away must not cost an exchange.
            drop(std::io::stderr().lock().write_all(&self.shown));
            self.shown.clear();
        }
    }

    /// Once the disk takes lines again.
    fn tell_unwritten(&mut self) {
        let unwritten = self.state.unwritten.load(Ordering::Relaxed);
        if unwritten == self.told_unwritten || self.complained.is_some() {
            return;
        }
        let lines = unwritten - self.told_unwritten;
        self.told_unwritten = unwritten;
        self.say(&format!(
            "{lines} log lines are lost: the log file could not be written"
        ));
    }

    fn note_current(&self) {
        let current = self.files.as_ref().and_then(Files::current);
        let state = self.state.current.lock();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.as_deref() != current {
            *state = current.map(std::path::Path::to_owned);
        }
    }

    fn complain(&mut self, error: &std::io::Error) {
        if self
            .complained
            .is_some_and(|told| told.elapsed() < TELL_AGAIN)
        {
            return;
        }
        self.complained = Some(Instant::now());
        if self.state.silent.load(Ordering::Relaxed) {
            return;
        }
        let line = format!(
            "{}  WARN the log file cannot be written: {error}\n",
            Stamp::now()
        );
        self.shown.extend_from_slice(line.as_bytes());
    }

    /// A warning of the log's own.
    fn say(&mut self, text: &str) {
        let at = Stamp::now();
        if self.form.is_some() && !self.state.silent.load(Ordering::Relaxed) {
            self.shown
                .extend_from_slice(format!("{at}  WARN {text}\n").as_bytes());
        }
        if self.files.is_some() {
            let line = serde_json::json!({"timestamp": at.to_string(), "level": "WARN", "message": text, "target": "transom::telemetry"});
            self.filed.extend_from_slice(format!("{line}\n").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::files::{Bounds, files_of};

    #[test]
    fn what_was_put_in_is_on_the_disk_after_a_flush() {
        let dir = tempfile::tempdir().unwrap();
        let bounds = Bounds {
            file: 1 << 20,
            total: 8 << 20,
            days: 7,
        };
        let sink = Sink::start(Outlets {
            shown: None,
            files: Some(Files::new(dir.path().to_owned(), bounds)),
        })
        .unwrap();
        for number in 0..100 {
            sink.filed(format!("{{\"line\":{number}}}\n").as_bytes());
        }
        sink.flush();
        let files = files_of(dir.path());
        assert_eq!(sink.current().as_deref(), Some(&*files[0].path));
        let text = std::fs::read_to_string(&files[0].path).unwrap();
        assert_eq!(text.lines().count(), 100);
        assert_eq!(sink.dropped(), 0);
    }

    #[test]
    fn lines_that_the_disk_does_not_take_are_counted_and_told_when_it_does() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("logs");
        // Where the folder should be there is a file.
        std::fs::write(&folder, "").unwrap();
        let bounds = Bounds {
            file: 1 << 20,
            total: 8 << 20,
            days: 7,
        };
        let sink = Sink::start(Outlets {
            shown: None,
            files: Some(Files::new(folder.clone(), bounds)),
        })
        .unwrap();
        for _ in 0..3 {
            sink.filed(b"{}\n");
        }
        sink.flush();
        assert_eq!(sink.dropped(), 3);
        std::fs::remove_file(&folder).unwrap();
        for _ in 0..2 {
            sink.filed(b"{}\n");
            sink.flush();
        }
        let text = std::fs::read_to_string(sink.current().unwrap()).unwrap();
        assert!(text.contains("3 log lines are lost"), "{text}");
        assert_eq!((text.lines().count(), sink.dropped()), (3, 3));
    }
}
