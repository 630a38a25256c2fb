//! The last exchanges, in memory, so that a new generation of a transformer is tried on them before
//! it goes live, and so that they can be looked at and written out as fixtures.
//!
//! Off unless the configuration, `serve --record` or a request to the running service says
//! otherwise. What is kept: what the guests and the client were given on both sides, with secrets
//! taken out of what upstreams said. No auth header comes here, no recording is written to a disk
//! by the host, and all are gone when it ends. What differs between two versions is told by path
//! with the beginning of both values: a log that is kept has these.

mod difference;
mod drive;
mod json;
mod recording;
mod replay;
pub(crate) mod shape;
mod stages;
mod tape;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

pub use difference::Change;
pub(crate) use difference::{changes, unlike};
pub use recording::{Answer, Attempt, End, Recording, Sent, Stage, Step, Told};
pub use replay::{Differing, Report, Tried, replay};
pub use stages::{Back, Made, Played, Requested, play_stages};
pub use tape::Tape;

use crate::config::RecorderSettings;
use crate::wasm::bindings::Context;

/// Keeps the last exchanges within two bounds: their number and their bytes.
#[derive(Default)]
pub struct Recorder {
    kept: Mutex<Kept>,
    /// Whether exchanges are recorded: read for each of them, without a lock.
    on: AtomicBool,
    /// Bytes of exchanges that are being recorded.
    running: AtomicUsize,
}

#[derive(Default)]
struct Kept {
    settings: RecorderSettings,
    /// Switched on when the host was started: stronger than any configuration.
    always: bool,
    /// Switched on by a request, where the configuration does not say.
    asked: bool,
    recordings: VecDeque<Arc<Recording>>,
    bytes: usize,
}

impl Recorder {
    /// Takes up the settings of a configuration. What no longer fits is forgotten at once.
    pub fn obey(&self, settings: &RecorderSettings) {
        let mut kept = self.kept();
        kept.settings = settings.clone();
        self.decide(&mut kept);
    }

    /// Records from now on, whatever a configuration says.
    pub fn always(&self) {
        let mut kept = self.kept();
        kept.always = true;
        self.decide(&mut kept);
    }

    /// Switches recording on or off for as long as the host runs.
    ///
    /// Errors: a sentence, if the configuration or the command line has decided otherwise.
    pub fn ask(&self, on: bool) -> Result<(), String> {
        let mut kept = self.kept();
        let decided = match (kept.always, kept.settings.on) {
            (true, _) => Some((true, "the service was started with --record")),
            (_, Some(true)) => Some((true, "the configuration says `recorder: { on: true }`")),
            (_, Some(false)) => Some((false, "the configuration says `recorder: { on: false }`")),
            (false, None) => None,
        };
        match decided {
            Some((decided, why)) if decided != on => {
                let (does, remedy) = if decided {
                    ("records", "stop it by changing that")
                } else {
                    (
                        "does not record",
                        "take that out, or start it with --record",
                    )
                };
                Err(format!("transom {does}, because {why}; {remedy}"))
            }
            Some(_) => Ok(()),
            None => {
                kept.asked = on;
                self.decide(&mut kept);
                Ok(())
            }
        }
    }

    fn decide(&self, kept: &mut Kept) {
        let on = kept.always || kept.settings.on.unwrap_or(kept.asked);
        self.on.store(on, Ordering::Relaxed);
        if !on {
            kept.recordings.clear();
            kept.bytes = 0;
        }
        kept.forget_the_oldest();
    }

    /// Whether exchanges are recorded.
    pub fn on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
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

    /// A tape for an exchange that begins, if recording is on. `stages` says who serves it.
    pub fn tape(
        self: &Arc<Self>,
        stages: impl FnOnce() -> Vec<Stage>,
        context: &Context,
        request: &Bytes,
    ) -> Option<Tape> {
        let on = self.on() && self.take(request.len());
        on.then(|| Tape::new(self.clone(), stages(), context.clone(), request))
    }

    /// Room for bytes of exchanges that run: all of them together take no more than may be kept.
    fn take(&self, bytes: usize) -> bool {
        let most = self.kept().settings.bytes;
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
        if self.on() && recording.weight() <= kept.settings.bytes {
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
    use std::time::{Duration, SystemTime};

    use super::*;

    pub(super) fn context() -> Context {
        Context {
            exchange_id: "0123456789abcdefghijABCD".to_owned(),
            provider: "p".to_owned(),
            model: "m".to_owned(),
            requested_model: "p,m".to_owned(),
            operation: "messages".to_owned(),
            streaming: true,
            input_estimate: 1,
            headers: Vec::new(),
            limits: Vec::new(),
            extra: Vec::new(),
        }
    }

    fn recording(body: usize) -> Recording {
        Recording {
            at: SystemTime::UNIX_EPOCH,
            stages: Vec::new(),
            context: context(),
            request: Bytes::from(vec![0; body]),
            attempts: Vec::new(),
            steps: Vec::new(),
            client: Told {
                status: 200,
                body: Bytes::new(),
                end: End::Complete,
                took: Duration::ZERO,
            },
        }
    }

    fn settings(on: Option<bool>) -> RecorderSettings {
        RecorderSettings {
            on,
            ..RecorderSettings::default()
        }
    }

    fn bounded(exchanges: usize, bytes: usize) -> Recorder {
        let recorder = Recorder::default();
        recorder.obey(&RecorderSettings {
            exchanges,
            bytes,
            ..settings(Some(true))
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

    #[test]
    fn a_request_switches_it_where_the_configuration_does_not_say() {
        let recorder = Recorder::default();
        recorder.obey(&settings(None));
        assert!(!recorder.on());
        recorder.ask(true).unwrap();
        assert!(recorder.on());
        recorder.obey(&settings(None));
        assert!(recorder.on(), "a configuration that still does not say");
        recorder.ask(false).unwrap();
        assert!(!recorder.on());
    }

    #[test]
    fn a_request_does_not_go_against_what_was_decided() {
        let recorder = Recorder::default();
        recorder.obey(&settings(Some(false)));
        assert!(recorder.ask(true).unwrap_err().contains("on: false"));
        assert!(!recorder.on());
        recorder.obey(&settings(Some(true)));
        assert!(recorder.ask(false).unwrap_err().contains("on: true"));
        recorder.obey(&settings(Some(false)));
        recorder.always();
        assert!(recorder.on());
        assert!(recorder.ask(false).unwrap_err().contains("--record"));
    }
}
