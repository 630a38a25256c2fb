//! Records one exchange while it runs. Its parts hold a handle each and write down what they see;
//! when the last of them lets go, what is on it is kept if it is a whole exchange.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use bytes::{Bytes, BytesMut};

use super::Recorder;
use super::recording::{Answer, Attempt, End, Recording, Sent, Stage, Step, Told};
use crate::wasm::bindings::{Context, Ending, Head};

/// A handle on a running recording.
#[derive(Clone)]
pub struct Tape(Arc<Reel>);

struct Reel {
    recorder: Arc<Recorder>,
    at: SystemTime,
    began: Instant,
    written: Mutex<Written>,
}

struct Written {
    stages: Vec<Stage>,
    context: Context,
    request: Bytes,
    attempts: Vec<Attempted>,
    steps: Vec<Step>,
    /// Frames that splice rules passed on so far.
    spliced: u64,
    /// Copied, as the upstream's bodies are: a slice of a read would keep the whole buffer that it
    /// was read into.
    told: BytesMut,
    end: Option<(u16, End)>,
    /// Bytes that were asked of the recorder.
    taken: usize,
    /// There was no room for all of it: what is not whole is not worth keeping.
    lost: bool,
}

struct Attempted {
    sent: Sent,
    head: Option<Head>,
    body: BytesMut,
    ending: Option<Ending>,
}

impl Tape {
    /// The recorder has room for the request already.
    pub(super) fn new(
        recorder: Arc<Recorder>,
        stages: Vec<Stage>,
        context: Context,
        request: &Bytes,
    ) -> Self {
        let written = Written {
            stages,
            context,
            request: request.clone(),
            attempts: Vec::new(),
            steps: Vec::new(),
            spliced: 0,
            told: BytesMut::new(),
            end: None,
            taken: request.len(),
            lost: false,
        };
        Self(Arc::new(Reel {
            recorder,
            at: SystemTime::now(),
            began: Instant::now(),
            written: Mutex::new(written),
        }))
    }

    /// The guests made this request, and it is about to be sent.
    pub fn sent(&self, sent: Sent) {
        let mut written = self.0.written();
        if self.0.takes(&mut written, sent.body.len()) {
            written.attempts.push(Attempted {
                sent,
                head: None,
                body: BytesMut::new(),
                ending: None,
            });
        }
    }

    /// The upstream answered what was sent last.
    pub fn head(&self, head: Head) {
        if let Some(attempt) = self.0.written().attempts.last_mut() {
            attempt.head = Some(head);
        }
    }

    /// The upstream's next bytes.
    pub fn read(&self, bytes: &Bytes) {
        let mut written = self.0.written();
        if self.0.takes(&mut written, bytes.len())
            && let Some(attempt) = written.attempts.last_mut()
        {
            attempt.body.extend_from_slice(bytes);
        }
    }

    /// The upstream's answer is over. What says so first counts.
    pub fn ended(&self, ending: Ending) {
        if let Some(attempt) = self.0.written().attempts.last_mut() {
            attempt.ending.get_or_insert(ending);
        }
    }

    /// `read` bytes of the upstream's became `out` bytes for the client; `spliced` frames in all went
    /// past the guests so far. Said before any of it is told.
    pub fn stepped(&self, read: usize, out: usize, spliced: u64) {
        let mut written = self.0.written();
        if self.0.takes(&mut written, size_of::<Step>()) {
            let step = Step {
                at: self.0.began.elapsed(),
                read,
                from: written.told.len(),
                out,
                spliced: spliced.saturating_sub(written.spliced),
            };
            written.spliced = spliced;
            written.steps.push(step);
        }
    }

    /// The client was sent these bytes.
    pub fn told(&self, bytes: &[u8]) {
        let mut written = self.0.written();
        if self.0.takes(&mut written, bytes.len()) {
            written.told.extend_from_slice(bytes);
        }
    }

    /// The client's answer is over. Never called for a client that left: the rest of its answer is
    /// not known.
    pub fn over(&self, status: u16, end: End) {
        self.0.written().end.get_or_insert((status, end));
    }
}

impl Reel {
    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for more bytes.
    fn takes(&self, written: &mut Written, bytes: usize) -> bool {
        if !written.lost && self.recorder.take(bytes) {
            written.taken += bytes;
            return true;
        }
        written.lost = true;
        written.attempts.clear();
        written.steps.clear();
        written.told = BytesMut::new();
        self.recorder.give_back(std::mem::take(&mut written.taken));
        false
    }
}

impl Drop for Reel {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let written = self
            .written
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        self.recorder.give_back(std::mem::take(&mut written.taken));
        let Some((status, end)) = written.end.take().filter(|_| !written.lost) else {
            return;
        };
        let attempts = std::mem::take(&mut written.attempts);
        self.recorder.keep(Recording {
            at: self.at,
            stages: std::mem::take(&mut written.stages),
            context: written.context.clone(),
            request: std::mem::take(&mut written.request),
            attempts: attempts.into_iter().map(Attempted::over).collect(),
            steps: std::mem::take(&mut written.steps),
            client: Told {
                status,
                body: std::mem::take(&mut written.told).freeze(),
                end,
                took,
            },
        });
    }
}

impl Attempted {
    fn over(self) -> Attempt {
        let Self {
            sent,
            head,
            body,
            ending,
        } = self;
        // What was not read to its end although the client has all of its answer: it was enough.
        let ending = ending.unwrap_or(Ending::Complete);
        let body = body.freeze();
        Attempt {
            sent,
            answer: head.map(|head| Answer { head, body, ending }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RecorderSettings;
    use crate::recorder::tests::context;

    fn recorder() -> Arc<Recorder> {
        let recorder = Arc::new(Recorder::default());
        let settings = RecorderSettings {
            on: Some(true),
            bytes: 200,
            ..RecorderSettings::default()
        };
        recorder.obey(&settings);
        recorder
    }

    fn head(status: u16) -> Head {
        Head {
            status,
            headers: Vec::new(),
        }
    }

    fn tape(recorder: &Arc<Recorder>) -> Tape {
        let tape = recorder
            .tape(Vec::new, &context(), &Bytes::from_static(b"{}"))
            .unwrap();
        tape.sent(Sent::default());
        tape.head(head(200));
        tape
    }

    /// The exchange's own end, after the upstream's.
    fn end(tape: Tape) {
        tape.ended(Ending::Complete);
        tape.over(200, End::Complete);
    }

    #[test]
    fn a_whole_exchange_is_kept_with_its_reads_in_order_when_nobody_writes_any_more() {
        let recorder = recorder();
        let tape = tape(&recorder);
        tape.read(&Bytes::from_static(b"a"));
        tape.stepped(1, 2, 0);
        tape.told(b"A!");
        tape.read(&Bytes::from_static(b"b"));
        tape.stepped(1, 1, 1);
        tape.told(b"B");
        end(tape.clone());
        assert_eq!(recorder.size().0, 0, "one handle is still held");
        drop(tape);
        let kept = recorder.recordings();
        let answer = kept[0].attempts[0].answer.as_ref().unwrap();
        assert_eq!(
            (answer.body.as_ref(), answer.head.status),
            (&b"ab"[..], 200)
        );
        assert_eq!(kept[0].client.body, "A!B");
        let steps: Vec<_> = kept[0]
            .steps
            .iter()
            .map(|step| (step.from, step.out))
            .collect();
        assert_eq!(steps, [(0, 2), (2, 1)]);
    }

    #[test]
    fn an_exchange_that_the_client_left_is_not_kept() {
        let recorder = recorder();
        tape(&recorder).read(&Bytes::from_static(b"a"));
        assert_eq!(recorder.size().0, 0);
    }

    #[test]
    fn an_exchange_that_alone_is_too_large_is_not_kept() {
        let recorder = recorder();
        let large = tape(&recorder);
        large.read(&Bytes::from(vec![0; 198]));
        large.read(&Bytes::from_static(b"small"));
        end(large);
        let chatty = tape(&recorder);
        chatty.told(&[0; 199]);
        end(chatty);
        assert_eq!(recorder.size().0, 0);
        let request = Bytes::from(vec![0; 201]);
        assert!(recorder.tape(Vec::new, &context(), &request).is_none());
    }

    #[test]
    fn exchanges_that_run_share_the_room_and_give_it_back() {
        let recorder = recorder();
        let first = tape(&recorder);
        first.read(&Bytes::from(vec![0; 110]));
        let second = tape(&recorder);
        second.read(&Bytes::from(vec![0; 110]));
        end(second);
        assert_eq!(recorder.size().0, 0, "there was no room beside the first");
        end(first);
        assert_eq!(recorder.size(), (1, 112));
        let running = recorder.running.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(running, 0);
    }

    #[test]
    fn of_an_exchange_that_was_sent_again_every_attempt_is_kept() {
        let recorder = recorder();
        let tape = tape(&recorder);
        tape.read(&Bytes::from_static(b"busy"));
        tape.ended(Ending::Complete);
        tape.sent(Sent::default());
        tape.head(head(201));
        tape.read(&Bytes::from_static(b"b"));
        end(tape);
        let kept = recorder.recordings();
        let answers: Vec<_> = kept[0]
            .attempts
            .iter()
            .filter_map(|attempt| attempt.answer.as_ref())
            .map(|answer| (answer.head.status, answer.body.clone()))
            .collect();
        assert_eq!(answers, [(200, "busy".into()), (201, "b".into())]);
    }

    #[test]
    fn an_exchange_that_never_reached_the_upstream_is_kept_as_one_without_an_answer() {
        let recorder = recorder();
        let tape = recorder
            .tape(Vec::new, &context(), &Bytes::from_static(b"{}"))
            .unwrap();
        tape.told(b"no");
        let words = End::Failed("api_error".to_owned(), "no".to_owned());
        tape.over(500, words.clone());
        drop(tape);
        let kept = recorder.recordings();
        assert!(kept[0].attempts.is_empty());
        assert_eq!((kept[0].client.status, &kept[0].client.end), (500, &words));
    }
}
