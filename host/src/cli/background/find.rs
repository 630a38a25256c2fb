//! Which service a command means, and who really answers there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::start::LOOK;
use crate::cli::code::{Health, Listening, health_at};
use crate::cli::serve::absolute;
use crate::cli::{Places, listeners};
use crate::config::{Config, DEFAULT_LISTEN, Loaded, Problems, process_env};
use crate::service::Place;
use crate::service::ask::{Line, Who};
use crate::service::note::Note;

/// Variables that say where files are: a running service keeps its own.
const OF_PLACES: [&str; 7] = [
    "HOME",
    "TRANSOM_CONFIG",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// What the command line and the configuration say.
pub(in crate::cli) struct Asked {
    /// `--listen`
    pub(super) listen: Option<SocketAddr>,
    /// `--transformers`, absolute.
    pub(super) transformers: Option<PathBuf>,
    /// `--config` was given.
    pub(super) named_config: bool,
    /// The configuration's file, absolute; none: there is none.
    pub(in crate::cli) config: Option<PathBuf>,
    /// What it says.
    pub(in crate::cli) loaded: Option<Result<Loaded, Problems>>,
    /// Variables that it names and that this process has.
    pub(super) variables: BTreeMap<String, String>,
}

impl Asked {
    pub(in crate::cli) fn new(places: &Places, listen: Option<SocketAddr>) -> Self {
        let config = Config::find(places.config.clone(), &process_env).map(absolute);
        let variables = RefCell::new(BTreeMap::new());
        let noting = |name: &str| {
            // An empty variable is as good as none, and must not wipe what a running service has.
            let value = process_env(name).filter(|value| !value.is_empty())?;
            if !OF_PLACES.contains(&name) {
                let mut variables = variables.borrow_mut();
                variables.insert(name.to_owned(), value.clone());
            }
            Some(value)
        };
        let loaded = config.as_ref().map(|path| Config::load(path, &noting));
        let mut variables = variables.into_inner();
        if let Some(directives) = process_env("TRANSOM_LOG") {
            variables.insert("TRANSOM_LOG".to_owned(), directives);
        }
        Self {
            listen,
            transformers: places.transformers.clone().map(absolute),
            named_config: places.config.is_some(),
            config,
            loaded,
            variables,
        }
    }

    /// Nothing was named: the usual service is meant.
    pub(super) fn is_usual(&self) -> bool {
        self.listen.is_none() && self.transformers.is_none() && !self.named_config
    }

    /// Where the service would listen. None: the configuration does not hold.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.listen.or(match &self.loaded {
            None => Some(DEFAULT_LISTEN),
            Some(Ok(loaded)) => Some(loaded.config.listen),
            Some(Err(_)) => None,
        })
    }

    /// The problems of a configuration that does not hold.
    pub(in crate::cli) fn problems(&self) -> Option<&Problems> {
        self.loaded.as_ref()?.as_ref().err()
    }
}

/// Who answers.
pub(in crate::cli) enum Found {
    /// A service of this user.
    Ours(Box<Ours>),
    /// A transom that does not know this state folder.
    Foreign(Health),
    /// Something else has the port.
    Stranger,
    /// Nobody listens. A process that was the service may still finish its exchanges.
    Nobody {
        /// It still runs.
        finishing: Option<Box<Ours>>,
        /// What a process left behind that is gone.
        stale: Option<Box<Note>>,
    },
}

/// A service of this user that answers on its control socket.
pub(in crate::cli) struct Ours {
    pub(in crate::cli) note: Note,
    pub(super) who: Who,
    pub(in crate::cli) line: Line,
}

impl Ours {
    /// Whoever answers there.
    fn at(mut line: Line) -> Option<Self> {
        let who = line.who().ok()?;
        let note = who.note.clone();
        Some(Self { note, who, line })
    }

    /// Of one that a restart replaced.
    pub(in crate::cli) fn still(&self) -> String {
        format!(
            "process {}, which a restart replaced, still finishes {}",
            self.note.pid,
            super::start::exchanges(self.who.running)
        )
    }

    /// For programs.
    pub(in crate::cli) fn to_json(&self) -> Value {
        json!({"pid": self.note.pid, "running": self.who.running})
    }

    pub(in crate::cli) fn url(&self) -> String {
        crate::cli::activate::base_url(self.note.listen)
    }
}

/// Looks for the service that is meant: at its address, else where one with the same configuration
/// runs (its `listen` may have changed since).
pub(in crate::cli) async fn find(place: &Place, asked: &Asked) -> (Option<SocketAddr>, Found) {
    let address = asked.address();
    let found = match address {
        Some(address) => at(place, address).await,
        None => nobody(),
    };
    if !matches!(
        found,
        Found::Nobody {
            finishing: None,
            ..
        }
    ) || asked.listen.is_some()
    {
        return (address, found);
    }
    for note in place.notes() {
        let same = note.options.config == asked.config && Some(note.listen) != address;
        if same && let ours @ Found::Ours(_) = at(place, note.listen).await {
            return (address, ours);
        }
    }
    (address, found)
}

fn nobody() -> Found {
    Found::Nobody {
        finishing: None,
        stale: None,
    }
}

/// How long the port of a process that was killed may still be taken: it is dead a little before that is free.
const DYING: Duration = Duration::from_secs(1);

/// Looks again where a service was that does not answer: it may just have been killed.
async fn at(place: &Place, listen: SocketAddr) -> Found {
    let until = Instant::now() + DYING;
    loop {
        let found = look(place, listen).await;
        let is_left = matches!(found, Found::Stranger) && place.note(listen).is_some();
        if !is_left || Instant::now() >= until {
            return found;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn look(place: &Place, listen: SocketAddr) -> Found {
    let note = place.note(listen);
    let answering = Line::to(place, listen).ok().and_then(Ours::at);
    match (health_at(listen).await, answering) {
        // A process that hands over may still answer for its successor, and the other way round.
        (Listening::Transom(_) | Listening::Other, Some(ours)) if !ours.who.leaving => {
            Found::Ours(Box::new(ours))
        }
        (Listening::Transom(health), _) => Found::Foreign(health),
        (Listening::Other, _) => Found::Stranger,
        (Listening::Nobody, answering) => Found::Nobody {
            stale: note
                .filter(|note| answering.is_none() && !note.is_alive())
                .map(Box::new),
            finishing: answering.map(Box::new),
        },
    }
}

/// Processes of the service that is meant, or of one with its configuration, which a restart has replaced
/// and which still finish exchanges.
pub(in crate::cli) fn replaced(
    place: &Place,
    asked: &Asked,
    address: Option<SocketAddr>,
) -> Vec<Ours> {
    let meant = |note: &Note| {
        Some(note.listen) == address
            || (asked.listen.is_none() && note.options.config == asked.config)
    };
    let notes = place.leaving().into_iter().filter(meant);
    notes
        .filter_map(|note| Ours::at(Line::to_leaving(place, note.pid).ok()?))
        .collect()
}

/// What to say of a transom that is not this user's, or has another state folder.
pub(in crate::cli) fn foreign(listen: SocketAddr, health: &Health) -> String {
    let process = health
        .pid
        .map(|pid| format!("process {pid}"))
        .unwrap_or_default();
    let user = health
        .others()
        .map(|user| format!(" of user {}", listeners::name_of(user)))
        .unwrap_or_default();
    let remedy = "choose another address with `listen` in the configuration or --listen";
    if user.is_empty() {
        format!(
            "a transom serves at {listen} already ({process}), but it is not one that this user started from here; \
             use it at {}, or {remedy}",
            health.url
        )
    } else {
        format!(
            "a transom serves at {listen} already ({process}{user}), but it is not this user's, and would get \
             what is sent there; {remedy}"
        )
    }
}
