//! Records one exchange while it runs. Given up with the exchange: what is on it then is kept if
//! it is a whole one.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};

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
    /// Copied: a slice of a read would keep the whole buffer that it was read into.
    body: BytesMut,
    /// Bytes that were asked of the recorder for request and body.
    taken: usize,
    ending: Option<Ending>,
}

impl Tape {
    /// The recorder has room for the request already.
    pub(super) fn new(
        recorder: Arc<Recorder>,
        stages: Vec<(String, Bytes)>,
        context: Context,
        request: &Bytes,
    ) -> Self {
        Self {
            recorder,
            at: SystemTime::now(),
            stages,
            context,
            request: request.clone(),
            head: None,
            body: BytesMut::new(),
            taken: request.len(),
            ending: None,
        }
    }

    /// The upstream answered. Of an exchange that was sent again only the last answer counts.
    pub fn head(&mut self, head: Head) {
        self.head = Some(head);
        self.forget_body();
        self.ending = None;
    }

    /// The upstream's next bytes.
    pub fn read(&mut self, bytes: &Bytes) {
        if self.head.is_none() {
            return;
        }
        if self.recorder.take(bytes.len()) {
            self.taken += bytes.len();
            self.body.extend_from_slice(bytes);
        } else {
            // What is not whole is not worth keeping.
            self.head = None;
            self.forget_body();
        }
    }

    /// The upstream's answer is over. What says so first counts.
    pub fn ended(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    fn forget_body(&mut self) {
        self.recorder.give_back(self.body.len());
        self.taken -= self.body.len();
        self.body = BytesMut::new();
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.recorder.give_back(self.taken);
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
            body: std::mem::take(&mut self.body).freeze(),
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
        tape.read(&Bytes::from_static(b"small"));
        tape.ended(Ending::Complete);
        drop(tape);
        assert_eq!(recorder.size().0, 0);
        let request = Bytes::from(vec![0; 101]);
        assert!(recorder.tape(Vec::new(), &context(), &request).is_none());
    }

    #[test]
    fn exchanges_that_run_share_the_room_and_give_it_back() {
        let recorder = recorder();
        let mut first = tape(&recorder);
        first.read(&Bytes::from(vec![0; 60]));
        let mut second = tape(&recorder);
        second.read(&Bytes::from(vec![0; 60]));
        second.ended(Ending::Complete);
        drop(second);
        assert_eq!(recorder.size().0, 0, "there was no room beside the first");
        first.ended(Ending::Complete);
        drop(first);
        assert_eq!(recorder.size(), (1, 62));
        assert_eq!(
            recorder.running.load(std::sync::atomic::Ordering::Relaxed),
            0
        );
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
