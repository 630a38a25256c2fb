//! What can go wrong with a guest, as data: whoever answers the client computes from it.

use std::time::Duration;

/// A guest broke a rule. Its exchange ends; nothing else does.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// It trapped: a panic, an unreachable instruction, a bad memory access.
    #[error("transformer `{name}` trapped in `{call}`: {why}")]
    Trap {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// The guest's own words (its panic message) or wasmtime's.
        why: String,
    },
    /// It used up the time of a call.
    #[error("transformer `{name}` was stopped: `{call}` ran longer than {} ms ({setting})", limit.as_millis())]
    Budget {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// Its budget.
        limit: Duration,
        /// Which setting says so.
        setting: &'static str,
    },
    /// It asked for more memory than an instance may have.
    #[error("transformer `{name}` ran out of memory in `{call}`: an instance may use {} MiB (limits.memory)", limit >> 20)]
    Memory {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// In bytes.
        limit: usize,
    },
    /// It gave an answer that the interface forbids.
    #[error("transformer `{name}` broke the interface in `{call}`: {why}")]
    Illegal {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// Which rule.
        why: String,
    },
    /// It refused its options.
    #[error("transformer `{name}` refuses its options: {}", problems.join("; "))]
    Options {
        /// The component.
        name: String,
        /// Its own sentences.
        problems: Vec<String>,
    },
    /// It could not be started.
    #[error("transformer `{name}` cannot be started: {why}")]
    Start {
        /// The component.
        name: String,
        /// wasmtime's words.
        why: String,
    },
}

impl Fault {
    /// Whether the generation is to blame (as opposed to its options or the host's capacity).
    pub fn is_trap(&self) -> bool {
        !matches!(self, Self::Options { .. } | Self::Start { .. })
    }
}
