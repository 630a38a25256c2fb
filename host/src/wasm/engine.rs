//! The one wasmtime engine: how it is configured, which pool the address space allows, and the
//! epoch ticks that measure guests' time.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::{
    Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
};

/// Length of an epoch tick. Short enough for I/O beside a spinning guest, long enough to cost
/// half a percent of an idle core.
pub(crate) const TICK: Duration = Duration::from_millis(2);

const GIB: u64 = 1 << 30;
const MIB: usize = 1 << 20;

/// How instances are laid out in the address space. ARM virtual machines can have 39 bits of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStep {
    /// Instances alive at once.
    pub instances: u32,
    /// Address space reserved for each memory, in bytes. 4 GiB lets the compiler leave out bounds checks.
    pub reservation: u64,
    /// The most memory an instance may use on this step, in bytes.
    pub memory: usize,
}

impl fmt::Display for PoolStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes >> 20;
        write!(
            f,
            "of {} instances, at most {} MiB each ({} MiB of addresses)",
            self.instances,
            mib(self.memory as u64),
            mib(self.reservation)
        )
    }
}

/// From the best to what fits everywhere.
fn ladder(instances: u32, memory: usize) -> [PoolStep; 3] {
    [
        PoolStep {
            instances,
            reservation: 4 * GIB,
            memory,
        },
        PoolStep {
            instances: instances.min(64),
            reservation: 4 * GIB,
            memory,
        },
        PoolStep {
            instances,
            reservation: 64 * MIB as u64,
            memory: memory.min(64 * MIB),
        },
    ]
}

/// The engine, its pool and its clock. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    step: PoolStep,
    ticker: Arc<Ticker>,
}

impl Engine {
    /// Builds the engine with the first pool of the ladder that the address space allows.
    ///
    /// `instances` and `memory` (bytes) are the most that is wanted.
    pub fn new(instances: u32, memory: usize) -> wasmtime::Result<Self> {
        let mut last = None;
        for step in ladder(instances, memory) {
            match wasmtime::Engine::new(&engine_config(step)) {
                Ok(inner) => {
                    let ticker = Ticker::start(inner.clone());
                    return Ok(Self {
                        inner,
                        step,
                        ticker,
                    });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.expect("invariant: the ladder has steps"))
    }

    /// Which step of the pool ladder runs.
    pub fn step(&self) -> PoolStep {
        self.step
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// Keeps the clock ticking until the guard is dropped.
    pub(crate) fn clock(&self) -> ClockGuard {
        self.ticker.guard()
    }
}

/// Core instances of one component: its module and the adapters that tools put around it. Python brings a
/// dozen of modules.
const CORE_INSTANCES: u32 = 64;

/// Tables of one component.
const TABLES: u32 = 4;

/// Memories of one component. The runtime of JavaScript has a small one beside its own; who has two takes two of the
/// pool's places ([`Component::places`](super::Component::places)).
const MEMORIES: u32 = 2;

/// Instances beside those of exchanges: a reload must be able to try a component while the pool is full.
pub(crate) const SMOKE_SLOTS: u32 = 4;

fn engine_config(step: PoolStep) -> wasmtime::Config {
    let slots = step.instances + SMOKE_SLOTS;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        // A component must not take its neighbours' slots.
        .max_memories_per_component(MEMORIES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_tables_per_component(TABLES)
        .total_core_instances(slots * CORE_INSTANCES)
        .total_memories(slots)
        .total_tables(slots * TABLES)
        .total_stacks(slots)
        .max_memory_size(step.memory)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(32);
    let mut config = wasmtime::Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        // Of components that were built with them alone; nobody but the log sees any.
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .memory_reservation(step.reservation)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if step.reservation < 4 * GIB {
        config.memory_guard_size(64 << 10);
    }
    config
}

/// Idle ticks before the clock stops. Starting it costs a system call, which requests that follow
/// each other shall not pay.
const LINGER: u32 = 100;

/// Advances the epoch while at least one guest may run, and sleeps otherwise.
struct Ticker {
    active: AtomicUsize,
    stopped: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Ticker {
    fn start(engine: wasmtime::Engine) -> Arc<Self> {
        let ticker = Arc::new(Self {
            active: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            thread: OnceLock::new(),
        });
        let weak = Arc::downgrade(&ticker);
        let handle = std::thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || tick(&weak, &engine))
            .expect("invariant: a thread can be started while the process starts");
        ticker.thread.get_or_init(|| handle.thread().clone());
        ticker
    }

    fn guard(self: &Arc<Self>) -> ClockGuard {
        self.active.fetch_add(1, Ordering::SeqCst);
        if self.stopped.load(Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
        ClockGuard(self.clone())
    }
}

/// Ends with the engine.
fn tick(weak: &Weak<Ticker>, engine: &wasmtime::Engine) {
    let mut idle = 0;
    while let Some(ticker) = weak.upgrade() {
        if ticker.active.load(Ordering::SeqCst) > 0 {
            idle = 0;
        } else {
            idle += 1;
        }
        if idle > LINGER {
            ticker.stopped.store(true, Ordering::SeqCst);
            // A guard taken before the flag was set is seen here, one taken after it unparks.
            if ticker.active.load(Ordering::SeqCst) == 0 {
                let waiting = Arc::downgrade(&ticker);
                drop(ticker);
                std::thread::park_timeout(Duration::from_mins(1));
                let Some(ticker) = waiting.upgrade() else {
                    return;
                };
                ticker.stopped.store(false, Ordering::SeqCst);
            }
            idle = 0;
            continue;
        }
        drop(ticker);
        std::thread::sleep(TICK);
        engine.increment_epoch();
    }
}

/// While it lives, epochs advance.
pub(crate) struct ClockGuard(Arc<Ticker>);

impl Drop for ClockGuard {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_ends_on_a_step_that_fits_39_bits_of_address_space() {
        let last = ladder(256, 256 * MIB)[2];
        assert!(u64::from(last.instances) * (last.reservation + 2 * 64 * 1024) < 1 << 38);
        assert_eq!(last.memory, 64 * MIB);
    }
}
