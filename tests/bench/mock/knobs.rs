//! What a client asks of the mock, written in one segment of the request's path or in its query,
//! so that it survives whatever stands between: `/events=2000&per_write=1/v1/chat/completions`.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// The shape of the mock's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Knobs {
    /// Content events of a stream.
    pub(crate) events: usize,
    /// Content events in one write, which is one HTTP chunk.
    pub(crate) per_write: usize,
    /// Pause between two writes of content, in milliseconds.
    pub(crate) delay_ms: u64,
    /// Bytes of text in one event.
    pub(crate) text: usize,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            events: 20,
            per_write: 1,
            delay_ms: 0,
            text: 5,
        }
    }
}

impl Knobs {
    /// The knobs in the path or query `target`; those not named have their defaults.
    pub(crate) fn of_target(target: &str) -> Result<Self> {
        let mut knobs = Self::default();
        let settings = target
            .split(['/', '?', '&'])
            .filter_map(|part| part.split_once('='));
        for (name, value) in settings {
            let number: usize = value
                .parse()
                .with_context(|| format!("the mock's knob `{name}` is no number"))?;
            match name {
                "events" => knobs.events = number,
                "per_write" => knobs.per_write = number,
                "delay_ms" => knobs.delay_ms = number as u64,
                "text" => knobs.text = number,
                _ => bail!("the mock has no knob `{name}`"),
            }
        }
        ensure!(
            knobs.per_write > 0 && knobs.text > 0,
            "the mock's knobs per_write and text start at 1"
        );
        Ok(knobs)
    }

    /// Pause between two writes of content, if any.
    pub(crate) fn delay(self) -> Option<Duration> {
        (self.delay_ms > 0).then(|| Duration::from_millis(self.delay_ms))
    }

    /// How long the pauses of one stream take together.
    pub(crate) fn paced_time(self) -> Duration {
        let pauses = self.events.div_ceil(self.per_write).saturating_sub(1);
        Duration::from_millis(self.delay_ms * pauses as u64)
    }
}

impl fmt::Display for Knobs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            per_write,
            delay_ms,
            text,
        } = self;
        write!(
            out,
            "events={events}&per_write={per_write}&delay_ms={delay_ms}&text={text}"
        )
    }
}
