//! `transom check`: what the configuration says, and everything that is wrong with it.
//!
//! Text and JSON come from one [`Report`]. What is known of components is handed in by
//! [`components`]: nothing else here loads one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::config::{Config, Env, Examined, Glimpse, Key, Loaded, Paths, Problem};

use components::{Component, Found, RouterComponent};

pub mod components;
mod text;

/// Exit code for a configuration with problems.
const PROBLEMS: u8 = 2;

/// Everything that is known of a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// No problem was found.
    pub ok: bool,
    /// The file; none: there is none, and the demo provider would be served.
    pub config: Option<PathBuf>,
    /// Where a file would be found, if there is none.
    #[serde(skip)]
    pub usual: Option<PathBuf>,
    /// Where it would listen; none if the configuration is not valid.
    pub listen: Option<String>,
    /// Clients must present a key; none if the configuration is not valid.
    pub asks_key: Option<bool>,
    /// In the order of the file, those with problems among them.
    pub providers: Vec<ProviderState>,
    /// Route name to `provider,model`.
    pub routes: BTreeMap<String, String>,
    /// Alias to `provider,model`.
    pub aliases: BTreeMap<String, String>,
    /// Tokens that Claude Code is told, if a routed model's window is known.
    pub context_window: Option<u32>,
    /// Components that the configuration names.
    pub transformers: Vec<Component>,
    /// The router component, if it names one.
    pub router: Option<RouterComponent>,
    /// Of the configuration and of the components, in the order of lines.
    pub problems: Vec<Problem>,
    /// Of both, too.
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
    /// Reads `path` and asks `components` about what the configuration names, or about what is
    /// right of one with problems. Without a path there is nothing to read.
    pub fn of(
        path: Option<&Path>,
        env: Env<'_>,
        components: impl FnOnce(&Config, &[Glimpse]) -> Result<Found, Problem>,
    ) -> Self {
        let Some(path) = path else {
            return Self {
                usual: Paths::of(env).map(|paths| paths.config),
                ..Self::empty()
            };
        };
        let examined = Config::examine(path, env);
        let config = match &examined.outcome {
            Ok(loaded) => Some(&loaded.config),
            Err(_) => examined.rest.as_ref(),
        };
        let found = config.map_or_else(
            || Ok(Found::default()),
            |config| components(config, &examined.providers),
        );
        Self::new(path, examined, found)
    }

    fn empty() -> Self {
        Self {
            ok: true,
            config: None,
            usual: None,
            listen: None,
            asks_key: None,
            providers: Vec::new(),
            routes: BTreeMap::new(),
            aliases: BTreeMap::new(),
            context_window: None,
            transformers: Vec::new(),
            router: None,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn new(path: &Path, examined: Examined, found: Result<Found, Problem>) -> Self {
        let (found, of_machine) = match found {
            Ok(found) => (found, None),
            Err(problem) => (Found::default(), Some(problem)),
        };
        let Found {
            transformers,
            router,
        } = found;
        let mut problems = components::problems(&transformers, &examined);
        let of_router = router.as_ref();
        problems.extend(of_router.and_then(|router| components::of_router(router, &examined)));
        problems.extend(of_machine);
        problems.extend(components::too_long(&examined));
        let mut warnings = components::shadows(&transformers, &examined);
        warnings.extend(examined.warnings);
        if let Err(of_file) = &examined.outcome {
            problems.extend_from_slice(&of_file.list);
        }
        problems.sort_by_key(|problem| problem.line);
        warnings.sort_by_key(|warning| warning.line);
        let base = Self {
            ok: problems.is_empty(),
            config: Some(path.to_owned()),
            providers: examined.providers.iter().map(ProviderState::of).collect(),
            transformers,
            router,
            problems,
            warnings,
            ..Self::empty()
        };
        match &examined.outcome {
            Ok(loaded) => base.with(loaded),
            Err(_) => base,
        }
    }

    fn with(self, Loaded { config, .. }: &Loaded) -> Self {
        let routes = config.routes();
        let aliases = config.aliases.iter();
        Self {
            listen: Some(config.listen.to_string()),
            asks_key: Some(config.api_key.is_some()),
            routes: routes
                .map(|(name, to)| (name.to_owned(), to.to_string()))
                .collect(),
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
