//! From an upstream's stream to a client's: passes bytes or pushes them through guests, keeps the
//! client's connection alive, and tells the truth about how it ended.
//!
//! Nothing is told of the answer until the first output is there, so that an early failure still
//! gets its real status. After that: an error that upstream or guest *says* is an `error` event,
//! a connection that breaks is passed on as a break. Never a made-up end.

mod opening;
mod source;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::Instant;

use opening::Opening;
pub use source::{Source, Sourced};

use crate::config::OnBroken;
use crate::error::{ApiError, Trouble};
use crate::record::Record;
use crate::sse::PING;
use crate::upstream::Patience;

/// How a relay treats its client.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// How long the headers are held for a first output.
    pub hold: Duration,
    /// Silence after which a ping is sent.
    pub ping: Duration,
    /// What a broken upstream becomes.
    pub on_broken: OnBroken,
    /// Where another provider is left to ask: when one that has said nothing is given up.
    pub silent: Option<Silence>,
}

/// When nothing is silence.
#[derive(Debug, Clone, Copy)]
pub struct Silence {
    /// From then on.
    pub at: Instant,
    /// The time that was given, and the setting that says so.
    pub patience: Patience,
}

impl Silence {
    /// What the provider is then said to have done.
    pub fn error(&self) -> ApiError {
        let (seconds, setting) = (self.patience.limit.as_secs_f32(), self.patience.setting);
        let message = format!("the upstream said nothing within {seconds} s ({setting})");
        ApiError::new("timeout_error", message).of(Trouble::Silent)
    }
}

/// How a stream ended.
#[derive(Debug, Clone)]
enum Ended {
    Clean,
    Failed(ApiError),
    Broken(String),
}

/// The client's connection is to be aborted, as the upstream's was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the upstream's stream broke: {0}")]
pub struct Aborted(String);

/// One stream on its way to a client.
pub struct Relay {
    source: Source,
    ready: VecDeque<Bytes>,
    ended: Option<Ended>,
    manners: Manners,
    last_output: Instant,
}

impl Relay {
    /// Starts reading, and waits until there is something to say: output, or `hold` has passed. While another
    /// provider is left to ask, one that says nothing at all is given up when it counts as silent, and a beginning
    /// that tells nothing of the answer is no output.
    ///
    /// Errors: whatever ended the stream before its first output, with its real status.
    pub async fn start(source: Source, manners: Manners) -> Result<Self, ApiError> {
        let mut relay = Self {
            source,
            ready: VecDeque::new(),
            ended: None,
            manners,
            last_output: Instant::now(),
        };
        let hold = Instant::now() + manners.hold;
        let mut silent = manners.silent;
        let other_left = silent.is_some();
        loop {
            match relay.opening(other_left) {
                Opening::Failed(error) => return Err(error),
                Opening::Said => break,
                Opening::Empty if relay.ended.is_some() => break,
                Opening::Empty => {}
            }
            let until = silent.map_or(hold, |silent| silent.at);
            match (relay.advance(until).await, silent.take()) {
                // Whatever comes, a comment too, shows that it is there.
                (true, _) => {}
                (false, Some(silent)) => return Err(silent.error()),
                (false, None) => break,
            }
        }
        match relay.ended.take() {
            Some(Ended::Failed(error)) => Err(error),
            Some(Ended::Broken(why)) if matches!(relay.opening(other_left), Opening::Empty) => {
                Err(ApiError::bad_gateway(why))
            }
            ended => {
                relay.ended = ended;
                if relay.ready.is_empty() && relay.ended.is_none() {
                    relay.ready.push_back(Bytes::from_static(PING));
                }
                Ok(relay)
            }
        }
    }

    /// What the output amounts to. Where no other provider is left to ask, any output says something.
    fn opening(&self, other_left: bool) -> Opening {
        match (self.ready.is_empty(), other_left) {
            (true, _) => Opening::Empty,
            (false, false) => Opening::Said,
            (false, true) => Opening::of(self.ready.iter()),
        }
    }

    /// The client's body. Dropping it drops the guests and the upstream's connection.
    pub fn into_stream(
        self,
        record: Record,
    ) -> impl Stream<Item = Result<Bytes, Aborted>> + Send + 'static {
        futures_util::stream::unfold(Some((self, record)), |state| async {
            let (mut relay, mut record) = state?;
            match relay.next(&mut record).await {
                Some(Ok(piece)) => Some((Ok(piece), Some((relay, record)))),
                Some(Err(aborted)) => Some((Err(aborted), None)),
                None => None,
            }
        })
    }

    async fn next(&mut self, record: &mut Record) -> Option<Result<Bytes, Aborted>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                self.last_output = Instant::now();
                record.sent(&piece);
                // A client can leave at any time, and what it used is used.
                record.used(Some(self.source.usage()));
                return Some(Ok(piece));
            }
            match self.ended.take() {
                Some(Ended::Clean) => {
                    record.finished(Some(self.source.usage()));
                    self.source.release();
                    return None;
                }
                // Inside an event that passes untouched there is no place for another one.
                Some(Ended::Failed(error)) if !self.source.at_boundary() => {
                    self.ended = Some(Ended::Broken(error.message));
                }
                Some(Ended::Failed(error)) => {
                    let error = error.scrubbed(self.source.secrets());
                    record.failed(&error);
                    self.ready
                        .push_back(crate::http::error_event(&error, record.request_id()));
                    self.ended = Some(Ended::Clean);
                }
                Some(Ended::Broken(why)) => {
                    // The server drops what it has not written yet when a body fails: a turn of
                    // the scheduler lets it write the head and the pieces before this.
                    tokio::task::yield_now().await;
                    record.used(Some(self.source.usage()));
                    record.broken(&why);
                    return Some(Err(Aborted(why)));
                }
                None => self.wait().await,
            }
        }
    }

    /// Takes a step, or after enough silence says so.
    async fn wait(&mut self) {
        let ping_at = self.last_output + self.manners.ping;
        if !self.advance(ping_at).await {
            self.last_output = Instant::now();
            if self.source.at_boundary() {
                self.ready.push_back(Bytes::from_static(PING));
            }
        }
    }

    /// Takes one step of the source. False when `until` passed before one was due.
    async fn advance(&mut self, until: Instant) -> bool {
        match self.source.next(until, self.manners.on_broken).await {
            Sourced::Silence => return false,
            Sourced::Data(pieces) => self.ready.extend(pieces),
            Sourced::Last(pieces) => {
                self.ready.extend(pieces);
                self.ended = Some(Ended::Clean);
            }
            Sourced::Failed(pieces, error) => {
                self.ready.extend(pieces);
                self.ended = Some(Ended::Failed(error));
            }
            Sourced::Broken(pieces, why) => {
                self.ready.extend(pieces);
                self.ended = Some(Ended::Broken(why));
            }
        }
        true
    }
}
