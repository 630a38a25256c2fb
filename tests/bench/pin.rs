//! Which cores do what. A process under test has one core, mock and load generator another, so
//! that neither's time is counted in the other's latency. A child inherits the cores of the
//! thread that starts it: no code runs in the child for that.

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A division of the machine's cores.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    all: CpuSet,
    under_test: CpuSet,
    around: CpuSet,
}

impl Cores {
    /// Everything on all cores.
    pub(crate) fn shared() -> Result<Self> {
        let all =
            sched_getaffinity(None).context("the kernel does not say which cores may be used")?;
        Ok(Self {
            all,
            under_test: all,
            around: all,
        })
    }

    /// One core for the process under test, another for the rest; none if there is only one.
    pub(crate) fn apart() -> Result<Option<Self>> {
        let Self { all, .. } = Self::shared()?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let (Some(first), Some(second)) = (cores.next(), cores.next()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            all,
            under_test: only(first),
            around: only(second),
        }))
    }

    /// Runs `start` on the core of the process under test.
    pub(crate) fn start_under_test<T>(&self, start: impl FnOnce() -> Result<T>) -> Result<T> {
        set(&self.under_test)?;
        let started = start();
        set(&self.all)?;
        started
    }

    /// Puts the calling thread, and what it starts from now on, beside the process under test.
    pub(crate) fn stay_around(&self) -> Result<()> {
        set(&self.around)
    }

    /// For the report.
    pub(crate) fn describe(&self) -> String {
        format!(
            "under test: {}; mock and load generator: {}",
            list(&self.under_test),
            list(&self.around)
        )
    }
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

fn set(cores: &CpuSet) -> Result<()> {
    sched_setaffinity(None, cores).context("the kernel refuses to set the cores of a thread")
}

fn list(cores: &CpuSet) -> String {
    let cores: Vec<_> = (0..CpuSet::MAX_CPU)
        .filter(|core| cores.is_set(*core))
        .map(|core| core.to_string())
        .collect();
    format!("core {}", cores.join("+"))
}
