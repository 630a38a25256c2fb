//! `transom check`: what the configuration says, and everything that is wrong with it.
//!
//! Text and JSON come from one [`Report`]. What is known of components is handed in: nothing
//! here loads one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::config::{Config, Env, Examined, Glimpse, Key, Loaded, Problem};

mod text;

/// Exit code for a configuration with problems.
const PROBLEMS: u8 = 2;

/// What was found out about a component that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The transformer's name.
    pub transformer: String,
    /// How bad it is.
    pub severity: Severity,
    /// A sentence in lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the reader's information: where it comes from, what it says of itself.
    Note,
    /// It works, but look at it.
    Warning,
    /// It does not work.
    Problem,
}

/// Everything that is known of a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// No problem was found.
    pub ok: bool,
    /// The file; none: there is none, and the demo provider would be served.
    pub config: Option<PathBuf>,
    /// Where it would listen; none if the configuration is not valid.
    pub listen: Option<String>,
    /// Clients must present a key; none if the configuration is not valid.
    pub asks_key: Option<bool>,
    /// In the order of the file, those with problems among them.
    pub providers: Vec<ProviderState>,
    /// Route name to `provider,model`.
    pub routes: BTreeMap<&'static str, String>,
    /// Alias to `provider,model`.
    pub aliases: BTreeMap<String, String>,
    /// Tokens that Claude Code is told, if a routed model's window is known.
    pub context_window: Option<u32>,
    /// About components.
    pub transformers: Vec<Finding>,
    /// Of the configuration.
    pub problems: Vec<Problem>,
    /// Of the configuration.
    pub warnings: Vec<Problem>,
}

/// A provider as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderState {
    /// None if it has no valid one.
    pub name: Option<String>,
    /// None if it has no valid one.
    pub base_url: Option<String>,
    /// `set`, `missing` or `none`.
    pub key: &'static str,
    /// The variable that is missing.
    pub variable: Option<String>,
    /// Names parted by commas, or `anthropic`.
    pub transformer: Option<String>,
}

impl Report {
    /// Reads `path` and asks `components` about what a valid configuration names. Without a path
    /// there is nothing to read.
    pub fn of(
        path: Option<&Path>,
        env: Env<'_>,
        components: impl FnOnce(&Config) -> Vec<Finding>,
    ) -> Self {
        let Some(path) = path else {
            return Self::empty();
        };
        let examined = Config::examine(path, env);
        let transformers = match &examined.outcome {
            Ok(loaded) => components(&loaded.config),
            Err(_) => Vec::new(),
        };
        Self::new(path, examined, transformers)
    }

    fn empty() -> Self {
        Self {
            ok: true,
            config: None,
            listen: None,
            asks_key: None,
            providers: Vec::new(),
            routes: BTreeMap::new(),
            aliases: BTreeMap::new(),
            context_window: None,
            transformers: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn new(path: &Path, examined: Examined, transformers: Vec<Finding>) -> Self {
        let broken = transformers
            .iter()
            .any(|finding| finding.severity == Severity::Problem);
        let base = Self {
            ok: examined.outcome.is_ok() && !broken,
            config: Some(path.to_owned()),
            providers: examined.providers.iter().map(ProviderState::of).collect(),
            transformers,
            warnings: examined.warnings,
            ..Self::empty()
        };
        match examined.outcome {
            Ok(loaded) => base.with(&loaded),
            Err(problems) => Self {
                problems: problems.list,
                ..base
            },
        }
    }

    fn with(self, Loaded { config, .. }: &Loaded) -> Self {
        let routes = config.routes();
        let aliases = config.aliases.iter();
        Self {
            listen: Some(config.listen.to_string()),
            asks_key: Some(config.api_key.is_some()),
            routes: routes.map(|(name, to)| (name, to.to_string())).collect(),
            aliases: aliases
                .map(|(name, to)| (name.clone(), to.to_string()))
                .collect(),
            context_window: config.smallest_window(),
            ..self
        }
    }

    /// One JSON object, with line breaks.
    pub fn to_json(&self) -> String {
        format!("{:#}", serde_json::json!(self))
    }

    /// 0, or 2 if there is a problem.
    pub fn exit_code(&self) -> ExitCode {
        if self.ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(PROBLEMS)
        }
    }
}

impl ProviderState {
    fn of(seen: &Glimpse) -> Self {
        Self {
            name: seen.name.clone(),
            base_url: seen.base_url.as_ref().map(ToString::to_string),
            key: seen.key.state(),
            variable: match &seen.key {
                Key::Missing { variable } => Some(variable.clone()),
                Key::Set(_) | Key::Absent => None,
            },
            transformer: seen.transformer.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
