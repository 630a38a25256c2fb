//! The processes that the benchmark makes of itself: mock and relay.

use std::future::Future;
use std::io::Read as _;
use std::io::Write as _;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::args::Role;
use crate::child::LISTENING;
use crate::{mock, relay};

/// Listens on a free port of loopback, says so, serves until standard input ends: so nothing
/// stays behind if the benchmark is killed.
pub(crate) fn run(role: &Role) -> Result<()> {
    match role {
        Role::Mock => Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(serve(mock::serve)),
        Role::Relay { upstream } => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let mut builder = if cores == 1 {
                Builder::new_current_thread()
            } else {
                Builder::new_multi_thread()
            };
            builder
                .enable_all()
                .build()?
                .block_on(serve(|listener| relay::serve(listener, *upstream)))
        }
    }
}

async fn serve<F: Future<Output = Result<()>>>(run: impl FnOnce(TcpListener) -> F) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{LISTENING}{}", listener.local_addr()?)?;
    let (gone, parent_gone) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = gone.send(());
    });
    tokio::select! {
        result = run(listener) => result,
        _ = parent_gone => Ok(()),
    }
}
