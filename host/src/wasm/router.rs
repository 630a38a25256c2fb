//! Router components: `transom:router@0.1.0`. One call of a fresh instance for a request, with the
//! limits of a transformer's push. Knows no rule.

mod bindings {
    //! Generated from the WIT.

    wasmtime::component::bindgen!({
        path: "../wit/router",
        world: "router-guest",
        imports: { default: trappable },
        exports: { default: async },
    });
}

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker};

pub use self::bindings::transom::router::types::{Request as Questioned, Route as Signpost};

use self::bindings::transom::router::host::{Host, Level};
use self::bindings::transom::router::types;
use self::bindings::{RouterGuest as Guest, RouterGuestPre as GuestPre};
use super::cache::Cache;
use super::component::{
    Code, Rejected, check_imports, compile, imports_of, list_or_none, one_line, places,
};
use super::engine::Engine;
use super::fault::Fault;
use super::live::{Live, bounded};
use super::state::{LogSink, State};
use super::{ambient, state};
use crate::config::Limits;

/// What a router component exports.
pub(super) const ROUTER_EXPORT: &str = "transom:router/router@0.1.0";

impl types::Host for State {}

impl Host for State {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Trace => tracing::Level::TRACE,
            Level::Debug => tracing::Level::DEBUG,
            Level::Info => tracing::Level::INFO,
            Level::Warn => tracing::Level::WARN,
            Level::Error => tracing::Level::ERROR,
        };
        self.guest_logs(level, message)
    }
}

/// A router component that can be instantiated.
pub struct RouterComponent {
    pre: GuestPre<State>,
    engine: Engine,
    /// As the configuration calls it.
    pub name: String,
    /// Of the file's bytes, 64 lower-case hex digits.
    pub sha256: String,
    /// Places in the pool that an instance of it takes.
    pub places: u32,
}

impl RouterComponent {
    /// Compiles (or takes from the cache) and checks. Not for an async thread.
    ///
    /// Errors: why the bytes are no router component.
    pub fn load(
        engine: &Engine,
        cache: Option<&Cache>,
        name: &str,
        bytes: &[u8],
    ) -> Result<Self, Rejected> {
        let Code {
            compiled,
            sha256,
            cached,
        } = compile(engine, cache, bytes)?;
        let wasm = engine.wasmtime();
        let names = imports_of(wasm, &compiled);
        if !names.exports.iter().any(|name| name == ROUTER_EXPORT) {
            return Err(Rejected::NoRouter(list_or_none(&names.exports)));
        }
        check_imports(&names)?;
        let world = |error: wasmtime::Error| Rejected::World(one_line(&error));
        let mut linker: Linker<State> = Linker::new(wasm);
        state::link(&mut linker).map_err(world)?;
        Guest::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).map_err(world)?;
        ambient::link_network(&mut linker, &compiled).map_err(world)?;
        let pre = linker.instantiate_pre(&compiled).map_err(world)?;
        let pre = GuestPre::new(pre).map_err(world)?;
        if !cached && let Some(cache) = cache {
            cache.put(wasm, &sha256, &compiled);
        }
        Ok(Self {
            pre,
            engine: engine.clone(),
            name: name.to_owned(),
            sha256,
            places: places(&compiled),
        })
    }

    /// Whether it takes these options.
    ///
    /// Errors: its own sentences, or how it failed.
    pub async fn try_options(&self, options: &[u8], limits: &Arc<Limits>) -> Result<(), Fault> {
        self.open(options, limits, 0, Arc::new(|_| ()))
            .await
            .map(drop)
    }

    /// Asks where a request goes.
    ///
    /// Errors: it trapped, looped or broke another limit.
    pub async fn route(
        &self,
        options: &[u8],
        limits: &Arc<Limits>,
        seed: u128,
        sink: LogSink,
        request: &Questioned,
    ) -> Result<Option<Signpost>, Fault> {
        let (mut live, guest) = self.open(options, limits, seed, sink).await?;
        let budget = live.arm(limits.push);
        let router = guest.transom_router_router();
        let call = router.call_decide(&mut live.store, request);
        let result = bounded(budget, call).await;
        live.settle(&self.name, "decide", budget, result)
    }

    async fn open(
        &self,
        options: &[u8],
        limits: &Arc<Limits>,
        seed: u128,
        sink: LogSink,
    ) -> Result<(Live, Guest), Fault> {
        let mut live = Live::new(&self.engine, limits, seed, sink);
        let guest = self.pre.instantiate_async(&mut live.store).await;
        let guest = guest.map_err(|error| Fault::Start {
            name: self.name.clone(),
            why: one_line(&error),
        })?;
        let budget = live.arm(limits.configure);
        let router = guest.transom_router_router();
        let call = router.call_configure(&mut live.store, options);
        let result = bounded(budget, call).await;
        live.settle(&self.name, "configure", budget, result)?
            .map_err(|problems| Fault::Options {
                name: self.name.clone(),
                problems,
            })?;
        Ok((live, guest))
    }
}
