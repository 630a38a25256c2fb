//! What can go wrong with a guest, as data: whoever answers the client computes from it.

use std::time::Duration;

/// A guest broke a rule. Its exchange ends; nothing else does.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// It trapped: a panic, an unreachable instruction, a bad memory access.
    #[error("transformer `{name}` {}", self.told())]
    Trap {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// The guest's own words (its panic message), wasmtime's, or the host's.
        why: String,
        /// The host refused what the guest asked of it, in these words: anybody may read them.
        refused: bool,
        /// Where in the guest, a line for each function, if the component has the names of its functions.
        backtrace: Vec<String>,
    },
    /// It went on writing log lines long after they were dropped.
    #[error("transformer `{name}` {}", self.what())]
    Flood {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// Lines so far in this exchange.
        lines: usize,
        /// As many as are logged.
        limit: usize,
    },
    /// It used up the time of a call.
    #[error("transformer `{name}` {}", self.what())]
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
    #[error("transformer `{name}` {}", self.what())]
    Memory {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// In bytes.
        limit: usize,
    },
    /// It gave an answer that the interface forbids.
    #[error("transformer `{name}` {}", self.what())]
    Illegal {
        /// The component.
        name: String,
        /// The WIT function.
        call: &'static str,
        /// Which rule.
        why: String,
    },
    /// It refused its options.
    #[error("transformer `{name}` {}", self.what())]
    Options {
        /// The component.
        name: String,
        /// Its own sentences.
        problems: Vec<String>,
    },
    /// It could not be started.
    #[error("transformer `{name}` {}: {why}", self.what())]
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

    /// It ran out of memory over a request, which says as much about the request.
    pub fn is_of_a_large_request(&self) -> bool {
        matches!(
            self,
            Self::Memory {
                call: "request",
                ..
            }
        )
    }

    /// The component.
    pub fn name(&self) -> &str {
        match self {
            Self::Trap { name, .. }
            | Self::Flood { name, .. }
            | Self::Budget { name, .. }
            | Self::Memory { name, .. }
            | Self::Illegal { name, .. }
            | Self::Options { name, .. }
            | Self::Start { name, .. } => name,
        }
    }

    /// What it did, without its name and without [`Fault::inside`]: for anybody to read.
    pub fn what(&self) -> String {
        match self {
            Self::Trap {
                call,
                why,
                refused: true,
                ..
            } => format!("trapped in `{call}`: {why}"),
            Self::Trap { call, .. } => format!("trapped in `{call}`"),
            Self::Flood {
                call, lines, limit, ..
            } => format!(
                "trapped in `{call}`: log flood: {lines} lines in one exchange, limits.log_lines is {limit}"
            ),
            Self::Budget {
                call,
                limit,
                setting,
                ..
            } => {
                let limit = limit.as_millis();
                format!("was stopped: `{call}` ran longer than {limit} ms ({setting})")
            }
            Self::Memory { call, limit, .. } => {
                let limit = limit >> 20;
                format!(
                    "ran out of memory in `{call}`: an instance may use {limit} MiB (limits.memory)"
                )
            }
            Self::Illegal { call, why, .. } => format!("broke the interface in `{call}`: {why}"),
            Self::Options { problems, .. } => {
                format!("refuses its options: {}", problems.join("; "))
            }
            Self::Start { .. } => "cannot be started".to_owned(),
        }
    }

    /// In one line, with all words.
    fn told(&self) -> String {
        match self {
            Self::Trap {
                why,
                refused: false,
                ..
            } => format!("{}: {why}", self.what()),
            _ => self.what(),
        }
    }

    /// Where in the guest it was, a line for each function. Empty if that is not known.
    pub fn backtrace(&self) -> &[String] {
        match self {
            Self::Trap { backtrace, .. } => backtrace,
            _ => &[],
        }
    }

    /// What only the person who runs transom is told: the words of a panic, wasmtime's, and where in
    /// the guest it was. They may hold paths and pieces of what the guest was given.
    pub fn inside(&self) -> Option<String> {
        match self {
            Self::Trap {
                why,
                refused,
                backtrace,
                ..
            } => {
                let words = (!refused).then_some(why);
                let lines: Vec<_> = words
                    .into_iter()
                    .chain(backtrace)
                    .map(String::as_str)
                    .collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
            Self::Start { why, .. } => Some(why.clone()),
            _ => None,
        }
    }
}
