//! The load generator: one thread, any number of keep-alive connections, each asking again as
//! soon as it has its answer. Every answer is checked: status, end, number of events.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use tokio::task::JoinSet;

use connection::{Connection, Exchange};
use counter::Counter;

pub(crate) mod connection;
mod counter;
pub(crate) mod request;

/// Where a load goes and what must come back.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// Head and body, as written to the socket.
    pub(crate) request: Bytes,
    /// What each content event of the answer has once.
    pub(crate) mark: &'static [u8],
    /// Content events in one answer; none if the answer is no stream.
    pub(crate) events: Option<usize>,
    /// Note the time between events.
    pub(crate) gaps: bool,
}

/// How long connections go on.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// No new exchange after this time; those that run are finished.
    Elapsed(Duration),
    /// This many exchanges for each connection.
    Count(usize),
}

/// Open connections to a target.
pub(crate) struct Session {
    target: Target,
    connections: Vec<Connection>,
}

/// What a run came to.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) elapsed: Duration,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Outcome {
    pub(crate) fn events(&self) -> usize {
        self.exchanges.iter().map(|exchange| exchange.events).sum()
    }
}

impl Session {
    pub(crate) async fn open(target: Target, connections: usize) -> Result<Self> {
        let mut opened = Vec::with_capacity(connections);
        for _ in 0..connections {
            opened.push(Connection::open(target.address).await?);
        }
        Ok(Self {
            target,
            connections: opened,
        })
    }

    /// Runs all connections; their starts are spread evenly over `spread`.
    pub(crate) async fn run(&mut self, until: Until, spread: Duration) -> Result<Outcome> {
        let begin = Instant::now();
        let count = self.connections.len();
        let mut tasks = JoinSet::new();
        for (number, connection) in self.connections.drain(..).enumerate() {
            let wait = spread.mul_f64(number as f64 / count as f64);
            let target = self.target.clone();
            tasks.spawn(async move {
                tokio::time::sleep(wait).await;
                drive(connection, &target, until).await
            });
        }
        let mut outcome = Outcome::default();
        while let Some(joined) = tasks.join_next().await {
            let (connection, exchanges) =
                joined.context("a connection of the load generator panicked")??;
            self.connections.push(connection);
            outcome.exchanges.extend(exchanges);
        }
        outcome.elapsed = begin.elapsed();
        Ok(outcome)
    }
}

async fn drive(
    mut connection: Connection,
    target: &Target,
    until: Until,
) -> Result<(Connection, Vec<Exchange>)> {
    let begin = Instant::now();
    let mut counter = Counter::new(target.mark);
    let mut exchanges = Vec::new();
    loop {
        let exchange = connection
            .exchange(&target.request, &mut counter, target.gaps)
            .await?;
        if let Some(wanted) = target.events {
            ensure!(
                exchange.events == wanted,
                "a stream ended with {} of {wanted} events",
                exchange.events
            );
        }
        exchanges.push(exchange);
        let over = match until {
            Until::Elapsed(time) => begin.elapsed() >= time,
            Until::Count(count) => exchanges.len() >= count,
        };
        if over {
            return Ok((connection, exchanges));
        }
    }
}
