//! What the kernel says of a process under test: CPU time and resident memory, from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// CPU time that a process has used, at one moment.
///
/// `stat` (utime + stime) counts every thread but in ticks of 10 ms; `schedstat` of each thread
/// counts nanoseconds but forgets threads that ended. The difference of two readings takes the
/// second unless the first shows that threads ended with work done.
pub(crate) struct Cpu {
    ticks: Duration,
    threads: HashMap<String, u64>,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let stat = read(pid, "stat")?;
        // The name of the process is in parentheses and may hold blanks; utime is the 12th field behind it.
        let fields = stat
            .rsplit_once(") ")
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        let ticks = fields
            .split(' ')
            .skip(11)
            .take(2)
            .map(str::parse::<u64>)
            .sum::<Result<u64, _>>()
            .context("/proc/PID/stat has an unknown form")?;
        let ticks =
            Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64);
        Ok(Self {
            ticks,
            threads: threads(pid)?,
        })
    }

    /// CPU time between `earlier` and this reading.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let exact = self
            .threads
            .iter()
            .map(|(thread, now)| {
                now.saturating_sub(earlier.threads.get(thread).copied().unwrap_or(0))
            })
            .sum();
        let (exact, coarse) = (
            Duration::from_nanos(exact),
            self.ticks.saturating_sub(earlier.ticks),
        );
        if coarse > exact + Duration::from_millis(30) {
            coarse
        } else {
            exact
        }
    }
}

/// Nanoseconds on a CPU, by thread.
fn threads(pid: u32) -> Result<HashMap<String, u64>> {
    let mut threads = HashMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))
        .with_context(|| format!("process {pid} is gone"))?
    {
        let thread = entry?.path();
        // A thread that ends meanwhile is no error.
        if let Ok(text) = fs::read_to_string(thread.join("schedstat")) {
            let nanos = text
                .split(' ')
                .next()
                .and_then(|field| field.parse().ok())
                .unwrap_or(0);
            threads.insert(thread.to_string_lossy().into_owned(), nanos);
        }
    }
    Ok(threads)
}

/// Resident memory of a process, in megabytes (10^6 bytes).
pub(crate) fn resident(pid: u32) -> Result<f64> {
    let status = read(pid, "status")?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        })
        .context("/proc/PID/status has no VmRSS")?;
    Ok(kilobytes * 1024.0 / 1e6)
}

fn read(pid: u32, file: &str) -> Result<String> {
    fs::read_to_string(format!("/proc/{pid}/{file}"))
        .with_context(|| format!("process {pid} is gone"))
}
