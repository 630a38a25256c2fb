//! Files and environment in, [`Config`] or every problem out.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use url::Url;

use super::problem::{Problem, Problems};
use super::reader::{Place, Reader};
use super::{Config, Env, Key, Model, Paths, Provider, Router, Stage, Target, Transformer};
use super::{DEFAULT_LISTEN, DEFAULT_LONG_CONTEXT, env_file, read, text};

/// A configuration that holds, and what looks wrong with it all the same.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Valid.
    pub config: Config,
    /// To be shown, not to stop anything.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Which file to read: `--config`, else `TRANSOM_CONFIG`, else `~/.config/transom/config.json5`
    /// if it is there. A file that was named is not looked for: that it is missing is a problem
    /// for [`Config::load`] to tell.
    pub fn find(explicit: Option<PathBuf>, env: Env<'_>) -> Option<PathBuf> {
        let named = || {
            env("TRANSOM_CONFIG")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        };
        explicit.or_else(named).or_else(|| {
            let usual = Paths::of(env)?.config;
            usual.exists().then_some(usual)
        })
    }

    /// Reads a file. Variables that `env` does not set are looked up in `~/.config/transom/env`.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Loaded, Problems> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let problem = Problem::of_file(
                format!("the file can not be read: {error}"),
                "name another with --config, or start from config/minimal.json5",
            );
            Problems::one(Some(path.to_owned()), problem)
        })?;
        let (variables, mut warnings) = Paths::of(env)
            .map(|paths| env_file::read(&paths.env))
            .unwrap_or_default();
        let both = |name: &str| {
            env(name)
                .filter(|value| !value.is_empty())
                .or_else(|| variables.get(name).cloned())
        };
        let mut loaded = Self::parse(&text, Some(path), &both)?;
        warnings.append(&mut loaded.warnings);
        loaded.warnings = warnings;
        Ok(loaded)
    }

    /// Reads text. `path` is only for messages; `env` alone gives the variables.
    pub fn parse(text: &str, path: Option<&Path>, env: Env<'_>) -> Result<Loaded, Problems> {
        let file = path.map(Path::to_owned);
        let root = text::parse(text).map_err(|problem| Problems::one(file.clone(), problem))?;
        let mut reader = Reader::new(env);
        match read::config(&Place::root(&root), &mut reader) {
            Some(config) if reader.problems.is_empty() => Ok(Loaded {
                config: Self {
                    path: file,
                    ..config
                },
                warnings: reader.warnings,
            }),
            _ => Err(Problems::new(file, reader.problems)),
        }
    }

    /// What is served when there is no file: one provider, `demo`, at `base_url`, in Cerebras'
    /// format, so that the way through a transformer can be tried without a key.
    pub fn demo(base_url: Url) -> Self {
        let name = || "demo".to_owned();
        let stage = Stage {
            name: "cerebras".to_owned(),
            options: Bytes::from_static(b"{}"),
        };
        let provider = Provider {
            name: name(),
            base_url,
            key: Key::Absent,
            models: vec![Model {
                id: name(),
                context_window: None,
                max_output: None,
            }],
            transformer: Transformer::Chain(vec![stage]),
            auth: None,
        };
        let default = Target {
            provider: name(),
            model: name(),
        };
        Self {
            path: None,
            listen: DEFAULT_LISTEN,
            api_key: None,
            allowed_hosts: Vec::new(),
            trust: super::Trust::default(),
            pins: std::collections::BTreeMap::new(),
            providers: vec![provider],
            router: Router {
                default: Some(default),
                long_context_threshold: DEFAULT_LONG_CONTEXT,
                ..Router::default()
            },
            aliases: std::collections::BTreeMap::new(),
            limits: super::Limits::default(),
            timeouts: super::Timeouts::default(),
            on_broken: super::OnBroken::default(),
            log: super::Log::default(),
        }
    }

    /// Listens elsewhere than the file says (`--listen`).
    pub fn listening_on(self, listen: std::net::SocketAddr) -> Result<Self, Problem> {
        read::open_to_others(listen, self.api_key.as_ref())?;
        Ok(Self { listen, ..self })
    }
}
