//! The processes of one division of cores: a mock, a relay and a transom, each its own process,
//! all alive at once, so that columns can take turns.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::cases::Case;
use crate::child::{self, Child};
use crate::columns::Column;
use crate::load::{Session, Until};
use crate::pin::Cores;
use crate::transom::Installation;

/// For the first exchange after the start.
const TRY_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Fleet {
    mock: Child,
    relay: Child,
    transom: Option<Child>,
    /// Columns that cannot be measured, each with the reason.
    pub(crate) missing: BTreeMap<Column, String>,
}

impl Fleet {
    /// Starts what `columns` need; logs go to `folder`. Without mock and relay there is nothing
    /// to compare with, so these must start; transom may be missing.
    pub(crate) async fn start(
        cores: &Cores,
        columns: &[Column],
        cases: &[Case],
        folder: &Path,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        cores.stay_around()?;
        let mock = start_mock(folder).await?;
        let upstream = mock.address;
        let relay = cores.start_under_test(|| {
            child::spawn(&mut relay_command(upstream)?, &folder.join("relay.log"))
        });
        cores.stay_around()?;
        let relay = relay?
            .ready()
            .await
            .context("the bare relay did not start")?;
        let mut fleet = Self {
            mock,
            relay,
            transom: None,
            missing: BTreeMap::new(),
        };
        if columns.iter().any(|column| column.needs_transom()) {
            match start_transom(cores, upstream, cases, &folder.join("transom")).await {
                Ok(transom) => fleet.transom = Some(transom),
                Err(error) => fleet.lose_transom(columns, &error),
            }
        }
        cores.stay_around()?;
        if let (Some(_), Some(case)) = (&fleet.transom, cases.first()) {
            fleet.try_out(columns, case).await;
        }
        Ok(fleet)
    }

    /// Takes out the columns of transom in which one exchange of `case` does not work: one reason
    /// instead of one for each case.
    async fn try_out(&mut self, columns: &[Column], case: &Case) {
        for column in columns.iter().filter(|column| column.needs_transom()) {
            if let Err(error) = self.one_exchange(*column, case).await {
                self.missing.insert(*column, format!("{error:#}"));
            }
        }
    }

    async fn one_exchange(&self, column: Column, case: &Case) -> Result<()> {
        let (address, _) = self.under_test(column)?;
        let exchange = async {
            let mut session = Session::open(column.target(case, address), 1).await?;
            session.run(Until::Count(1), Duration::ZERO).await
        };
        tokio::time::timeout(TRY_LIMIT, exchange)
            .await
            .with_context(|| format!("it did not answer within {} s", TRY_LIMIT.as_secs()))??;
        Ok(())
    }

    fn lose_transom(&mut self, columns: &[Column], error: &anyhow::Error) {
        for column in columns.iter().filter(|column| column.needs_transom()) {
            self.missing.insert(*column, format!("{error:#}"));
        }
    }

    /// The process whose cost a column is: for `direct` that is the mock itself.
    pub(crate) fn under_test(&self, column: Column) -> Result<(SocketAddr, u32)> {
        let child = match column {
            Column::Direct => &self.mock,
            Column::Relay | Column::RelayMessages => &self.relay,
            Column::Cerebras | Column::Passthrough => {
                self.transom.as_ref().context("transom does not run")?
            }
        };
        Ok((child.address, child.pid))
    }

    /// Takes columns out whose process has ended.
    pub(crate) fn check_alive(&mut self, columns: &[Column]) -> Result<()> {
        self.mock.alive().context("the mock is gone")?;
        self.relay.alive().context("the bare relay is gone")?;
        if let Some(transom) = &mut self.transom
            && let Err(error) = transom.alive()
        {
            self.lose_transom(columns, &error);
        }
        Ok(())
    }
}

/// Starts a mock on the cores of the calling thread.
pub(crate) async fn start_mock(folder: &Path) -> Result<Child> {
    let mut command = this_program()?;
    command.arg("mock");
    child::spawn(&mut command, &folder.join("mock.log"))?
        .ready()
        .await
        .context("the mock did not start")
}

/// This program as the bare relay in front of `upstream`.
pub(crate) fn relay_command(upstream: SocketAddr) -> Result<Command> {
    let mut command = this_program()?;
    command.arg("relay").arg(upstream.to_string());
    Ok(command)
}

async fn start_transom(
    cores: &Cores,
    upstream: SocketAddr,
    cases: &[Case],
    home: &Path,
) -> Result<Child> {
    let installation = Installation::make(home, upstream, cases)?;
    let starting = cores.start_under_test(|| installation.spawn());
    cores.stay_around()?;
    starting?.ready().await.context("transom did not start")
}

fn this_program() -> Result<Command> {
    Ok(Command::new(
        std::env::current_exe().context("this program does not know its own path")?,
    ))
}
