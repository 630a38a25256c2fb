//! Transformers in JavaScript and Python through the real runtime.
//!
//! `just test-polyglot` installs what makes components of them, pinned, makes them and runs this binary. What is
//! missing fails with the remedy.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that fails panics, and shows what it knows"
)]

#[allow(
    dead_code,
    reason = "each test binary uses its own part of the harness"
)]
mod harness;
#[allow(
    dead_code,
    reason = "each test binary uses its own part of the scenery"
)]
mod scene;

mod polyglot {
    mod ambient;
    mod installed;
    mod scaffold;
    mod serving;
    mod twins;
}
