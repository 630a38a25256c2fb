//! Component tests: recorded exchanges through the compiled component, in the real runtime with
//! the real limits, without network or HTTP. The layout is that of `tests/fixtures/README.md`.

mod case;
mod compare;
mod grammar;
mod measure;
mod outcome;
mod run;

pub use case::{Case, cases_in};
pub use measure::Meter;
pub use outcome::Outcome;
pub use run::Runner;
