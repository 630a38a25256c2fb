//! An Anthropic message in its two forms, whole and as events: one folder and one expander for
//! whatever side sends the other form than the client asked for. Not on the hot path.

mod expand;
mod fold;

pub use expand::expand;
pub use fold::{FoldError, fold};
