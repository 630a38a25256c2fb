//! The last exchanges, in memory, so that a new generation of a transformer is tried on them before
//! it goes live, and so that they can be written out as fixtures.
//!
//! Off unless `recorder.on` says so. What is kept: what the guests saw (context, client's body) and
//! what the upstream answered, with secrets already taken out. No auth header and no key ever comes
//! here, no recording is written to a disk, and all are gone when the host ends. What differs
//! between two versions is told by path with the beginning of both values: a log that is kept has
//! these.

mod difference;
mod replay;
mod tape;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

pub use difference::Change;
pub(crate) use difference::{changes, unlike};
pub use replay::{Differing, Report, Tried, replay};
pub use tape::Tape;

use crate::config::RecorderSettings;
use crate::wasm::bindings::{Context, Ending, Head};

/// One exchange, from what the guests were given to what the upstream said.
#[derive(Debug, Clone)]
pub struct Recording {
    /// When it began.
    pub at: SystemTime,
    /// The stages that served it, left to right: transformer and options.
    pub stages: Vec<(String, Bytes)>,
    /// What the guests learned of it.
    pub context: Context,
    /// The client's body.
    pub request: Bytes,
    /// The upstream's status and headers, scrubbed.
    pub head: Head,
    /// The upstream's body, scrubbed.
    pub body: Bytes,
    /// How the upstream's body ended.
    pub ending: Ending,
}

impl Recording {
    /// Bytes that it takes up.
    fn weight(&self) -> usize {
        self.request.len() + self.body.len()
    }

    /// A stage of this name served it.
    pub fn is_of(&self, transformer: &str) -> bool {
        self.stages.iter().any(|(name, _)| name == transformer)
    }
}

/// Keeps the last exchanges within two bounds: their number and their bytes.
#[derive(Default)]
pub struct Recorder {
    kept: Mutex<Kept>,
    /// Bytes of exchanges that are being recorded.
    running: AtomicUsize,
}

#[derive(Default)]
struct Kept {
    settings: RecorderSettings,
    recordings: VecDeque<Arc<Recording>>,
    bytes: usize,
}

impl Recorder {
    /// Takes up the settings of a configuration. What no longer fits is forgotten at once.
    pub fn obey(&self, settings: &RecorderSettings) {
        let mut kept = self.kept();
        kept.settings = settings.clone();
        if !settings.on {
            kept.recordings.clear();
            kept.bytes = 0;
        }
        kept.forget_the_oldest();
    }

    /// As the configuration wants it.
    pub fn settings(&self) -> RecorderSettings {
        self.kept().settings.clone()
    }

    /// What is kept, the oldest first.
    pub fn recordings(&self) -> Vec<Arc<Recording>> {
        self.kept().recordings.iter().cloned().collect()
    }

    /// How many exchanges are kept, and how many bytes they take up.
    pub fn size(&self) -> (usize, usize) {
        let kept = self.kept();
        (kept.recordings.len(), kept.bytes)
    }

    /// A tape for an exchange that begins, if recording is on.
    pub fn tape(
        self: &Arc<Self>,
        stages: Vec<(String, Bytes)>,
        context: &Context,
        request: &Bytes,
    ) -> Option<Tape> {
        let on = self.settings().on && self.take(request.len());
        on.then(|| Tape::new(self.clone(), stages, context.clone(), request))
    }

    /// Room for bytes of exchanges that run: all of them together take no more than may be kept.
    fn take(&self, bytes: usize) -> bool {
        let most = self.settings().bytes;
        let taken = self.running.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if taken > most {
            self.give_back(bytes);
        }
        taken <= most
    }

    fn give_back(&self, bytes: usize) {
        self.running.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn keep(&self, recording: Recording) {
        let mut kept = self.kept();
        // One that alone is more than all may be would push out all the others.
        if kept.settings.on && recording.weight() <= kept.settings.bytes {
            kept.bytes += recording.weight();
            kept.recordings.push_back(Arc::new(recording));
            kept.forget_the_oldest();
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget_the_oldest(&mut self) {
        while self.recordings.len() > self.settings.exchanges || self.bytes > self.settings.bytes {
            let Some(oldest) = self.recordings.pop_front() else {
                return;
            };
            self.bytes -= oldest.weight();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(body: usize) -> Recording {
        Recording {
            at: SystemTime::UNIX_EPOCH,
            stages: Vec::new(),
            context: tape::tests::context(),
            request: Bytes::new(),
            head: Head {
                status: 200,
                headers: Vec::new(),
            },
            body: Bytes::from(vec![0; body]),
            ending: Ending::Complete,
        }
    }

    fn bounded(exchanges: usize, bytes: usize) -> Recorder {
        let recorder = Recorder::default();
        recorder.obey(&RecorderSettings {
            on: true,
            exchanges,
            bytes,
            block_on_diff: false,
        });
        recorder
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many_or_too_much() {
        let recorder = bounded(3, 100);
        for size in [10, 20, 30, 40] {
            recorder.keep(recording(size));
        }
        assert_eq!(recorder.size(), (3, 90));
        recorder.keep(recording(60));
        assert_eq!(recorder.size(), (2, 100));
        recorder.keep(recording(101));
        assert_eq!(
            recorder.size(),
            (2, 100),
            "one that never fits pushes nobody out"
        );
    }

    #[test]
    fn switching_it_off_forgets_everything() {
        let recorder = bounded(3, 100);
        recorder.keep(recording(10));
        recorder.obey(&RecorderSettings::default());
        assert_eq!(recorder.size(), (0, 0));
        recorder.keep(recording(10));
        assert_eq!(recorder.size(), (0, 0));
    }
}
