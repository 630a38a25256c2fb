//! Which generation of each transformer is current, and how a new one becomes it.
//!
//! A file `NAME.wasm` in the transformers folder comes before the built-in of that name. A new
//! generation goes live only after it was compiled, checked and configured for every provider
//! that uses it; whatever fails on the way keeps the old one and is told in log and status.

mod builtin;
mod generation;
mod history;
mod probation;
mod recall;
mod refusal;
mod rollback;
mod source;
#[cfg(test)]
mod tests;
mod trial;
mod watch;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use tokio::sync::Notify;

pub use builtin::{builtin, builtin_names};
pub use generation::{Generation, Origin, smoke};
pub use history::History;
pub use refusal::{About, Refusal};
pub use rollback::{NotRolledBack, RolledBack};
pub use watch::{Watch, Watched};

use crate::config::{Config, Limits, Transformer, Trust};
use crate::record::milliseconds;
use crate::recorder::Recorder;
use crate::wasm::{Cache, Component, Engine, Rejected};
use generation::{Built, configure_all};
use refusal::told;
use source::{Found, find};

/// What the current configuration asks of transformers.
#[derive(Clone, Default)]
pub struct Wanted {
    /// Name to the options of each provider that uses it.
    pub options: BTreeMap<String, BTreeSet<Bytes>>,
    /// Name to sha256.
    pub pins: BTreeMap<String, String>,
    /// Files need a pin.
    pub pinned_only: bool,
    /// A new generation that traps on so many different requests is taken back; 0: never.
    pub rollback_after: usize,
    /// For the smoke calls of `configure`.
    pub limits: Arc<Limits>,
}

impl Wanted {
    /// Of a configuration.
    pub fn of(config: &Config) -> Self {
        let mut options: BTreeMap<String, BTreeSet<Bytes>> = BTreeMap::new();
        for provider in &config.providers {
            let Transformer::Chain(stages) = &provider.transformer else {
                continue;
            };
            for stage in stages {
                options
                    .entry(stage.name.clone())
                    .or_default()
                    .insert(stage.options.clone());
            }
        }
        Self {
            options,
            pins: config.pins.clone(),
            pinned_only: config.trust == Trust::Pinned,
            rollback_after: config.rollback_after,
            limits: Arc::new(config.limits.clone()),
        }
    }
}

/// All transformers that the configuration names.
pub struct Registry {
    engine: Engine,
    cache: Option<Cache>,
    dir: PathBuf,
    runtime: tokio::runtime::Handle,
    recorder: Arc<Recorder>,
    history: Option<History>,
    /// Rung when a new generation has trapped too often.
    bell: Arc<Notify>,
    wanted: RwLock<Arc<Wanted>>,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
}

/// One transformer.
pub struct Slot {
    /// As configurations call it.
    pub name: String,
    current: ArcSwapOption<Generation>,
    state: Mutex<SlotState>,
}

#[derive(Default)]
struct SlotState {
    number: u64,
    /// What served before the current generation, to go back to; none after going back.
    previous: Option<Arc<Generation>>,
    /// The generation that was taken back, and its bytes: they are not loaded again until the file is
    /// another one.
    taken_back: Option<(u64, String)>,
    /// Why the newest bytes are not live; empty if they are.
    refusals: Vec<Refusal>,
    /// The sha256 that `refusals` are about: the same bytes are not tried twice.
    refused: Option<String>,
    /// What trying the newest bytes on recorded exchanges came to.
    replayed: Option<String>,
}

impl Slot {
    /// Pins the current generation.
    pub fn current(&self) -> Option<Arc<Generation>> {
        self.current.load_full()
    }

    /// Why the newest bytes are not live, if they are not.
    pub fn last_error(&self) -> Option<String> {
        let state = self.state();
        (!state.refusals.is_empty()).then(|| told(&state.refusals))
    }

    /// The same for clients: without paths, the words of a panic, or anything of a body.
    pub fn last_error_for_clients(&self) -> Option<String> {
        let state = self.state();
        let texts: Vec<_> = state.refusals.iter().map(Refusal::public).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// The same as [`Slot::last_error`], each reason on its own. Empty if the newest bytes are live.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.state().refusals.clone()
    }

    /// What trying the newest version on recorded exchanges came to, if it was tried.
    pub fn replayed(&self) -> Option<String> {
        self.state().replayed.clone()
    }

    /// The sha256 of the newest bytes that are not wanted, if `last_error` is about bytes.
    pub fn refused(&self) -> Option<String> {
        self.state().refused.clone()
    }

    /// The generation that a roll back would bring back.
    pub fn previous(&self) -> Option<u64> {
        self.state().previous.as_ref().map(|one| one.number)
    }

    /// The generation that was rolled back, as long as its bytes are still those of the file.
    pub fn taken_back(&self) -> Option<u64> {
        self.state().taken_back.as_ref().map(|(number, _)| *number)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a look at a transformer's file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The bytes are those that run.
    Unchanged,
    /// A new generation is live.
    Swapped {
        /// Its number.
        generation: u64,
    },
    /// The old generation stays; the reason is told.
    Kept(String),
}

impl Registry {
    /// An empty registry over a transformers folder. `runtime` runs the guests' `configure`; new
    /// generations are tried on what `recorder` keeps.
    pub fn new(
        engine: Engine,
        cache: Option<Cache>,
        dir: PathBuf,
        runtime: tokio::runtime::Handle,
        recorder: Arc<Recorder>,
    ) -> Self {
        Self {
            engine,
            cache,
            dir,
            runtime,
            recorder,
            history: None,
            bell: Arc::default(),
            wanted: RwLock::default(),
            slots: RwLock::default(),
        }
    }

    /// The same with what earlier processes learned, and learning for later ones.
    pub fn remembering(self, history: Option<History>) -> Self {
        Self { history, ..self }
    }

    /// The transformers folder.
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// All slots in order of name.
    pub fn slots(&self) -> Vec<Arc<Slot>> {
        self.slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// The slot of this name, if the configuration names it.
    pub fn slot(&self, name: &str) -> Option<Arc<Slot>> {
        self.slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// Loads what a configuration wants and checks its options. Blocks while it compiles.
    ///
    /// Errors: a sentence for each transformer that cannot serve it. What already runs is not
    /// touched, but [`Registry::adopt`] must be called for the configuration to count.
    pub fn prepare(&self, wanted: &Wanted) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        for (name, options) in &wanted.options {
            let slot = self.slot_or_new(name);
            let result = match slot.current() {
                Some(_) => self.prepare_running(&slot, options, wanted),
                None => match self.load(&slot, wanted) {
                    // What fails already must not keep every later change of other settings out.
                    Outcome::Kept(_) if self.is_wanted(name) => Ok(()),
                    Outcome::Kept(error) => Err(error),
                    Outcome::Swapped { .. } | Outcome::Unchanged => Ok(()),
                },
            };
            if let Err(error) = result {
                problems.push(format!("transformer `{name}`: {error}"));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    /// Forgets what a refused configuration brought.
    pub fn forget_unwanted(&self) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|name, _| self.is_wanted(name));
    }

    fn is_wanted(&self, name: &str) -> bool {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        wanted.options.contains_key(name)
    }

    /// A generation that runs must fit a new configuration's pin and options. One that does not fit
    /// the pin makes way for the file, if that does.
    fn prepare_running(
        &self,
        slot: &Slot,
        options: &BTreeSet<Bytes>,
        wanted: &Wanted,
    ) -> Result<(), String> {
        let fits = || {
            let Some(generation) = slot.current() else {
                return Ok(None);
            };
            if matches!(generation.origin, Origin::File(_)) {
                check_pin(&slot.name, &generation.component.sha256, wanted)?;
            }
            Ok(Some(generation))
        };
        let generation = fits().or_else(|_: Rejected| {
            slot.state().refused = None;
            self.load(slot, wanted);
            fits()
        });
        let generation = generation.map_err(|rejected| match rejected.remedy() {
            Some(remedy) => format!("{rejected}; {remedy}"),
            None => rejected.to_string(),
        })?;
        match generation {
            Some(generation) => self
                .configure(&generation.component, options, &wanted.limits)
                .map(drop)
                .map_err(|rejected| rejected.to_string()),
            None => Ok(()),
        }
    }

    /// Makes a configuration's wishes the ones that reloads follow; forgets transformers it does not name.
    pub fn adopt(&self, wanted: Wanted) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|name, _| wanted.options.contains_key(name));
        // Bytes that were refused for their options or pin may fit the new ones.
        for slot in slots.values() {
            slot.state().refused = None;
        }
        *self.wanted.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(wanted);
    }

    fn wanted_now(&self) -> Arc<Wanted> {
        self.wanted
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Looks at the file of one transformer and swaps if there is something new. Blocks while it compiles.
    pub fn refresh(&self, name: &str) -> Outcome {
        let wanted = self.wanted_now();
        match self.slot(name) {
            Some(slot) if wanted.options.contains_key(name) => self.load(&slot, &wanted),
            _ => Outcome::Unchanged,
        }
    }

    /// Removes compiled components that nobody used for long. Reads and removes files: not for an
    /// async thread.
    pub fn prune_cache(&self) {
        let Some(cache) = &self.cache else { return };
        let slots = self.slots();
        let running = slots.iter().filter_map(|slot| slot.current());
        let used = running.map(|generation| generation.component.sha256.clone());
        cache.prune(self.engine.wasmtime(), &used.collect());
    }

    fn slot_or_new(&self, name: &str) -> Arc<Slot> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Slot {
                name: name.to_owned(),
                current: ArcSwapOption::empty(),
                state: Mutex::default(),
            })
        };
        slots.entry(name.to_owned()).or_insert_with(new).clone()
    }

    fn load(&self, slot: &Slot, wanted: &Wanted) -> Outcome {
        let started = Instant::now();
        let current = slot.current();
        let (origin, bytes) = match find(&self.dir, &slot.name, current.as_deref()) {
            Found::Bytes(origin, bytes) => (origin, bytes),
            Found::Gone => {
                self.let_go(slot);
                let why = Refusal::of_file(
                    "its file was removed, the last generation stays",
                    "put it back, or take the transformer out of the configuration",
                );
                return keep(slot, None, vec![why]);
            }
            Found::Nowhere(why) => return keep(slot, None, vec![why]),
        };
        let new = Candidate {
            sha256: crate::wasm::sha256(&bytes),
            bytes,
            origin,
            started,
        };
        if let Some(known) = known(slot, current.as_deref(), &new) {
            return known;
        }
        let refused = match self.held_back(slot, &new, wanted) {
            Some(refusal) => vec![refusal],
            None => match self.build(slot, &new.origin, &new.bytes, &new.sha256, wanted) {
                Ok(built) => return self.try_and_swap(slot, built, new, wanted),
                Err(rejected) => Refusal::list(&rejected, &new.origin),
            },
        };
        let outcome = match current {
            None => self.load_what_served_last(slot, &new, wanted),
            Some(_) => None,
        };
        let kept = keep(slot, Some(new.sha256), refused);
        outcome.unwrap_or(kept)
    }

    fn build(
        &self,
        slot: &Slot,
        origin: &Origin,
        bytes: &[u8],
        sha256: &str,
        wanted: &Wanted,
    ) -> Result<Built, Rejected> {
        if matches!(origin, Origin::File(_)) {
            check_pin(&slot.name, sha256, wanted)?;
        }
        let component = Component::load(&self.engine, self.cache.as_ref(), &slot.name, bytes)?;
        let component = Arc::new(component);
        let options = wanted.options.get(&slot.name).cloned().unwrap_or_default();
        let notices = self.configure(&component, &options, &wanted.limits)?;
        let component =
            Arc::into_inner(component).expect("invariant: the smoke instances are gone");
        Ok(Built { component, notices })
    }

    fn configure(
        &self,
        component: &Arc<Component>,
        options: &BTreeSet<Bytes>,
        limits: &Arc<Limits>,
    ) -> Result<Vec<String>, Rejected> {
        self.runtime
            .block_on(configure_all(component, options, limits))
    }
}

/// Bytes that might become the next generation.
struct Candidate {
    sha256: String,
    bytes: Cow<'static, [u8]>,
    origin: Origin,
    /// When the look began that found them.
    started: Instant,
}

/// Bytes that run already, or are known not to be wanted.
fn known(slot: &Slot, current: Option<&Generation>, new: &Candidate) -> Option<Outcome> {
    let mut state = slot.state();
    let runs =
        current.is_some_and(|now| now.component.sha256 == new.sha256 && now.origin == new.origin);
    if runs {
        state.refusals.clear();
        state.refused = None;
        state.taken_back = None;
        return Some(Outcome::Unchanged);
    }
    let taken_back = state.taken_back.as_ref().map(|(_, sha256)| sha256);
    let again = taken_back == Some(&new.sha256);
    if again || state.refused.as_ref() == Some(&new.sha256) {
        return Some(Outcome::Kept(told(&state.refusals)));
    }
    state.taken_back = None;
    None
}

fn swap(slot: &Slot, generation: Arc<Generation>, started: Instant) -> Outcome {
    let mut state = slot.state();
    state.number = generation.number;
    state.previous = slot.current();
    state.refusals.clear();
    state.refused = None;
    tracing::info!(
        transformer = slot.name,
        generation = generation.number,
        sha256 = generation.short_sha(),
        origin = %generation.origin,
        shadows_builtin = generation.shadows_builtin(),
        cached = generation.component.cached,
        ms = milliseconds(started),
        "transformer is live"
    );
    let number = generation.number;
    slot.current.store(Some(generation));
    Outcome::Swapped { generation: number }
}

fn check_pin(name: &str, sha256: &str, wanted: &Wanted) -> Result<(), Rejected> {
    match wanted.pins.get(name) {
        Some(pinned) if pinned != sha256 => Err(Rejected::Pin {
            found: sha256.to_owned(),
            pinned: pinned.clone(),
        }),
        None if wanted.pinned_only => Err(Rejected::Unpinned {
            found: sha256.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The old generation stays. Said once for the same bytes and reason.
fn keep(slot: &Slot, refused: Option<String>, refusals: Vec<Refusal>) -> Outcome {
    let stays = slot.current().map_or(0, |generation| generation.number);
    let why = told(&refusals);
    let mut state = slot.state();
    state.refused = refused;
    if state.refusals == refusals {
        return Outcome::Kept(why);
    }
    state.refusals = refusals;
    if stays > 0 {
        tracing::error!(
            transformer = slot.name,
            generation = stays,
            why,
            "new bytes are refused, the old generation stays"
        );
    } else {
        tracing::error!(transformer = slot.name, why, "transformer cannot be loaded");
    }
    Outcome::Kept(why)
}
