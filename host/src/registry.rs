//! Which generation of each transformer is current, and how a new one becomes it.
//!
//! A file `NAME.wasm` in the transformers folder comes before the built-in of that name. A new
//! generation goes live only after it was compiled, checked and configured for every provider
//! that uses it; whatever fails on the way keeps the old one and is told in log and status.

mod builtin;
mod generation;
mod history;
mod load;
mod probation;
mod recall;
mod refusal;
mod rollback;
mod router;
mod slot;
mod source;
#[cfg(test)]
mod tests;
mod trial;
mod wanted;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::Notify;

pub use builtin::{builtin, builtin_names};
pub use generation::{Generation, Origin, smoke};
pub use history::History;
pub use refusal::{About, Refusal, of_transformer};
pub use rollback::{NotRolledBack, RolledBack};
pub use router::RouterGeneration;
pub use slot::{Outcome, Slot};
pub use wanted::Wanted;
pub(crate) use wanted::check_pin;
pub use watch::{Watch, Watched};

use crate::recorder::Recorder;
use crate::upstream::Secrets;
use crate::wasm::{Cache, Engine};
use load::{Looked, Ready};

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
    secrets: RwLock<Secrets>,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
    router: router::RouterSlot,
}

/// What a configuration wants of the transformers, ready to be adopted.
#[must_use]
pub struct Prepared {
    wanted: Wanted,
    ready: Vec<(Arc<Slot>, Ready)>,
    problems: Vec<String>,
}

impl Prepared {
    /// A sentence for each transformer that cannot serve it.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
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
            secrets: RwLock::default(),
            slots: RwLock::default(),
            router: router::RouterSlot::default(),
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

    /// Makes ready what a configuration wants and checks its options. Blocks while it compiles. What runs
    /// already goes on running, whatever is found: only [`Registry::adopt`] makes anything live.
    pub fn prepare(&self, wanted: Wanted) -> Prepared {
        let (mut problems, mut ready) = (Vec::new(), Vec::new());
        for (name, options) in &wanted.options {
            let slot = self.slot_or_new(name);
            let result = match slot.current() {
                Some(generation) => self.prepare_running(&slot, &generation, options, &wanted),
                None => match self.look(&slot, &wanted) {
                    Looked::Ready(new) => Ok(Some(new)),
                    // What fails already must not keep every later change of other settings out.
                    Looked::Done(Outcome::Kept(_)) if self.is_wanted(name) => Ok(None),
                    Looked::Done(Outcome::Kept(error)) => Err(error),
                    Looked::Done(_) => Ok(None),
                },
            };
            match result {
                Ok(new) => ready.extend(new.map(|new| (slot, new))),
                Err(error) => problems.push(of_transformer(name, &error)),
            }
        }
        Prepared {
            wanted,
            ready,
            problems,
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
    /// the pin will make way for the file, if that does.
    fn prepare_running(
        &self,
        slot: &Slot,
        generation: &Generation,
        options: &BTreeSet<Bytes>,
        wanted: &Wanted,
    ) -> Result<Option<Ready>, String> {
        if matches!(generation.origin, Origin::File(_))
            && let Err(rejected) = check_pin(&slot.name, &generation.component.sha256, wanted)
        {
            slot.state().refused = None;
            return match self.look(slot, wanted) {
                Looked::Ready(new) => Ok(Some(new)),
                Looked::Done(_) => Err(match rejected.remedy() {
                    Some(remedy) => format!("{rejected}; {remedy}"),
                    None => rejected.to_string(),
                }),
            };
        }
        self.configure(&generation.component, options, &wanted.limits)
            .map(|_| None)
            .map_err(|rejected| rejected.to_string())
    }

    /// Makes live what was made ready, and a configuration's wishes the ones that reloads follow; forgets
    /// transformers that it does not name.
    pub fn adopt(&self, prepared: Prepared) {
        let Prepared { wanted, ready, .. } = prepared;
        for (slot, new) in ready {
            self.go_live(&slot, new);
        }
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
        let router = self.router();
        let router = router.map(|generation| generation.component.sha256.clone());
        let used = running
            .map(|generation| generation.component.sha256.clone())
            .chain(router);
        cache.prune(self.engine.wasmtime(), &used.collect());
    }

    /// Takes what is scrubbed from what others say of bodies: the keys of the configuration in force.
    pub fn scrub(&self, secrets: Secrets) {
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
    }

    fn scrubbed(&self, text: &str) -> String {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        secrets.scrub_text(text)
    }

    fn slot_or_new(&self, name: &str) -> Arc<Slot> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Slot::new(name));
        slots.entry(name.to_owned()).or_insert_with(new).clone()
    }
}
