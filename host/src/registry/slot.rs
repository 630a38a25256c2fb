//! One transformer: its current generation, and what is known about the newest bytes.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwapOption;

use super::generation::{Generation, Origin};
use super::refusal::{Refusal, told};
use crate::record::milliseconds;

/// One transformer.
pub struct Slot {
    /// As configurations call it.
    pub name: String,
    pub(super) current: ArcSwapOption<Generation>,
    state: Mutex<SlotState>,
}

/// What it takes to have a generation again.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) number: u64,
    pub(super) origin: Origin,
    pub(super) bytes: Cow<'static, [u8]>,
}

/// What changes with every look at the file.
#[derive(Default)]
pub(super) struct SlotState {
    pub(super) number: u64,
    /// Of the current generation.
    pub(super) serving: Option<Kept>,
    /// Of the one before, to go back to; none after going back. Bytes alone: its code is freed with
    /// the last exchange that runs it.
    pub(super) previous: Option<Kept>,
    /// The generation that was taken back, and its bytes: they are not loaded again until the file is
    /// another one.
    pub(super) taken_back: Option<(u64, String)>,
    /// Why the newest bytes are not live; empty if they are.
    pub(super) refusals: Vec<Refusal>,
    /// The sha256 that `refusals` are about: the same bytes are not tried twice.
    pub(super) refused: Option<String>,
    /// What trying bytes of this sha256 on recorded exchanges came to.
    pub(super) replayed: Option<(String, String)>,
}

impl Slot {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            current: ArcSwapOption::empty(),
            state: Mutex::default(),
        }
    }

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

    /// What trying the version that runs, or the one that was refused last, on recorded exchanges came
    /// to, if it was tried.
    pub fn replayed(&self) -> Option<String> {
        let current = self.current();
        let state = self.state();
        let (sha256, report) = state.replayed.as_ref()?;
        let runs = current.is_some_and(|now| now.component.sha256 == *sha256);
        (runs || state.refused.as_ref() == Some(sha256)).then(|| report.clone())
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

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, SlotState> {
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

/// Makes a generation the current one.
pub(super) fn swap(
    slot: &Slot,
    generation: Arc<Generation>,
    bytes: Cow<'static, [u8]>,
    started: Instant,
) -> Outcome {
    let mut state = slot.state();
    state.number = generation.number;
    state.previous = state.serving.take();
    state.serving = Some(Kept {
        number: generation.number,
        origin: generation.origin.clone(),
        bytes,
    });
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

/// The old generation stays. Said once for the same bytes and reason.
pub(super) fn keep(slot: &Slot, refused: Option<String>, refusals: Vec<Refusal>) -> Outcome {
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
