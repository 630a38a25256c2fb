//! A store with the clock that its guest is measured by: each call is armed before and judged after,
//! whatever kind of guest it is.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;

use super::engine::{ClockGuard, Engine};
use super::fault::Fault;
use super::panic;
use super::state::{LogSink, State, on_tick};
use crate::config::Limits;

/// The store of one instance. Dead after a fault.
pub(super) struct Live {
    pub(super) store: Store<State>,
    limits: Arc<Limits>,
    _clock: ClockGuard,
}

impl Live {
    /// A fresh store whose clock runs: instantiating counts as the first call, with this budget.
    pub(super) fn new(engine: &Engine, limits: &Arc<Limits>, seed: u128, sink: LogSink) -> Self {
        let clock = engine.clock();
        let memory = limits.memory.min(engine.step().memory);
        let mut store = Store::new(engine.wasmtime(), State::new(limits, memory, seed, sink));
        store.limiter(|state| state);
        store.epoch_deadline_callback(on_tick);
        store.data_mut().arm(limits.configure);
        store.set_epoch_deadline(1);
        Self {
            store,
            limits: limits.clone(),
            _clock: clock,
        }
    }

    /// Gives the next call its time.
    pub(super) fn arm(&mut self, budget: Duration) -> Budget {
        self.store.data_mut().arm(budget);
        self.store.set_epoch_deadline(1);
        Budget {
            own: budget,
            wall: self.limits.call_wall.max(budget),
        }
    }

    /// What a call came to. `name` is the component's.
    pub(super) fn settle<T>(
        &self,
        name: &str,
        call: &'static str,
        budget: Budget,
        result: Option<wasmtime::Result<T>>,
    ) -> Result<T, Fault> {
        let owned = || name.to_owned();
        let Some(result) = result else {
            return Err(Fault::Budget {
                name: owned(),
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
                name: owned(),
                call,
                limit: budget.own,
                setting: own_setting(call),
            });
        }
        if state.out_of_memory {
            return Err(Fault::Memory {
                name: owned(),
                call,
                limit: state.memory_limit,
            });
        }
        if let Some((lines, limit)) = state.flooded() {
            return Err(Fault::Flood {
                name: owned(),
                call,
                lines,
                limit,
            });
        }
        Err(self.trapped(name, call, &error))
    }

    /// Tells the log what the guest said and where it was.
    fn trapped(&self, name: &str, call: &'static str, error: &wasmtime::Error) -> Fault {
        let state = self.store.data();
        let stderr = state.stderr();
        let refused = panic::is_of_the_host(error);
        let (why, said) = match panic::Panic::read(&stderr).filter(|_| !refused) {
            Some(panic) => {
                let said = format!("{} (at {})", panic.words, panic.place);
                (panic.words, said)
            }
            None => {
                let words = panic::trap_words(error);
                let said = format!("{words} {stderr}").trim_end().to_owned();
                (words, said)
            }
        };
        state.tell(format!("trap in `{call}`: {said}"));
        let backtrace = panic::backtrace(error);
        for line in &backtrace {
            state.tell(line.clone());
        }
        Fault::Trap {
            name: name.to_owned(),
            call,
            why,
            refused,
            backtrace,
        }
    }
}

/// How long a call may take.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    own: Duration,
    wall: Duration,
}

/// The setting that bounds a call's own time.
fn own_setting(call: &str) -> &'static str {
    match call {
        "configure" => "limits.configure_ms",
        "begin" | "push" | "wake" | "finish" | "decide" => "limits.push_ms",
        _ => "limits.request_ms",
    }
}

/// None when the wall clock ran out.
pub(super) async fn bounded<T>(
    budget: Budget,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Option<wasmtime::Result<T>> {
    tokio::time::timeout(budget.wall, call).await.ok()
}
