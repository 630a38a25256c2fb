//! Builds everything, binds, serves, follows changes, drains. Owns what outlives a request.

mod clients;
mod reload;
mod serving;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use anyhow::Context;
use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use clients::Clients;
pub use serving::Leaving;

use crate::config::{
    Config, Key, Limits, Problem, Secret, Transformer, keys_in_options, process_env,
};
use crate::metrics::Metrics;
use crate::owner::Token;
use crate::quota::Quota;
use crate::record::Logging;
use crate::recorder::Recorder;
use crate::redact::Known;
use crate::registry::{History, Registry, Slot, Wanted};
use crate::route::Usages;
use crate::tokens::Tokens;
use crate::upstream::{Secrets, Upstream};
use crate::wasm::{Cache, Engine};

/// What a host is started with.
pub struct Start {
    /// Valid, and not changed by starting.
    pub config: Config,
    /// The folder of component files.
    pub transformers: PathBuf,
    /// The folder of compiled components; none: compile at each start.
    pub cache: Option<PathBuf>,
    /// The folder of what is to be remembered from one process to the next; none: nothing is.
    pub state: Option<PathBuf>,
    /// Instead of the configuration's address.
    pub listen: Option<SocketAddr>,
    /// A listener of the address that a running service hands over.
    pub listener: Option<std::net::TcpListener>,
    /// Follow changes of component files and of the configuration.
    pub watch: bool,
    /// Keep the last exchanges, whatever the configuration says.
    pub record: bool,
}

/// A running host.
pub struct App {
    /// Transformers.
    pub registry: Arc<Registry>,
    /// The pool's step, for the status.
    pub engine: Engine,
    /// Instances that may still be opened.
    pub permits: Arc<Semaphore>,
    /// What providers' accounts have left. Kept over changes of the configuration.
    pub quota: Quota,
    /// The last exchanges, if recording is on.
    pub recorder: Arc<Recorder>,
    /// How long conversations are, as providers counted.
    pub usages: Arc<Usages>,
    /// How many tokens requests have.
    pub tokens: Arc<Tokens>,
    /// Exchanges that run.
    pub in_flight: Arc<AtomicUsize>,
    /// Figures of those that ended.
    pub metrics: Arc<Metrics>,
    /// Tells this process from others.
    pub instance: String,
    /// When it started.
    pub started: Instant,
    /// The same by the clock of the machine.
    pub started_at: SystemTime,
    /// Where it listens.
    pub address: SocketAddr,
    /// What shows that a request comes from this service's own user; none without a folder for it.
    pub(crate) owner: Option<Secret>,
    /// Given by `--listen`, and stronger than any configuration.
    listen: Option<SocketAddr>,
    snapshot: ArcSwap<Snapshot>,
    config_error: Mutex<Option<String>>,
}

/// A configuration in force, with what is made of it. An exchange keeps the one it began with.
pub struct Snapshot {
    /// As read.
    pub config: Config,
    /// Counts from 1.
    pub generation: u64,
    /// Connections, time limits and secrets of this configuration.
    pub upstream: Upstream,
    /// Shared with every stage.
    pub limits: Arc<Limits>,
    /// How the bodies of exchanges are logged, if they are.
    pub bodies: Option<Arc<Logging>>,
    /// By name: those that the configuration names, also when a later one no longer does.
    pub slots: BTreeMap<String, Arc<Slot>>,
}

impl Snapshot {
    fn new(config: Config, generation: u64, registry: &Registry) -> anyhow::Result<Self> {
        let secrets = Secrets::new(&secrets_of(&config));
        registry.scrub(secrets.clone());
        let upstream = Upstream::new(&config.timeouts, &config.proxy, secrets).context(
            "the HTTP client cannot be built; if CA certificates are missing, install them \
             (Debian and Ubuntu: `apt-get install ca-certificates`)",
        )?;
        let limits = Arc::new(config.limits.clone());
        let bodies = config.log.bodies.map(|most| {
            tracing::warn!(
                "`log.bodies` is on: prompts and answers go into the log files, without keys"
            );
            Arc::new(Logging {
                most,
                known: Known::of(&config, &process_env),
                own: config.recorder.redact.clone(),
            })
        });
        Ok(Self {
            config,
            bodies,
            generation,
            upstream,
            limits,
            slots: registry
                .slots()
                .into_iter()
                .map(|slot| (slot.name.clone(), slot))
                .collect(),
        })
    }
}

/// Every secret value of a configuration.
fn secrets_of(config: &Config) -> Vec<Secret> {
    let keys = config
        .providers
        .iter()
        .flat_map(|provider| match &provider.key {
            Key::Set(secrets) => secrets.clone(),
            Key::Missing { .. } | Key::Absent => Vec::new(),
        });
    let stages = config
        .providers
        .iter()
        .flat_map(|provider| match &provider.transformer {
            Transformer::Chain(stages) => stages.as_slice(),
            Transformer::Passthrough => &[],
        });
    let in_options = stages.flat_map(|stage| keys_in_options(&stage.options));
    let login = config.proxy.login();
    let own = config.api_key.clone();
    keys.chain(in_options).chain(own).chain(login).collect()
}

impl App {
    /// The configuration in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Why the newest configuration is not in force, if it is not.
    pub fn config_error(&self) -> Option<String> {
        self.config_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {0}; choose another address with --listen")]
pub struct Unbound(pub SocketAddr, #[source] pub std::io::Error);

/// A host that listens. Dropping it stops nothing; call [`Running::serve`].
pub struct Running {
    /// What requests share.
    pub app: Arc<App>,
    listener: TcpListener,
    /// Its file is there for as long as the service is.
    owner: Option<Token>,
}

impl Running {
    /// Binds, loads components, and follows changes if asked to.
    ///
    /// Errors: an address that cannot be bound ([`Unbound`]), an engine that cannot be built. A transformer that
    /// cannot be loaded is no error: its providers answer with the reason, and it is tried again
    /// when its file changes.
    pub async fn start(start: Start) -> anyhow::Result<Self> {
        // Who runs this without the command line; a second installation is refused, which is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
        let config = listening(start.config, start.listen)
            .map_err(|problem| anyhow::anyhow!("{problem}"))?;
        // First: that the address is taken is known at once, and nothing was compiled in vain.
        let listener = match start.listener {
            Some(listener) => TcpListener::from_std(listener)?,
            None => TcpListener::bind(config.listen)
                .await
                .map_err(|error| Unbound(config.listen, error))?,
        };
        let limits = &config.limits;
        let engine = Engine::new(
            u32::try_from(limits.instances).unwrap_or(u32::MAX),
            limits.memory,
        )
        .map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}"))?;
        let cache = start.cache.as_deref().and_then(|dir| {
            Cache::open(dir)
                .inspect_err(|why| tracing::warn!(why, "compiled components are not cached"))
                .ok()
        });
        let runtime = tokio::runtime::Handle::current();
        let recorder = Arc::new(Recorder::default());
        recorder.obey(&config.recorder);
        if start.record {
            recorder.always();
        }
        let state = start.state.as_deref();
        let history = state.map(|state| History::of(state, &start.transformers));
        let registry = Registry::new(
            engine.clone(),
            cache,
            start.transformers,
            runtime,
            recorder.clone(),
        );
        let registry = Arc::new(registry.remembering(history));
        load(&registry, Wanted::of(&config)).await?;
        let snapshot = Snapshot::new(config, 1, &registry)?;
        let address = listener.local_addr()?;
        let owner = state.and_then(|state| {
            crate::owner::make(state, address.port())
                .inspect_err(|error| {
                    tracing::warn!(%error, "no token for this user can be written; without `api_key` recorded exchanges are for nobody");
                })
                .ok()
        });
        let app = Arc::new(App {
            registry,
            permits: Arc::new(Semaphore::new(engine.step().instances as usize)),
            engine,
            quota: Quota::default(),
            recorder,
            usages: Arc::default(),
            tokens: Arc::default(),
            in_flight: Arc::default(),
            metrics: Arc::default(),
            instance: crate::ids::exchange_id(),
            started: Instant::now(),
            started_at: SystemTime::now(),
            address,
            owner: owner.as_ref().map(|token| token.secret().clone()),
            listen: start.listen,
            snapshot: ArcSwap::from_pointee(snapshot),
            config_error: Mutex::default(),
        });
        guard_new_generations(&app.registry);
        if start.watch {
            reload::follow(&app);
        }
        Ok(Self {
            app,
            listener,
            owner,
        })
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://{}", self.app.address)
    }

    /// The listener once more, for a successor.
    pub fn listener(&self) -> std::io::Result<OwnedFd> {
        self.listener.as_fd().try_clone_to_owned()
    }

    /// Serves until `stop` says why not, then lets running exchanges end as that wants.
    pub async fn serve(self, stop: impl Future<Output = Leaving>) {
        self.serve_as_service(stop, std::future::pending()).await;
    }

    /// The same; when `ending` is ready exchanges have no more than the drain time, also those that
    /// had all the time they needed because a successor serves.
    pub async fn serve_as_service(
        self,
        stop: impl Future<Output = Leaving>,
        ending: impl Future<Output = ()>,
    ) {
        let Self {
            app,
            listener,
            owner: _owner,
        } = self;
        let router = crate::http::router(app.clone());
        let settings = app.clone();
        let limit = move || settings.snapshot().config.timeouts.client;
        let clients = Clients::new(listener, limit);
        let drain = move || app.snapshot().config.timeouts.drain;
        if !serving::serve(clients, router, (stop, ending), drain).await {
            tracing::warn!(
                "exchanges still ran when the drain time was over; their connections are closed"
            );
        }
    }
}

/// Takes back new generations that trap too often. Ends with the registry.
fn guard_new_generations(registry: &Arc<Registry>) {
    let (bell, registry) = (registry.bell(), Arc::downgrade(registry));
    tokio::spawn(async move {
        loop {
            bell.notified().await;
            let Some(registry) = registry.upgrade() else {
                return;
            };
            let rolled = tokio::task::spawn_blocking(move || registry.roll_back_the_condemned());
            if let Err(error) = rolled.await {
                tracing::error!(%error, "rolling back failed");
            }
        }
    });
}

/// Refuses what would open the service to others without a key.
fn listening(config: Config, listen: Option<SocketAddr>) -> Result<Config, Problem> {
    match listen {
        Some(listen) => config.listening_on(listen),
        None => Ok(config),
    }
}

async fn load(registry: &Arc<Registry>, wanted: Wanted) -> anyhow::Result<()> {
    let registry = registry.clone();
    tokio::task::spawn_blocking(move || {
        // Failures are in the log and in the status; the other providers are served.
        let prepared = registry.prepare(wanted);
        registry.adopt(prepared);
        registry.refresh_router();
    })
    .await
    .context("loading components failed")
}
