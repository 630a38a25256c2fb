//! The router component: which version of it is asked. A file `NAME.wasm` of the transformers folder,
//! taken up when it changes. Whatever is wrong with new bytes, the version before stays; without any
//! the host's own rules decide.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use bytes::Bytes;

use super::Registry;
use super::wanted::{Wanted, check_pin};
use crate::config::Limits;
use crate::wasm::{Fault, Questioned, RouterComponent, Signpost};

/// A version of the router component, with the options it took.
pub struct RouterGeneration {
    /// Compiled and checked.
    pub component: RouterComponent,
    /// Counts from 1.
    pub number: u64,
    /// The file.
    pub path: PathBuf,
    /// When it went live.
    pub loaded_at: SystemTime,
    /// Requests that it was asked about.
    pub calls: AtomicU64,
    /// Of those, how many it failed.
    pub faults: AtomicU64,
    options: Bytes,
    limits: Arc<Limits>,
}

impl RouterGeneration {
    /// Asks it. `seed` is the request's own.
    ///
    /// Errors: how it failed.
    pub async fn route(
        &self,
        seed: u128,
        sink: Arc<dyn Fn(crate::wasm::LogLine) + Send + Sync>,
        request: &Questioned,
    ) -> Result<Option<Signpost>, Fault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let asked = self
            .component
            .route(&self.options, &self.limits, seed, sink, request);
        let answer = asked.await;
        if answer.is_err() {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }
}

/// The current version, and why the newest bytes are not it.
#[derive(Default)]
pub(super) struct RouterSlot {
    current: ArcSwapOption<RouterGeneration>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    number: u64,
    error: Option<String>,
    /// Bytes and options that were refused: they are not tried twice.
    refused: Option<(String, Bytes)>,
}

impl Registry {
    /// The version to ask, if the configuration names a router component and one was loaded.
    pub fn router(&self) -> Option<Arc<RouterGeneration>> {
        self.router.current.load_full()
    }

    /// The name of the router component in force.
    pub fn router_name(&self) -> Option<String> {
        let wanted = self.wanted_now();
        wanted.router.as_ref().map(|(name, _)| name.clone())
    }

    /// Why the newest bytes of the router component are not asked, if they are not.
    pub fn router_error(&self) -> Option<String> {
        self.router_state().error.clone()
    }

    fn router_state(&self) -> std::sync::MutexGuard<'_, State> {
        let state = self.router.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the file of the router component. Blocks while it compiles.
    pub fn refresh_router(&self) {
        let wanted = self.wanted_now();
        let Some((name, options)) = &wanted.router else {
            self.router.current.store(None);
            let mut state = self.router_state();
            state.error = None;
            state.refused = None;
            return;
        };
        let current = self.router();
        if current
            .as_ref()
            .is_some_and(|now| now.component.name != *name)
        {
            self.router.current.store(None);
        }
        match self.built_router(name, options, &wanted) {
            Ok(None) => self.router_state().error = None,
            Ok(Some(generation)) => {
                let (number, sha256) = (generation.number, &generation.component.sha256);
                tracing::info!(
                    router = name,
                    generation = number,
                    sha256,
                    "router component is live"
                );
                self.router.current.store(Some(Arc::new(generation)));
                let mut state = self.router_state();
                state.error = None;
                state.refused = None;
            }
            Err(why) => {
                let mut state = self.router_state();
                if state.error.as_ref() != Some(&why) {
                    tracing::error!(router = name, why, "router component is not taken up");
                }
                state.error = Some(why);
            }
        }
    }

    /// None: the bytes are those that run. The error is a sentence for the log.
    fn built_router(
        &self,
        name: &str,
        options: &Bytes,
        wanted: &Wanted,
    ) -> Result<Option<RouterGeneration>, String> {
        let path = self.dir.join(format!("{name}.wasm"));
        let bytes = fs::read(&path)
            .map_err(|error| format!("{}: {error}; put the component there", path.display()))?;
        let sha256 = crate::wasm::sha256(&bytes);
        let runs = self.router().is_some_and(|now| {
            now.component.name == name
                && now.component.sha256 == sha256
                && now.options == *options
                && *now.limits == *wanted.limits
        });
        if runs {
            return Ok(None);
        }
        let tried = (sha256, options.clone());
        {
            let state = self.router_state();
            if state.refused.as_ref() == Some(&tried)
                && let Some(why) = &state.error
            {
                return Err(why.clone());
            }
        }
        let built = self.compiled_router(name, &tried.0, &bytes, options, wanted);
        let mut state = self.router_state();
        let component = built.inspect_err(|_| state.refused = Some(tried))?;
        state.number += 1;
        Ok(Some(RouterGeneration {
            component,
            number: state.number,
            path,
            loaded_at: SystemTime::now(),
            calls: AtomicU64::default(),
            faults: AtomicU64::default(),
            options: options.clone(),
            limits: wanted.limits.clone(),
        }))
    }

    fn compiled_router(
        &self,
        name: &str,
        sha256: &str,
        bytes: &[u8],
        options: &[u8],
        wanted: &Wanted,
    ) -> Result<RouterComponent, String> {
        let said = |rejected: crate::wasm::Rejected| match rejected.remedy() {
            Some(remedy) => format!("{rejected}; {remedy}"),
            None => rejected.to_string(),
        };
        check_pin(name, sha256, wanted).map_err(said)?;
        let cache = self.cache.as_ref();
        let component = RouterComponent::load(&self.engine, cache, name, bytes).map_err(said)?;
        self.runtime
            .block_on(component.try_options(options, &wanted.limits))
            .map_err(|fault| match fault.inside() {
                Some(inside) => format!("it {}: {inside}", fault.what()),
                None => format!("it {}", fault.what()),
            })?;
        Ok(component)
    }
}
