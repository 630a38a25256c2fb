//! A live guest: one store for one stage of one exchange, from `configure` to its drop.
//!
//! Every call re-arms the clock first: a budget that ran on while the guest waited for the
//! upstream would stop innocent guests, and a deadline that has passed costs a scheduler turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bindings::{
    Context, Draft, Ending, Failure, Head, Manifest, Output, Plan, Pushed, Verdict,
};
use super::component::{Component, one_line};
use super::fault::Fault;
use super::interface::Guest;
use super::live::{Live, bounded};
use super::state::LogSink;
use crate::config::Limits;

/// What an instance is opened with.
pub struct Opening<'a> {
    /// The generation's component.
    pub component: &'a Arc<Component>,
    /// JSON for `configure`.
    pub options: &'a [u8],
    /// In force for all calls.
    pub limits: &'a Arc<Limits>,
    /// What the guest's hash maps are seeded with: the same for the same exchange.
    pub seed: u128,
    /// Where its lines go.
    pub sink: LogSink,
    /// Counts bytes into and out of guests.
    pub counters: Arc<Counters>,
}

/// Bytes that crossed into and out of guests, and how often a guest was called.
#[derive(Debug, Default)]
pub struct Counters {
    /// Bytes of bodies and frames given to guests.
    pub bytes_in: AtomicU64,
    /// Bytes of bodies and frames taken from guests.
    pub bytes_out: AtomicU64,
    /// Calls of `push`.
    pub pushes: AtomicU64,
    /// Frames that splice rules passed on without a call.
    pub spliced: AtomicU64,
}

/// A live guest. Dead after a fault: drop it.
pub struct Instance {
    live: Live,
    guest: Guest,
    component: Arc<Component>,
    limits: Arc<Limits>,
    manifest: Manifest,
    counters: Arc<Counters>,
}

impl Instance {
    /// Instantiates the component and configures it.
    pub async fn open(opening: Opening<'_>) -> Result<Self, Fault> {
        let Opening {
            component,
            options,
            limits,
            seed,
            sink,
            counters,
        } = opening;
        let mut live = Live::new(&component.engine, limits, seed, sink);
        let guest = component
            .prepared
            .instantiate(&mut live.store)
            .await
            .map_err(|error| Fault::Start {
                name: component.name.clone(),
                why: one_line(&error),
            })?;
        let mut instance = Self {
            live,
            guest,
            component: component.clone(),
            limits: limits.clone(),
            manifest: Manifest {
                name: String::new(),
                version: String::new(),
                auth: None,
                notices: Vec::new(),
            },
            counters,
        };
        instance.manifest = instance.configure(options).await?;
        Ok(instance)
    }

    /// What the guest said of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The component's name.
    pub fn name(&self) -> &str {
        &self.component.name
    }

    async fn configure(&mut self, options: &[u8]) -> Result<Manifest, Fault> {
        let budget = self.live.arm(self.limits.configure);
        let call = self.guest.configure(&mut self.live.store, options);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "configure", budget, result)?
            .map_err(|problems| Fault::Options {
                name: self.component.name.clone(),
                problems,
            })
    }

    /// Constructs the exchange. Comes before every call below.
    pub async fn begin_exchange(&mut self, context: &Context) -> Result<(), Fault> {
        let budget = self.live.arm(self.limits.request);
        let call = self.guest.construct(&mut self.live.store, context);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "exchange", budget, result)
    }

    /// `exchange.request`
    pub async fn request(
        &mut self,
        so_far: &Draft,
        body: &[u8],
    ) -> Result<Result<Plan, Failure>, Fault> {
        self.count_in(body);
        let budget = self.live.arm(self.limits.request);
        let call = self.guest.request(&mut self.live.store, so_far, body);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "request", budget, result)
    }

    /// `exchange.respond`
    pub async fn respond(
        &mut self,
        head: &Head,
        body: &[u8],
    ) -> Result<Result<Output, Failure>, Fault> {
        self.count_in(body);
        let budget = self.live.arm(self.limits.request);
        let call = self.guest.respond(&mut self.live.store, head, body);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "respond", budget, result)
    }

    /// `exchange.explain`
    pub async fn explain(&mut self, head: &Head, body: &[u8]) -> Result<Verdict, Fault> {
        self.count_in(body);
        let budget = self.live.arm(self.limits.request);
        let call = self.guest.explain(&mut self.live.store, head, body);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "explain", budget, result)
    }

    /// `exchange.begin`
    pub async fn begin(&mut self, head: &Head) -> Result<Result<(), Failure>, Fault> {
        let budget = self.live.arm(self.limits.push);
        let call = self.guest.begin(&mut self.live.store, head);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "begin", budget, result)
    }

    /// `exchange.push`
    pub async fn push(&mut self, frames: &[u8], spliced: u32) -> Result<Pushed, Fault> {
        self.count_in(frames);
        self.counters.pushes.fetch_add(1, Ordering::Relaxed);
        let budget = self.live.arm(self.limits.push);
        let call = self.guest.push(&mut self.live.store, frames, spliced);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "push", budget, result)
    }

    /// `exchange.wake`
    pub async fn wake(&mut self) -> Result<Pushed, Fault> {
        let budget = self.live.arm(self.limits.push);
        let result = bounded(budget, self.guest.wake(&mut self.live.store)).await;
        self.live
            .settle(&self.component.name, "wake", budget, result)
    }

    /// `exchange.finish`
    pub async fn finish(&mut self, ending: &Ending) -> Result<Pushed, Fault> {
        let budget = self.live.arm(self.limits.push);
        let call = self.guest.finish(&mut self.live.store, ending);
        let result = bounded(budget, call).await;
        self.live
            .settle(&self.component.name, "finish", budget, result)
    }

    fn count_in(&self, bytes: &[u8]) {
        self.counters
            .bytes_in
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }
}
