//! From making the process to its `listening on` line, with and without compiled components in
//! the cache.

use std::path::Path;

use anyhow::Result;

use crate::cases::{self, Effort};
use crate::child::{self, Starting};
use crate::columns::Column;
use crate::fleet::{relay_command, start_mock};
use crate::results::{Metric, Results};
use crate::transom::Installation;

const CASE: &str = "start";

/// Measures starts on all cores, with two providers.
pub(crate) async fn run(
    columns: &[Column],
    effort: &Effort,
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mock = start_mock(folder).await?;
    let with_transom = columns.contains(&Column::Cerebras);
    let installation =
        Installation::make(&folder.join("transom"), mock.address, &cases::shared()[..1]);
    for number in 1..=effort.starts {
        eprintln!("start {number}/{}", effort.starts);
        let relay = child::spawn(&mut relay_command(mock.address)?, &folder.join("relay.log"))?;
        results.add(
            CASE,
            Metric::StartWarm,
            Column::Relay,
            start_ms(relay).await?,
        );
        if let (true, Ok(installation)) = (with_transom, &installation)
            && let Err(error) = transom(installation, results).await
        {
            results.fail(format!("{}, start: {error:#}", Column::Cerebras.title()));
            break;
        }
    }
    mock.stop().await
}

async fn transom(installation: &Installation, results: &mut Results) -> Result<()> {
    installation.forget_compiled()?;
    results.add(
        CASE,
        Metric::StartCold,
        Column::Cerebras,
        start_ms(installation.spawn()?).await?,
    );
    results.add(
        CASE,
        Metric::StartWarm,
        Column::Cerebras,
        start_ms(installation.spawn()?).await?,
    );
    Ok(())
}

async fn start_ms(starting: Starting) -> Result<f64> {
    let child = starting.ready().await?;
    let start = child.start.as_secs_f64() * 1e3;
    child.stop().await?;
    Ok(start)
}
