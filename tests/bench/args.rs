//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::columns::Column;

/// Measures the hop through transom beside a bare relay, in one run, and prints one table.
#[derive(Parser)]
#[command(name = "hop")]
pub(crate) struct Args {
    /// One short round, under a minute: shows that things work; too short for figures to keep.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print JSON instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// How often each case is measured in each column.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub(crate) rounds: Option<u8>,
    /// Measure only these columns.
    #[arg(long, value_delimiter = ',')]
    pub(crate) columns: Vec<Column>,
    /// Measure only cases whose name has this in it (starts and swaps are left out then).
    #[arg(long)]
    pub(crate) only: Option<String>,
    /// A JSON object of figures measured elsewhere, printed behind the table.
    #[arg(long)]
    pub(crate) extra: Option<PathBuf>,
    /// Given by `cargo bench`; it means nothing here.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// Processes that the benchmark makes of itself. Each ends when its standard input does.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// Be the upstream.
    #[command(hide = true)]
    Mock,
    /// Be the bare relay in front of an upstream.
    #[command(hide = true)]
    Relay { upstream: SocketAddr },
}
