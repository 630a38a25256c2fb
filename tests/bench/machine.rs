//! What the figures were measured on.

use std::fs;

use serde_json::{Value, json};

/// Facts about the machine at the start of the run.
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    load_before: String,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpuinfo
            .lines()
            .find_map(|line| {
                line.strip_prefix("model name")?
                    .split_once(": ")
                    .map(|(_, name)| name.to_owned())
            })
            .unwrap_or_else(|| "unknown processor".to_owned());
        Self {
            processor,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: line("/proc/sys/kernel/osrelease"),
            load_before: load(),
        }
    }

    /// One line for people.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{} ({}), {} cores, Linux {}; load average {} before, {} after",
            self.processor,
            std::env::consts::ARCH,
            self.cores,
            self.kernel,
            self.load_before,
            load()
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "processor": self.processor, "architecture": std::env::consts::ARCH, "cores": self.cores,
            "kernel": self.kernel, "load_before": self.load_before, "load_after": load(),
        })
    }
}

/// Averages over 1, 5 and 15 minutes.
fn load() -> String {
    line("/proc/loadavg")
        .split(' ')
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

fn line(path: &str) -> String {
    fs::read_to_string(path)
        .map(|text| text.trim().to_owned())
        .unwrap_or_else(|_| "unknown".to_owned())
}
