//! From the bytes that were found to the next generation: looked at, compiled, checked, configured.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::Registry;
use super::generation::{Built, Generation, Origin, configure_all};
use super::refusal::{Refusal, told};
use super::slot::{Outcome, Slot, keep};
use super::source::{Found, find};
use super::wanted::{Wanted, check_pin};
use crate::config::Limits;
use crate::wasm::{Component, Rejected};

impl Registry {
    /// Looks at the file and swaps if there is something new. Blocks while it compiles.
    pub(super) fn load(&self, slot: &Slot, wanted: &Wanted) -> Outcome {
        match self.look(slot, wanted) {
            Looked::Ready(ready) => self.go_live(slot, ready),
            Looked::Done(outcome) => outcome,
        }
    }

    /// Makes everything ready for a swap, if there is something new. Blocks while it compiles.
    pub(super) fn look(&self, slot: &Slot, wanted: &Wanted) -> Looked {
        let started = Instant::now();
        let current = slot.current();
        let (origin, bytes) = match find(&self.dir, &slot.name, current.as_deref()) {
            Found::Bytes(origin, bytes) => {
                if origin == Origin::Builtin {
                    // Whatever file comes next in the built-in's place is looked at anew.
                    self.let_go(slot);
                }
                (origin, bytes)
            }
            Found::Gone => {
                self.let_go(slot);
                let why = Refusal::of_file(
                    "its file was removed, the last generation stays",
                    "put it back, or take the transformer out of the configuration",
                );
                return Looked::Done(keep(slot, None, vec![why]));
            }
            Found::Nowhere(why) => return Looked::Done(keep(slot, None, vec![why])),
        };
        let new = Candidate {
            sha256: crate::wasm::sha256(&bytes),
            bytes,
            origin,
            started,
        };
        if let Some(known) = known(slot, current.as_deref(), &new) {
            return Looked::Done(known);
        }
        let refused = match self.held_back(slot, &new, wanted) {
            Some(refusal) => vec![refusal],
            None => match self.build(slot, &new.origin, &new.bytes, &new.sha256, wanted) {
                Ok(built) => return self.tried_out(slot, built, new, wanted),
                Err(rejected) => Refusal::list(&rejected, &new.origin),
            },
        };
        let outcome = match current {
            None => self.load_what_served_last(slot, &new, wanted),
            Some(_) => None,
        };
        let kept = keep(slot, Some(new.sha256), refused);
        Looked::Done(outcome.unwrap_or(kept))
    }

    pub(super) fn build(
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

    pub(super) fn configure(
        &self,
        component: &Arc<Component>,
        options: &BTreeSet<Bytes>,
        limits: &Arc<Limits>,
    ) -> Result<Vec<String>, Rejected> {
        self.runtime
            .block_on(configure_all(component, options, limits))
    }
}

/// What a look at a transformer's file came to.
pub(super) enum Looked {
    /// A generation that can go live.
    Ready(Ready),
    /// There is nothing to do, or it is done.
    Done(Outcome),
}

/// A generation that is not live yet, with what it was made of.
pub(super) struct Ready {
    pub(super) generation: Arc<Generation>,
    pub(super) new: Candidate,
}

/// Bytes that might become the next generation.
pub(super) struct Candidate {
    pub(super) sha256: String,
    pub(super) bytes: Cow<'static, [u8]>,
    pub(super) origin: Origin,
    /// When the look began that found them.
    pub(super) started: Instant,
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
