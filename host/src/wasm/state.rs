//! What a store holds beside the guest's memory: an empty WASI, the limits of one call, and where
//! log lines and notes go.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::ambient::{self, Numbers};
use super::engine::TICK;
use super::stderr::Tail;
use crate::config::Limits;

/// Handles of WASI that a guest may hold at once: clocks and streams that std opens are a dozen.
const HANDLES: usize = 2048;

/// A guest that goes on this many times beyond its allowance of log lines is stopped.
const FLOOD_FACTOR: usize = 20;

/// A line that a guest logged, or a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogLine {
    /// `host.log`
    Log {
        /// In `tracing`'s terms.
        level: tracing::Level,
        /// Cut to the limit.
        message: String,
    },
    /// `host.note`
    Note {
        /// `drop`, `change`, `add`.
        action: String,
        /// JSON path in the client's body.
        path: String,
        /// Why.
        why: String,
    },
}

/// Takes a guest's lines. Called on the thread that runs the guest: must not block.
pub(crate) type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// The data of a store.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    stderr: Tail,
    pub(super) numbers: Numbers,
    sink: LogSink,
    lines: usize,
    line_limit: usize,
    lines_limit: usize,
    pub(crate) memory_limit: usize,
    /// Of all memories of the instance.
    memory_used: usize,
    /// Growth was refused in this call.
    pub(crate) out_of_memory: bool,
    ticks_left: u64,
    /// The budget of this call ran out.
    pub(crate) out_of_time: bool,
}

/// A guest that drops none of its handles gets no more of them, instead of the host's memory.
fn table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    table
}

impl State {
    pub(crate) fn new(limits: &Limits, memory_limit: usize, seed: u128, sink: LogSink) -> Self {
        let stderr = Tail::default();
        let wasi = WasiCtxBuilder::new().stderr(stderr.clone()).build();
        Self {
            wasi,
            table: table(),
            stderr,
            numbers: Numbers::of(seed),
            sink,
            lines: 0,
            line_limit: limits.log_line,
            lines_limit: limits.log_lines,
            memory_limit,
            memory_used: 0,
            out_of_memory: false,
            ticks_left: 0,
            out_of_time: false,
        }
    }

    /// Gives the next call its time.
    pub(crate) fn arm(&mut self, budget: Duration) {
        self.ticks_left = (budget.as_nanos() / TICK.as_nanos()).max(1) as u64;
        self.out_of_time = false;
        self.out_of_memory = false;
    }

    /// The end of what the guest wrote to standard error, cut to the line limit.
    pub(crate) fn stderr(&self) -> String {
        let text = self.stderr.text();
        let mut start = text.len().saturating_sub(self.line_limit);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        text.get(start..).unwrap_or_default().to_owned()
    }

    /// A line of the host's own about this guest.
    pub(crate) fn tell(&self, message: String) {
        (self.sink)(LogLine::Log {
            level: tracing::Level::ERROR,
            message,
        });
    }

    /// `host.log`, of any version.
    pub(super) fn guest_logs(
        &mut self,
        level: tracing::Level,
        message: String,
    ) -> wasmtime::Result<()> {
        let message = cut(message, self.line_limit);
        self.line(LogLine::Log { level, message })
    }

    /// `host.note`, of any version.
    pub(super) fn guest_notes(
        &mut self,
        action: String,
        path: String,
        why: String,
    ) -> wasmtime::Result<()> {
        let limit = self.line_limit;
        self.line(LogLine::Note {
            action: cut(action, limit),
            path: cut(path, limit),
            why: cut(why, limit),
        })
    }

    fn line(&mut self, line: LogLine) -> wasmtime::Result<()> {
        self.lines += 1;
        if self.lines <= self.lines_limit {
            (self.sink)(line);
        } else if self.lines == self.lines_limit + 1 {
            (self.sink)(LogLine::Log {
                level: tracing::Level::WARN,
                message: format!(
                    "further lines are dropped: limits.log_lines is {}",
                    self.lines_limit
                ),
            });
        } else if self.flooded().is_some() {
            return Err(wasmtime::format_err!("log flood"));
        }
        Ok(())
    }

    /// How many lines, and how many are logged, if they are so many that the guest is stopped.
    pub(super) fn flooded(&self) -> Option<(usize, usize)> {
        let most = self.lines_limit.saturating_mul(FLOOD_FACTOR);
        (self.lines > most).then_some((self.lines, self.lines_limit))
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the type of an epoch callback is wasmtime's"
)]
/// Called when a tick passed while the guest of this store ran.
pub(crate) fn on_tick(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data_mut();
    if state.ticks_left == 0 {
        state.out_of_time = true;
        return Ok(UpdateDeadline::Interrupt);
    }
    state.ticks_left -= 1;
    // Plain yielding starves I/O: tokio polls a self-woken task 61 times before it looks at sockets.
    Ok(UpdateDeadline::YieldCustom(
        1,
        Box::pin(tokio::task::yield_now()),
    ))
}

/// Cuts at a character boundary.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(" [cut]");
    }
    text
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl wasmtime_wasi_io::IoView for State {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.memory_used + desired.saturating_sub(current);
        let granted = wanted <= self.memory_limit;
        if granted {
            self.memory_used = wanted;
        } else {
            self.out_of_memory = true;
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= 20_000)
    }
}

/// The imports a guest may have: our own `host`, and of WASI what is behind [`ambient`].
pub(crate) fn link(linker: &mut wasmtime::component::Linker<State>) -> wasmtime::Result<()> {
    super::interface::link(linker)?;
    ambient::link(linker)
}
