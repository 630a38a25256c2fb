//! Files and environment in, [`Config`] or every problem out.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use url::Url;

use super::problem::{Problem, Problems};
use super::reader::{Place, Reader};
use super::{Config, Env, Key, Model, Paths, Provider, Router, Stage, Target, Transformer};
use super::{DEFAULT_LISTEN, ccr, env_file, glimpse, read, text};
use super::{Glimpse, Spot, SystemPrompt, Trust};

/// A configuration that holds, and what looks wrong with it all the same.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Valid.
    pub config: Config,
    /// To be shown, not to stop anything.
    pub warnings: Vec<Problem>,
}

/// What `transom check` wants to know of a file, valid or not.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The configuration, or every problem.
    pub outcome: Result<Loaded, Problems>,
    /// Every provider of the file, those with problems among them.
    pub providers: Vec<Glimpse>,
    /// The same as in a [`Loaded`].
    pub warnings: Vec<Problem>,
    /// Where the router component is named.
    pub router_component: Option<Spot>,
    /// What is right of a configuration with problems: worth a look at its components, no more.
    pub rest: Option<Config>,
    /// Where each of `pins` stands.
    pub pins: BTreeMap<String, Spot>,
}

impl Config {
    /// Whether a text is a configuration of claude-code-router, whose settings have other names.
    pub fn is_of_ccr(text: &str) -> bool {
        text::parse(text).is_ok_and(|root| ccr::recognised(&root))
    }

    /// Which file to read: `--config`, else `TRANSOM_CONFIG`, else `~/.config/transom/config.json5`
    /// if it is there, else `~/.claude-code-router/config.json`. A file that was named is not looked for: that
    /// it is missing is a problem for [`Config::load`] to tell.
    pub fn find(explicit: Option<PathBuf>, env: Env<'_>) -> Option<PathBuf> {
        let named = || {
            env("TRANSOM_CONFIG")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        };
        explicit.or_else(named).or_else(|| {
            let paths = Paths::of(env)?;
            let usual = [Some(paths.config), paths.ccr];
            usual.into_iter().flatten().find(|path| path.exists())
        })
    }

    /// Reads a file. Variables that `env` does not set are looked up in `~/.config/transom/env`.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Loaded, Problems> {
        Self::examine(path, env).outcome
    }

    /// Reads text. `path` is only for messages; `env` alone gives the variables.
    pub fn parse(text: &str, path: Option<&Path>, env: Env<'_>) -> Result<Loaded, Problems> {
        examine_text(text, path, env).outcome
    }

    /// [`Config::load`], and what could be seen of the providers even if there are problems.
    pub fn examine(path: &Path, env: Env<'_>) -> Examined {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return unreadable(path, &error),
        };
        let files = env_file::beside(path, env);
        let (variables, mut warnings) = env_file::read_all(&files);
        let both = |name: &str| {
            env(name)
                .filter(|value| !value.is_empty())
                .or_else(|| variables.get(name).cloned())
        };
        let mut examined = examine_text(&text, Some(path), &both);
        warnings.append(&mut examined.warnings);
        if let Ok(loaded) = &mut examined.outcome {
            let config = &mut loaded.config;
            config.other_files = files;
            if let Some(prompt) = &mut config.system_prompt {
                warnings.extend(read_prompt(prompt, path));
                config.other_files.push(prompt.file.clone());
            }
            config.digest = Some(digest(text.as_bytes(), &config.other_files));
            loaded.warnings.clone_from(&warnings);
            // For who examines it: whoever runs Claude Code with it has been told often enough.
            if holds_a_key(&loaded.config, &text) {
                let what = "other users can read it, and it holds a key";
                warnings.extend(env_file::open_to_others(path, what));
            }
        }
        Examined {
            warnings,
            ..examined
        }
    }

    /// The file, or another one that it goes by, says something else than when this was read. A
    /// configuration that cannot be read says nothing.
    pub fn is_outdated(&self) -> bool {
        let (Some(path), Some(read)) = (&self.path, self.digest) else {
            return false;
        };
        std::fs::read(path).is_ok_and(|bytes| digest(&bytes, &self.other_files) != read)
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
            models: vec![Model::named(name())],
            vendor: None,
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
            trust: Trust::default(),
            pins: BTreeMap::new(),
            providers: vec![provider],
            router: Router {
                default: Some(default),
                ..Router::default()
            },
            aliases: BTreeMap::new(),
            projects: Vec::new(),
            conversations: BTreeMap::new(),
            limits: super::Limits::default(),
            timeouts: super::Timeouts::default(),
            retries: super::Retries::default(),
            pacing: super::Pacing::default(),
            recorder: super::RecorderSettings::default(),
            rollback_after: super::DEFAULT_ROLLBACK_AFTER,
            on_broken: super::OnBroken::default(),
            log: super::Log::default(),
            proxy: super::Proxy::default(),
            code: super::Code::default(),
            statusline: None,
            system_prompt: None,
            other_files: Vec::new(),
            digest: None,
        }
    }

    /// Listens elsewhere than the file says (`--listen`).
    pub fn listening_on(self, listen: std::net::SocketAddr) -> Result<Self, Problem> {
        read::open_to_others(listen, self.api_key.as_ref())?;
        Ok(Self { listen, ..self })
    }
}

/// Tells two states of the files apart. What they say themselves may be keys.
fn digest(text: &[u8], other_files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    for file in other_files {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

/// A file that cannot be read is looked at again when it is there; until then the client's prompt stays.
fn read_prompt(prompt: &mut SystemPrompt, config: &Path) -> Option<Problem> {
    prompt.file = config.parent().unwrap_or(config).join(&prompt.file);
    match std::fs::read_to_string(&prompt.file) {
        Ok(text) => {
            prompt.text = text;
            None
        }
        Err(error) => {
            let file = prompt.file.display();
            let what = format!("{file}: {error}; the client's own system prompt stays");
            let remedy = "write the file that `system_prompt` names, or take the setting out";
            Some(Problem::of_file(what, remedy))
        }
    }
}

/// What is shorter is no key that is worth a warning, and may stand in a text for another reason.
const SHORTEST_KEY: usize = 8;

/// A key stands in the text itself, not the name of a variable.
fn holds_a_key(config: &Config, text: &str) -> bool {
    let keys = config
        .providers
        .iter()
        .flat_map(|provider| match &provider.key {
            Key::Set(keys) => keys.as_slice(),
            Key::Missing { .. } | Key::Absent => &[],
        });
    keys.chain(&config.api_key)
        .any(|key| key.expose().len() >= SHORTEST_KEY && text.contains(key.expose()))
}

fn examine_text(text: &str, path: Option<&Path>, env: Env<'_>) -> Examined {
    let file = path.map(Path::to_owned);
    let mut providers = Vec::new();
    let root = match text::parse(text) {
        Ok(root) => root,
        Err(problem) => return nothing_seen(Problems::one(file, problem)),
    };
    let mut reader = Reader::new(env);
    let root = if ccr::recognised(&root) {
        let translated = ccr::translate(&root, env);
        reader.problems = translated.problems;
        reader.warnings = translated.warnings;
        translated.root
    } else {
        root
    };
    let place = Place::root(&root);
    let mut config = read::config(&place, &mut providers, &mut reader);
    let warnings = reader.warnings;
    let rest = (!reader.problems.is_empty())
        .then(|| config.take().map(|config| rest(config, &reader.problems)));
    let outcome = match config {
        Some(config) if reader.problems.is_empty() => Ok(Loaded {
            config: Config {
                path: file,
                ..config
            },
            warnings: warnings.clone(),
        }),
        _ => Err(Problems::new(file, reader.problems)),
    };
    Examined {
        outcome,
        providers,
        warnings,
        rest: rest.flatten(),
        pins: glimpse::pins(&place),
        router_component: glimpse::router_component(&place),
    }
}

/// A pin that cannot be read is one problem, not two.
fn rest(config: Config, problems: &[Problem]) -> Config {
    let unclear = problems.iter().any(|problem| {
        let (first, _) = problem.path.split_once('.').unwrap_or((&problem.path, ""));
        first == "pins" || first == "trust"
    });
    Config {
        trust: if unclear { Trust::Any } else { config.trust },
        ..config
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Examined {
    let problem = Problem::of_file(
        format!("the file cannot be read: {error}"),
        "name another with --config, or start from config/minimal.json5",
    );
    nothing_seen(Problems::one(Some(path.to_owned()), problem))
}

fn nothing_seen(problems: Problems) -> Examined {
    Examined {
        outcome: Err(problems),
        providers: Vec::new(),
        warnings: Vec::new(),
        rest: None,
        pins: BTreeMap::new(),
        router_component: None,
    }
}
