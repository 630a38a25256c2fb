//! The guests of one exchange, in a row: left is the client's side, right the upstream's.
//!
//! Requests run left to right, answers right to left; between two stages the output is framed
//! again. Everything a guest returns is checked here before it goes on. Knows bytes and frames,
//! neither HTTP clients nor keys.

mod request;
mod splice;
mod stage;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

pub(crate) use request::usual_path;
pub use request::{Explained, Outbound, Planned};
pub use splice::JOIN_BELOW;

use crate::config::{Auth, Limits};
use crate::error::ApiError;
use crate::registry::Generation;
use crate::sse::Framing;
use crate::wasm::bindings::{Context, Ending, Head, Next, Reply};
use crate::wasm::{Counters, LogLine};
use stage::Stage;

/// One stage to open: a pinned generation and its options.
#[derive(Clone)]
pub struct Pinned {
    /// Kept for the whole exchange, whatever is swapped meanwhile.
    pub generation: Arc<Generation>,
    /// JSON for `configure`.
    pub options: Bytes,
}

/// Places in the pool that all stages take together.
pub fn places(pinned: &[Pinned]) -> u32 {
    let places = pinned.iter().map(|pin| pin.generation.component.places);
    places.sum()
}

/// Takes one guest's log lines.
pub type Sink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// Makes the sink of the generation that writes into it.
pub type SinkOf<'a> = dyn Fn(&Arc<Generation>) -> Sink + Sync + 'a;

/// The live guests of one exchange.
pub struct Chain {
    stages: Vec<Stage>,
    limits: Arc<Limits>,
    counters: Arc<Counters>,
    resent: bool,
    usual_path: &'static str,
    /// As the stage nearest to the upstream that cares wants the key presented.
    auth: Option<Auth>,
    /// Room in the pool for every stage.
    _permit: OwnedSemaphorePermit,
}

/// What a push through all stages gave.
#[derive(Debug)]
pub struct Step {
    /// For the client, in order.
    pub out: Vec<Bytes>,
    /// What is next.
    pub next: After,
}

/// What follows a step.
#[derive(Debug)]
pub enum After {
    /// Read on.
    More,
    /// Read on; call [`Chain::wake`] after this many milliseconds of silence.
    Wake(u32),
    /// The answer is complete.
    Done,
    /// The exchange failed, by a guest's word.
    Failed(ApiError),
}

impl Chain {
    /// Instantiates, configures and opens every stage.
    ///
    /// `sink` takes the guests' log lines, with the name and generation of who wrote them.
    pub async fn open(
        pinned: &[Pinned],
        context: &Context,
        limits: &Arc<Limits>,
        sink: &SinkOf<'_>,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self, ApiError> {
        Self::open_for(None, pinned, context, limits, sink, permit).await
    }

    /// The same for a request of a client: `body` tells it from others, so that a new generation
    /// which traps on several of them can be told from one request that is sent again and again.
    pub async fn open_for(
        body: Option<u64>,
        pinned: &[Pinned],
        context: &Context,
        limits: &Arc<Limits>,
        sink: &SinkOf<'_>,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self, ApiError> {
        let counters = Arc::new(Counters::default());
        let mut stages = Vec::with_capacity(pinned.len());
        for pin in pinned {
            let sink = sink(&pin.generation);
            stages.push(Stage::open(pin, context, body, limits, sink, &counters).await?);
        }
        Ok(Self {
            stages,
            limits: limits.clone(),
            counters,
            resent: false,
            usual_path: request::usual_path(&context.operation),
            auth: None,
            _permit: permit,
        })
    }

    /// Bytes and calls so far.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Frames that splice rules passed on so far.
    pub fn spliced(&self) -> u64 {
        self.counters.spliced.load(Ordering::Relaxed)
    }

    /// How the last stage that said so wants its upstream's answer framed.
    pub fn framing(&self) -> Framing {
        self.stages
            .iter()
            .rev()
            .find_map(Stage::framing)
            .unwrap_or(Framing::Sse)
    }

    /// How the stage at the upstream wants its reply, by the WIT's names.
    pub fn reply(&self) -> String {
        match self.stages.last().map(|stage| &stage.reply) {
            None | Some(Reply::Untouched) => "untouched".to_owned(),
            Some(Reply::Whole) => "whole".to_owned(),
            Some(Reply::Frames(name)) => name.clone(),
        }
    }

    /// Splice rules are not obeyed: every frame goes to the guests. For comparing.
    pub fn ignore_rules(&mut self) {
        for stage in &mut self.stages {
            stage.obeys_rules = false;
        }
    }

    /// No stage wants the answer: it may pass untouched.
    pub fn is_done(&self) -> bool {
        self.stages.iter().all(|stage| !stage.is_live())
    }

    /// A whole answer, through all stages.
    pub async fn respond(&mut self, head: &Head, body: Bytes) -> Result<Vec<Bytes>, ApiError> {
        let mut pieces = vec![body];
        for stage in self.stages.iter_mut().rev().filter(|stage| stage.is_live()) {
            let whole = crate::upstream::joined(pieces);
            pieces = stage.respond(head, whole).await?;
        }
        Ok(pieces)
    }

    /// A framed answer begins.
    pub async fn begin(&mut self, head: &Head) -> Result<(), ApiError> {
        let framing = self.framing();
        for (at, stage) in self
            .stages
            .iter_mut()
            .rev()
            .filter(|stage| stage.is_live())
            .enumerate()
        {
            // Only the stage at the upstream sees its framing; between stages it is SSE.
            let framing = if at == 0 { framing } else { Framing::Sse };
            stage.begin(head, framing, self.limits.frame).await?;
        }
        Ok(())
    }

    /// A read of the upstream, through all stages.
    pub async fn push(&mut self, read: Bytes) -> Result<Step, ApiError> {
        let step = self.run(vec![read], self.stages.len(), After::More).await;
        Ok(self.waiting(step?))
    }

    /// The silence came that a stage asked for.
    pub async fn wake(&mut self) -> Result<Step, ApiError> {
        let Some((_, at)) = self.soonest_wake() else {
            return Ok(Step {
                out: Vec::new(),
                next: After::More,
            });
        };
        let mut out = Vec::new();
        let next = self.stage(at).wake(&mut out).await?;
        let step = self.run(out, at, after(next)).await?;
        Ok(self.waiting(step))
    }

    /// When the next stage is to be woken, and which one.
    fn soonest_wake(&self) -> Option<(Instant, usize)> {
        let stages = self.stages.iter().enumerate();
        let waking = stages.filter_map(|(at, stage)| Some((stage.wakes_at()?, at)));
        waking.min()
    }

    /// A step after which the chain goes on says when it is to be woken: by whichever stage comes
    /// first, also by one that this step did not concern.
    fn waiting(&self, step: Step) -> Step {
        match (&step.next, self.soonest_wake()) {
            (After::More, Some((at, _))) => Step {
                next: After::Wake(milliseconds_until(at)),
                ..step
            },
            _ => step,
        }
    }

    /// The upstream's answer ended.
    pub async fn finish(&mut self, ending: &Ending) -> Result<Step, ApiError> {
        let mut data = Vec::new();
        for at in (0..self.stages.len()).rev() {
            if !self.stage(at).is_live() {
                continue;
            }
            let mut out = Vec::new();
            let mut next = self
                .stage(at)
                .feed(std::mem::take(&mut data), &mut out)
                .await?;
            if matches!(next, Next::More | Next::WakeAfter(_)) {
                next = self.stage(at).finish(ending, &mut out).await?;
            }
            if let Next::Failed(failure) = next {
                return self
                    .run(out, at, After::Failed(ApiError::from_failure(failure)))
                    .await;
            }
            data = out;
        }
        Ok(Step {
            out: data,
            next: After::Done,
        })
    }

    /// Feeds `data` to the stages left of `from`. `next` is what the stage at `from` said: when
    /// it is done, the stages to its left are finished too.
    async fn run(
        &mut self,
        mut data: Vec<Bytes>,
        from: usize,
        mut next: After,
    ) -> Result<Step, ApiError> {
        for at in (0..from).rev() {
            if !self.stage(at).is_live() {
                continue;
            }
            let mut out = Vec::new();
            let mut said = self
                .stage(at)
                .feed(std::mem::take(&mut data), &mut out)
                .await?;
            let upstream_done = matches!(next, After::Done);
            if upstream_done && matches!(said, Next::More | Next::WakeAfter(_)) {
                said = self.stage(at).finish(&Ending::Complete, &mut out).await?;
            }
            data = out;
            next = sooner(next, after(said));
        }
        Ok(Step { out: data, next })
    }

    fn stage(&mut self, at: usize) -> &mut Stage {
        self.stages
            .get_mut(at)
            .expect("invariant: callers count the stages")
    }
}

fn after(next: Next) -> After {
    match next {
        // Every stage knows when it is to be woken.
        Next::More | Next::WakeAfter(_) => After::More,
        Next::Done => After::Done,
        Next::Failed(failure) => After::Failed(ApiError::from_failure(failure)),
    }
}

/// Of what two stages said: a failure to the right wins, then whatever ends.
fn sooner(right: After, left: After) -> After {
    match (right, left) {
        (After::Failed(error), _) | (_, After::Failed(error)) => After::Failed(error),
        (After::Done, _) | (_, After::Done) => After::Done,
        (going_on, _) => going_on,
    }
}

/// Rounded up: a stage is not woken before its time.
fn milliseconds_until(at: Instant) -> u32 {
    let left = at.saturating_duration_since(Instant::now());
    u32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u32::MAX)
}
