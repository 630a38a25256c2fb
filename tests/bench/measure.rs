//! One case on one column: put the load on, read what the kernel counted meanwhile.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cases::{Case, Effort, Kind};
use crate::columns::Column;
use crate::fleet::Fleet;
use crate::load::connection::Exchange;
use crate::load::{Outcome, Session, Until};
use crate::process::{self, Cpu};
use crate::results::Metric;
use crate::stats::percentile_ms;

/// Measured values, one for each metric of the case.
pub(crate) type Values = Vec<(Metric, f64)>;

/// How often resident memory is looked at under load.
const MEMORY_PERIOD: Duration = Duration::from_millis(50);

/// Puts `case` on `column` once. It ends within a limit whatever the process under test does.
pub(crate) async fn measure(
    fleet: &Fleet,
    column: Column,
    case: &Case,
    effort: &Effort,
) -> Result<Values> {
    let limit = 3 * (effort.window + case.knobs.paced_time()) + Duration::from_secs(15);
    tokio::time::timeout(limit, run(fleet, column, case, effort))
        .await
        .with_context(|| format!("it was not done after {} s", limit.as_secs()))?
}

async fn run(fleet: &Fleet, column: Column, case: &Case, effort: &Effort) -> Result<Values> {
    let (address, pid) = fleet.under_test(column)?;
    let target = column.target(case, address);
    let window = Until::Elapsed(effort.window);
    match case.kind {
        Kind::Whole { connections, .. } => {
            let mut session = Session::open(target, connections).await?;
            session
                .run(Until::Elapsed(effort.window / 5), Duration::ZERO)
                .await?;
            Ok(whole_values(
                &under_load(&mut session, pid, window, Duration::ZERO).await?,
            ))
        }
        Kind::Streams { streams } => {
            let mut session = Session::open(target, streams).await?;
            // Paced streams do not begin in step, as those of real clients do not.
            let spread = Duration::from_millis(case.knobs.delay_ms);
            Ok(stream_values(
                case,
                &under_load(&mut session, pid, window, spread).await?,
            ))
        }
        Kind::FirstContent => {
            let mut session = Session::open(target, 1).await?;
            session.run(Until::Count(3), Duration::ZERO).await?;
            let outcome = session
                .run(Until::Count(effort.first_contents), Duration::ZERO)
                .await?;
            let firsts = outcome
                .exchanges
                .iter()
                .filter_map(|exchange| exchange.first_content);
            Ok(some(Metric::FirstContent, percentile_ms(firsts, 50.0)))
        }
    }
}

/// A run and what the process under test used for it.
struct Loaded {
    outcome: Outcome,
    cpu: Duration,
    /// Most resident memory seen, in megabytes.
    peak: f64,
}

async fn under_load(
    session: &mut Session,
    pid: u32,
    until: Until,
    spread: Duration,
) -> Result<Loaded> {
    let mut peak = process::resident(pid)?;
    let before = Cpu::of(pid)?;
    let mut load = pin!(session.run(until, spread));
    let outcome = loop {
        tokio::select! {
            outcome = &mut load => break outcome?,
            () = tokio::time::sleep(MEMORY_PERIOD) => peak = peak.max(process::resident(pid)?),
        }
    };
    let cpu = Cpu::of(pid)?.since(&before);
    Ok(Loaded { outcome, cpu, peak })
}

fn whole_values(Loaded { outcome, cpu, .. }: &Loaded) -> Values {
    let requests = outcome.exchanges.len() as f64;
    let times = || {
        outcome
            .exchanges
            .iter()
            .map(|exchange: &Exchange| exchange.whole)
    };
    let mut values = vec![
        (Metric::CpuPerRequest, micros(*cpu) / requests),
        (
            Metric::RequestsPerSecond,
            requests / outcome.elapsed.as_secs_f64(),
        ),
    ];
    values.extend(some(Metric::P50, percentile_ms(times(), 50.0)));
    values.extend(some(Metric::P99, percentile_ms(times(), 99.0)));
    values
}

fn stream_values(case: &Case, Loaded { outcome, cpu, peak }: &Loaded) -> Values {
    let events = outcome.events() as f64;
    let mut values = vec![(Metric::CpuPerEvent, micros(*cpu) / events)];
    if case.knobs.delay_ms == 0 {
        values.push((
            Metric::EventsPerSecond,
            events / outcome.elapsed.as_secs_f64(),
        ));
    }
    values.push((Metric::ResidentPeak, *peak));
    values
}

fn some(metric: Metric, value: Option<f64>) -> Values {
    value.map(|value| (metric, value)).into_iter().collect()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
