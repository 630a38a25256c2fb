//! Real clients against transom: Claude Code, and Anthropic's SDKs for Python and TypeScript.
//!
//! `just test-clients` installs them, pinned, and runs this binary. A client that is missing fails
//! its tests with the remedy.

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
    reason = "each test binary uses its own part of the strict upstreams"
)]
mod strict;

#[allow(
    dead_code,
    reason = "each test binary uses its own part of the table of routes"
)]
#[path = "routing/cases.rs"]
mod routing_cases;

mod clients {
    mod ccr;
    mod ccr_setup;
    mod claude;
    mod claude_code;
    mod commands;
    mod fallback;
    mod installed;
    mod interactive;
    mod recorded;
    mod route;
    mod routed;
    mod sdk;
    mod terminal;
    mod window;
}
