//! The bodies of one exchange, for a log that is to have them: what the client sent and what it was sent,
//! within a bound. Knows neither how they are cleaned nor where they go.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::config::Redaction;
use crate::redact::Known;

/// More of a body is not even looked at.
const MOST: usize = 1 << 20;

/// How bodies are logged: made once for each configuration that wants it.
#[derive(Debug)]
pub struct Logging {
    /// The most bytes of each body in the log.
    pub most: usize,
    /// What is taken out of them.
    pub known: Known,
    /// Rules of one's own for that.
    pub own: Vec<Redaction>,
}

/// The bodies of an exchange that runs, then of one that ended.
#[derive(Debug)]
pub struct Bodies {
    /// How they are to be logged.
    pub how: Arc<Logging>,
    /// The client's.
    pub request: Kept,
    /// What the client was sent: an answer, events, an error.
    pub answer: Kept,
}

/// The beginning of a body.
#[derive(Debug, Default)]
pub struct Kept {
    /// As it came.
    pub bytes: BytesMut,
    /// How long all of it was.
    pub whole: usize,
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        self.whole += bytes.len();
        let room = MOST.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// It was longer than what is kept of it.
    pub fn is_cut(&self) -> bool {
        self.whole > self.bytes.len()
    }
}

impl Bodies {
    /// Of an exchange that begins.
    pub fn of(how: &Arc<Logging>, request: &Bytes) -> Self {
        let mut kept = Kept::default();
        kept.add(request);
        Self {
            how: how.clone(),
            request: kept,
            answer: Kept::default(),
        }
    }

    /// The client was sent these bytes.
    pub fn answered(&mut self, bytes: &[u8]) {
        self.answer.add(bytes);
    }

    /// Bytes that they take up.
    pub fn size(&self) -> usize {
        self.request.bytes.len() + self.answer.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_body_that_has_no_end_the_beginning_is_kept_and_its_length() {
        let how = Arc::new(Logging {
            most: 1,
            known: Known::default(),
            own: Vec::new(),
        });
        let mut bodies = Bodies::of(&how, &Bytes::from_static(b"{}"));
        for _ in 0..5 {
            bodies.answered(&vec![b'a'; MOST / 2]);
        }
        assert!(!bodies.request.is_cut() && bodies.answer.is_cut());
        assert_eq!(bodies.size(), 2 + MOST);
        assert_eq!(bodies.answer.whole, MOST / 2 * 5);
    }
}
