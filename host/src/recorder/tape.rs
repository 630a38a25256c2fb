//! Records one exchange while it runs. Given up with the exchange: what is on it then is kept if
//! it is a whole one.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::{Recorder, Recording};
use crate::wasm::bindings::{Context, Ending, Head};

/// A running recording. Its exchange writes on it; dropping it hands it to the recorder.
pub struct Tape {
    recorder: Arc<Recorder>,
    at: SystemTime,
    stages: Vec<(String, Bytes)>,
    context: Context,
    request: Bytes,
    head: Option<Head>,
    /// The upstream's reads as they came: kept, not copied.
    reads: Vec<Bytes>,
    /// Bytes that may still come.
    room: usize,
    ending: Option<Ending>,
}

impl Tape {
    pub(super) fn new(
        recorder: Arc<Recorder>,
        room: usize,
        stages: Vec<(String, Bytes)>,
        context: Context,
        request: Bytes,
    ) -> Self {
        let fits = room.checked_sub(request.len());
        Self {
            recorder,
            at: SystemTime::now(),
            stages,
            context,
            request,
            head: None,
            reads: Vec::new(),
            room: fits.unwrap_or(0),
            ending: None,
        }
    }

    /// The upstream answered. Of an exchange that was sent again only the last answer counts.
    pub fn head(&mut self, head: Head) {
        self.head = Some(head);
        self.reads.clear();
        self.ending = None;
    }

    /// The upstream's next bytes.
    pub fn read(&mut self, bytes: &Bytes) {
        match self.room.checked_sub(bytes.len()) {
            Some(room) => {
                self.room = room;
                self.reads.push(bytes.clone());
            }
            // An exchange that alone is more than all may be is none to keep.
            None => self.head = None,
        }
    }

    /// The upstream's answer is over. What says so first counts.
    pub fn ended(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // Without an ending the client left: the rest of the answer is not known.
        let (Some(head), Some(ending)) = (self.head.take(), self.ending.take()) else {
            return;
        };
        self.recorder.keep(Recording {
            at: self.at,
            stages: std::mem::take(&mut self.stages),
            context: self.context.clone(),
            request: std::mem::take(&mut self.request),
            head,
            body: crate::upstream::joined(std::mem::take(&mut self.reads)),
            ending,
        });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::RecorderSettings;

    pub(in crate::recorder) fn context() -> Context {
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

    fn recorder() -> Arc<Recorder> {
        let recorder = Arc::new(Recorder::default());
        let settings = RecorderSettings {
            on: true,
            bytes: 100,
            ..RecorderSettings::default()
        };
        recorder.obey(&settings);
        recorder
    }

    fn tape(recorder: &Arc<Recorder>) -> Tape {
        let mut tape = recorder
            .tape(Vec::new(), &context(), &Bytes::from_static(b"{}"))
            .unwrap();
        tape.head(Head {
            status: 200,
            headers: Vec::new(),
        });
        tape
    }

    #[test]
    fn a_whole_exchange_is_kept_with_its_reads_in_order() {
        let recorder = recorder();
        let mut tape = tape(&recorder);
        tape.read(&Bytes::from_static(b"a"));
        tape.read(&Bytes::from_static(b"b"));
        tape.ended(Ending::Complete);
        drop(tape);
        assert_eq!(recorder.recordings()[0].body, "ab");
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
        let mut tape = tape(&recorder);
        tape.read(&Bytes::from(vec![0; 99]));
        tape.ended(Ending::Complete);
        drop(tape);
        assert_eq!(recorder.size().0, 0);
    }

    #[test]
    fn of_an_exchange_that_was_sent_again_the_last_answer_is_kept() {
        let recorder = recorder();
        let mut tape = tape(&recorder);
        tape.read(&Bytes::from_static(b"busy"));
        tape.ended(Ending::Complete);
        tape.head(Head {
            status: 201,
            headers: Vec::new(),
        });
        tape.read(&Bytes::from_static(b"b"));
        tape.ended(Ending::Complete);
        drop(tape);
        let kept = recorder.recordings();
        assert_eq!((kept.len(), kept[0].head.status), (1, 201));
        assert_eq!(kept[0].body, "b");
    }
}
