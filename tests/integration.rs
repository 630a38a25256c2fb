//! Everything that needs nothing from outside: transom as a black box between scripted upstreams
//! and a raw client. One binary, a module for each subject.

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

mod chain;
mod components;
mod fixture_runs;
mod guests;
mod interface;
mod limits;
mod roads;
mod scene;
mod secrets;
mod swap;
mod tokens;

mod access;
mod ccr;
mod check;
mod cli;
mod error_tables;
mod faults;
mod guest_add;
mod guest_dev;
mod guides;
mod messages;
mod recorder;
mod recording;
mod reload;
mod resilience;
mod restart;
mod rollback;
mod round_trip;
mod routing;
mod scaffold;
mod service;
mod serving;
mod setup;
mod still_client;
mod stream;
mod thirty_turns;
mod zero_copy;
