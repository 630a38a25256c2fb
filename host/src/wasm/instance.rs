//! A live guest: one store for one stage of one exchange, from `configure` to its drop.
//!
//! Every call re-arms the clock first: a budget that ran on while the guest waited for the
//! upstream would stop innocent guests, and a deadline that has passed costs a scheduler turn.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wasmtime::component::ResourceAny;
use wasmtime::{Store, Trap};

use super::bindings::exports::transom::transformer::transformer::GuestExchange;
use super::bindings::{
    Context, Draft, Ending, Failure, Guest, Head, Manifest, Output, Plan, Pushed, Verdict,
};
use super::component::{Component, one_line};
use super::engine::ClockGuard;
use super::fault::Fault;
use super::state::{LogSink, State, on_tick};
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
    store: Store<State>,
    guest: Guest,
    exchange: Option<ResourceAny>,
    component: Arc<Component>,
    limits: Arc<Limits>,
    manifest: Manifest,
    counters: Arc<Counters>,
    _clock: ClockGuard,
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
        let clock = component.engine.clock();
        let memory = limits.memory.min(component.engine.step().memory);
        let mut store = Store::new(
            component.engine.wasmtime(),
            State::new(limits, memory, seed, sink),
        );
        store.limiter(|state| state);
        store.epoch_deadline_callback(on_tick);
        store.data_mut().arm(limits.configure);
        store.set_epoch_deadline(1);
        let guest = component
            .pre
            .instantiate_async(&mut store)
            .await
            .map_err(|error| Fault::Start {
                name: component.name.clone(),
                why: one_line(&error),
            })?;
        let mut instance = Self {
            store,
            guest,
            exchange: None,
            component: component.clone(),
            limits: limits.clone(),
            manifest: Manifest {
                name: String::new(),
                version: String::new(),
                auth: None,
                notices: Vec::new(),
            },
            counters,
            _clock: clock,
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
        let budget = self.arm(self.limits.configure);
        let api = self.guest.transom_transformer_transformer();
        let result = bounded(budget, api.call_configure(&mut self.store, options)).await;
        self.settle("configure", budget, result)?
            .map_err(|problems| Fault::Options {
                name: self.component.name.clone(),
                problems,
            })
    }

    /// Constructs the exchange.
    pub async fn begin_exchange(&mut self, context: &Context) -> Result<(), Fault> {
        let budget = self.arm(self.limits.request);
        let api = self.guest.transom_transformer_transformer().exchange();
        let result = bounded(budget, api.call_constructor(&mut self.store, context)).await;
        self.exchange = Some(self.settle("exchange", budget, result)?);
        Ok(())
    }

    /// `exchange.request`
    pub async fn request(
        &mut self,
        so_far: &Draft,
        body: &[u8],
    ) -> Result<Result<Plan, Failure>, Fault> {
        self.count_in(body);
        let (budget, exchange) = (self.arm(self.limits.request), self.exchange());
        let result = bounded(
            budget,
            api(&self.guest).call_request(&mut self.store, exchange, so_far, body),
        )
        .await;
        self.settle("request", budget, result)
    }

    /// `exchange.respond`
    pub async fn respond(
        &mut self,
        head: &Head,
        body: &[u8],
    ) -> Result<Result<Output, Failure>, Fault> {
        self.count_in(body);
        let (budget, exchange) = (self.arm(self.limits.request), self.exchange());
        let result = bounded(
            budget,
            api(&self.guest).call_respond(&mut self.store, exchange, head, body),
        )
        .await;
        self.settle("respond", budget, result)
    }

    /// `exchange.explain`
    pub async fn explain(&mut self, head: &Head, body: &[u8]) -> Result<Verdict, Fault> {
        self.count_in(body);
        let (budget, exchange) = (self.arm(self.limits.request), self.exchange());
        let result = bounded(
            budget,
            api(&self.guest).call_explain(&mut self.store, exchange, head, body),
        )
        .await;
        self.settle("explain", budget, result)
    }

    /// `exchange.begin`
    pub async fn begin(&mut self, head: &Head) -> Result<Result<(), Failure>, Fault> {
        let (budget, exchange) = (self.arm(self.limits.push), self.exchange());
        let result = bounded(
            budget,
            api(&self.guest).call_begin(&mut self.store, exchange, head),
        )
        .await;
        self.settle("begin", budget, result)
    }

    /// `exchange.push`
    pub async fn push(&mut self, frames: &[u8], spliced: u32) -> Result<Pushed, Fault> {
        self.count_in(frames);
        self.counters.pushes.fetch_add(1, Ordering::Relaxed);
        let (budget, exchange) = (self.arm(self.limits.push), self.exchange());
        let result = bounded(
            budget,
            api(&self.guest).call_push(&mut self.store, exchange, frames, spliced),
        )
        .await;
        self.settle("push", budget, result)
    }

    /// `exchange.wake`
    pub async fn wake(&mut self) -> Result<Pushed, Fault> {
        let (budget, exchange) = (self.arm(self.limits.push), self.exchange());
        let result = bounded(
            budget,
            api(&self.guest).call_wake(&mut self.store, exchange),
        )
        .await;
        self.settle("wake", budget, result)
    }

    /// `exchange.finish`
    pub async fn finish(&mut self, ending: &Ending) -> Result<Pushed, Fault> {
        let (budget, exchange) = (self.arm(self.limits.push), self.exchange());
        let result = bounded(
            budget,
            api(&self.guest).call_finish(&mut self.store, exchange, ending),
        )
        .await;
        self.settle("finish", budget, result)
    }

    fn exchange(&self) -> ResourceAny {
        self.exchange
            .expect("invariant: begin_exchange comes before every other call")
    }

    fn count_in(&self, bytes: &[u8]) {
        self.counters
            .bytes_in
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    fn arm(&mut self, budget: Duration) -> Budget {
        self.store.data_mut().arm(budget);
        self.store.set_epoch_deadline(1);
        Budget {
            own: budget,
            wall: self.limits.call_wall.max(budget),
        }
    }

    fn settle<T>(
        &self,
        call: &'static str,
        budget: Budget,
        result: Option<wasmtime::Result<T>>,
    ) -> Result<T, Fault> {
        let name = || self.component.name.clone();
        let Some(result) = result else {
            return Err(Fault::Budget {
                name: name(),
                call,
                limit: budget.wall,
                setting: if budget.wall > budget.own {
                    "limits.call_wall_ms"
                } else {
                    own_setting(call)
                },
            });
        };
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let state = self.store.data();
        if state.out_of_time {
            return Err(Fault::Budget {
                name: name(),
                call,
                limit: budget.own,
                setting: own_setting(call),
            });
        }
        if state.out_of_memory {
            return Err(Fault::Memory {
                name: name(),
                call,
                limit: state.memory_limit,
            });
        }
        let stderr = state.stderr();
        if !stderr.is_empty() {
            state.tell(format!("trap in `{call}`: {stderr}"));
        }
        let own_words = panic_message(&stderr);
        let why = if own_words.is_empty() {
            trap_words(&error)
        } else {
            own_words
        };
        Err(Fault::Trap {
            name: name(),
            call,
            why,
        })
    }
}

fn api(guest: &Guest) -> GuestExchange<'_> {
    guest.transom_transformer_transformer().exchange()
}

#[derive(Clone, Copy)]
struct Budget {
    own: Duration,
    wall: Duration,
}

/// The setting that bounds a call's own time.
fn own_setting(call: &str) -> &'static str {
    match call {
        "configure" => "limits.configure_ms",
        "begin" | "push" | "wake" | "finish" => "limits.push_ms",
        _ => "limits.request_ms",
    }
}

/// None when the wall clock ran out.
async fn bounded<T>(
    budget: Budget,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Option<wasmtime::Result<T>> {
    tokio::time::timeout(budget.wall, call).await.ok()
}

fn trap_words(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        // The outer causes are where in the guest it happened.
        None => error.root_cause().to_string(),
    }
}

/// The words of a panic as Rust writes it to standard error, without thread, place, advice and what
/// the guest wrote before: the client is told what happened, not where in whose source.
fn panic_message(stderr: &str) -> String {
    let mut lines = stderr.lines();
    if !lines.any(|line| line.contains(" panicked at ")) {
        return String::new();
    }
    let words = lines.take_while(|line| !line.starts_with("note: "));
    words.collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_by_its_message_alone() {
        let stderr = "thread '<unnamed>' (1) panicked at src/lib.rs:10:5:\nindex out of bounds\nnote: run with `RUST_BACKTRACE=1`";
        assert_eq!(panic_message(stderr), "index out of bounds");
        assert_eq!(
            panic_message(&format!("printed before\n{stderr}")),
            "index out of bounds"
        );
        assert_eq!(panic_message("Traceback: x"), "");
        assert_eq!(panic_message(""), "");
    }
}
