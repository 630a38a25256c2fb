//! Component tests: recorded exchanges through the compiled component, in the real runtime with
//! the real limits, without network or HTTP. The layout is that of `tests/fixtures/README.md`.
//!
//! `case` reads what is there, `play` runs the component, `run` gives the verdict; `accept`, `explain`
//! and `duel` are other questions about the same plays. Nothing here prints.

mod accept;
mod case;
mod compare;
mod duel;
mod explain;
mod finding;
mod grammar;
mod measure;
mod outcome;
mod play;
mod run;
mod shape;

pub use accept::{Proposal, Rewrite, proposal};
pub use case::{Case, cases_in};
pub use duel::{Duel, Verdict};
pub use explain::{Remark, Side, remarks};
pub use finding::{Difference, Finding};
pub use measure::Meter;
pub use outcome::Outcome;
pub use play::Note;
pub use run::Runner;
