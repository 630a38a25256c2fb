//! Going back to the generation before: by itself when a new one traps on several requests, or because
//! a person asks for it. Once: what came back is not taken back again.

use std::sync::Arc;

use tokio::sync::Notify;

use super::Registry;
use super::generation::Generation;
use super::history::Held;
use super::probation::Probation;
use super::refusal::Refusal;
use super::slot::{Kept, Slot};

/// The generations before and after a roll back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolledBack {
    /// What served.
    pub from: u64,
    /// What serves again.
    pub to: u64,
}

/// Why nothing was rolled back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRolledBack {
    /// The configuration names no such transformer.
    #[error("the configuration names no transformer `{0}`")]
    Unknown(String),
    /// Nothing of it serves, so that there is nothing to go back from.
    #[error("it is not loaded; `transom guest list` says why")]
    NotLoaded,
    /// It is the first generation, or was rolled back to.
    #[error("generation {0} of it is the oldest there is to go back to")]
    NothingBefore(u64),
    /// The one before no longer fits the configuration.
    #[error("generation {generation} of it does not fit the configuration any more: {why}")]
    Unfit {
        /// The generation before.
        generation: u64,
        /// In the words of a refusal.
        why: String,
    },
}

impl Registry {
    /// Rung when [`Registry::roll_back_the_condemned`] has something to do.
    pub fn bell(&self) -> Arc<Notify> {
        self.bell.clone()
    }

    /// Takes back each new generation that trapped too often. Blocks while the ones before are
    /// made anew.
    pub fn roll_back_the_condemned(&self) {
        for slot in self.slots() {
            let Some(new) = slot.current().filter(|current| current.is_condemned()) else {
                continue;
            };
            let requests = match self.wanted_now().rollback_after {
                1 => format!("one of its first {} requests", Probation::EXCHANGES),
                count => format!(
                    "{count} different requests among its first {}",
                    Probation::EXCHANGES
                ),
            };
            let why = Refusal::of_file(
                format!("generation {} trapped on {requests}", new.number),
                "mend it and save the file; other bytes are taken up at once",
            );
            let why = match new.last_fault() {
                Some(fault) => why.with_inside(self.scrubbed(&fault)),
                None => why,
            };
            if let Err(error) = self.go_back(&slot, &new, Held::Trapped, why) {
                let (transformer, generation) = (&slot.name, new.number);
                tracing::error!(transformer, generation, %error, "it traps, but cannot be rolled back");
            }
        }
    }

    /// Brings the generation before back because a person wants it. Blocks while it is made anew.
    pub fn roll_back(&self, name: &str) -> Result<RolledBack, NotRolledBack> {
        let unknown = || NotRolledBack::Unknown(name.to_owned());
        let slot = self.slot(name).ok_or_else(unknown)?;
        let current = slot.current().ok_or(NotRolledBack::NotLoaded)?;
        let why = Refusal::of_file(
            format!("generation {} was rolled back by hand", current.number),
            "save other bytes; to have these again, take the file away and put it back",
        );
        self.go_back(&slot, &current, Held::ByHand, why)
    }

    fn go_back(
        &self,
        slot: &Slot,
        from: &Arc<Generation>,
        held: Held,
        why: Refusal,
    ) -> Result<RolledBack, NotRolledBack> {
        let previous = slot.state().previous.clone();
        let kept = previous.ok_or(NotRolledBack::NothingBefore(from.number))?;
        let to = Arc::new(self.again(slot, &kept)?);
        let sha256 = from.component.sha256.clone();
        {
            let mut state = slot.state();
            let current = slot.current();
            if !current.is_some_and(|current| Arc::ptr_eq(&current, from)) {
                // It was replaced meanwhile: there is nothing left to take back.
                return Err(NotRolledBack::NothingBefore(from.number));
            }
            slot.current.store(Some(to.clone()));
            state.serving = Some(kept);
            state.previous = None;
            state.taken_back = Some((from.number, sha256.clone()));
            state.refused = Some(sha256.clone());
            state.refusals = vec![why.clone()];
            state.replayed = None;
        }
        let (transformer, from, to) = (&slot.name, from.number, to.number);
        tracing::error!(transformer, from, to, %why, "rolled back: the generation before serves again");
        self.hold_back(slot, &sha256, held, &why);
        self.remember_going_back(slot);
        Ok(RolledBack { from, to })
    }

    /// The generation as it was, from its bytes. Pins and options may have changed since it served.
    fn again(&self, slot: &Slot, kept: &Kept) -> Result<Generation, NotRolledBack> {
        let sha256 = crate::wasm::sha256(&kept.bytes);
        let wanted = self.wanted_now();
        let built = self.build(slot, &kept.origin, &kept.bytes, &sha256, &wanted);
        let built = built.map_err(|rejected| NotRolledBack::Unfit {
            generation: kept.number,
            why: rejected.to_string(),
        })?;
        Ok(Generation::new(built, kept.number, kept.origin.clone()))
    }
}
