//! A transom of its own folder: configuration, home and cache, nothing of the user's.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::cases::Case;
use crate::child::{self, Starting};
use crate::columns::Column;

/// Folder and files of a transom that the benchmark starts.
pub(crate) struct Installation {
    program: PathBuf,
    home: PathBuf,
}

impl Installation {
    /// Writes the configuration into `home`: for every case a provider each for the two columns,
    /// all in front of the mock at `upstream`, and all routes set as a user has them.
    pub(crate) fn make(home: &Path, upstream: SocketAddr, cases: &[Case]) -> Result<Self> {
        let program = program()?;
        let installation = Self {
            program,
            home: home.to_owned(),
        };
        std::fs::create_dir_all(installation.transformers())?;
        // A folder of its own: what is logged beside a watched file would wake its watcher.
        std::fs::create_dir_all(home.join("config"))?;
        std::fs::write(
            installation.config(),
            configuration(upstream, cases).to_string(),
        )
        .context("the configuration for transom cannot be written")?;
        Ok(installation)
    }

    /// Starts it on a free port of loopback.
    pub(crate) fn spawn(&self) -> Result<Starting> {
        child::spawn(&mut self.command(), &self.home.join("transom.log"))
    }

    /// Where component files go.
    pub(crate) fn transformers(&self) -> PathBuf {
        self.home.join("transformers")
    }

    /// Makes the next start a first one.
    pub(crate) fn forget_compiled(&self) -> Result<()> {
        match std::fs::remove_dir_all(self.cache()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("transom's cache cannot be removed")
            }
            _ => Ok(()),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg("--config")
            .arg(self.config())
            .args(["--listen", "127.0.0.1:0"]);
        command.arg("--transformers").arg(self.transformers());
        // Nothing of the caller's environment: a proxy variable would change what is measured.
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("XDG_CACHE_HOME", self.cache());
        for (variable, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
        ] {
            command.env(variable, self.home.join(folder));
        }
        command
    }

    fn config(&self) -> PathBuf {
        self.home.join("config").join("config.json5")
    }

    fn cache(&self) -> PathBuf {
        self.home.join("cache")
    }
}

/// `TRANSOM_BIN`, else the binary that cargo built beside this benchmark.
fn program() -> Result<PathBuf> {
    let program = std::env::var_os("TRANSOM_BIN")
        .map(PathBuf::from)
        .or_else(|| option_env!("CARGO_BIN_EXE_transom").map(PathBuf::from))
        .context("no transom to measure: set TRANSOM_BIN to its path")?;
    ensure!(
        program.is_file(),
        "no transom to measure: {} does not exist",
        program.display()
    );
    Ok(program)
}

fn configuration(upstream: SocketAddr, cases: &[Case]) -> Value {
    let mut providers = BTreeMap::new();
    for case in cases {
        let base = format!("http://{upstream}/{}", case.knobs);
        for (column, transformer, below) in [
            (Column::Cerebras, "cerebras", "/v1"),
            (Column::Passthrough, "anthropic", ""),
        ] {
            let name = column.provider(case);
            let provider = json!({
                "name": name, "base_url": format!("{base}{below}"), "api_key": "csk-bench-0123456789abcdef0123456789abcdef",
                "models": ["bench"], "transformer": transformer,
            });
            providers.insert(name, provider);
        }
    }
    let target = providers
        .keys()
        .next()
        .map(|name| format!("{name},bench"))
        .unwrap_or_default();
    json!({
        "listen": "127.0.0.1:0",
        "providers": providers.into_values().collect::<Vec<_>>(),
        "router": {
            "default": target, "background": target, "think": target, "long_context": target,
            "web_search": target, "image": target,
        },
        // The largest load has 1000 streams; the default would answer 529.
        "limits": {"instances": 1100},
    })
}
