//! What the registry tells its [`History`](super::History), and what a start makes of it.

use std::borrow::Cow;

use super::generation::{Generation, Origin};
use super::history::{Held, Note, Served};
use super::load::Candidate;
use super::refusal::Refusal;
use super::slot::{Outcome, Slot, swap};
use super::{Registry, Wanted, builtin};

impl Registry {
    /// These bytes serve now.
    pub(super) fn remember(&self, slot: &Slot, new: &Candidate) {
        let Some(history) = &self.history else { return };
        let served = match &new.origin {
            Origin::Builtin => Served::Builtin,
            Origin::File(_) => Served::File(new.sha256.clone()),
        };
        let note = history.note(&slot.name);
        let before = if note.served.as_ref() == Some(&served) {
            note.before
        } else {
            note.served
        };
        let note = Note {
            served: Some(served),
            before,
            held: None,
        };
        history.keep(&slot.name, &note, Some(&new.bytes));
    }

    /// These bytes shall not serve, at a later start neither.
    pub(super) fn hold_back(&self, slot: &Slot, sha256: &str, held: Held, why: &Refusal) {
        let Some(history) = &self.history else { return };
        let note = Note {
            held: Some((sha256.to_owned(), held, why.public())),
            ..history.note(&slot.name)
        };
        history.keep(&slot.name, &note, None);
    }

    /// The file is gone: whatever comes next in its place is looked at anew.
    pub(super) fn let_go(&self, slot: &Slot) {
        slot.state().taken_back = None;
        let Some(history) = &self.history else { return };
        let note = Note {
            held: None,
            ..history.note(&slot.name)
        };
        history.keep(&slot.name, &note, None);
    }

    /// What served before serves again.
    pub(super) fn remember_going_back(&self, slot: &Slot) {
        let Some(history) = &self.history else { return };
        let note = history.note(&slot.name);
        let note = Note {
            served: note.before,
            before: None,
            held: note.held,
        };
        history.keep(&slot.name, &note, None);
    }

    /// Why an earlier process did not want these bytes, if the reason still counts and there is
    /// something to serve instead.
    pub(super) fn held_back(
        &self,
        slot: &Slot,
        new: &Candidate,
        wanted: &Wanted,
    ) -> Option<Refusal> {
        let note = self.history.as_ref()?.note(&slot.name);
        let (_, held, why) = note.held.filter(|(sha256, ..)| *sha256 == new.sha256)?;
        let recorder = self.recorder.settings();
        let counts = match held {
            Held::Differs => recorder.block_on_diff && recorder.on != Some(false),
            Held::Trapped => wanted.rollback_after > 0,
            Held::Broke | Held::ByHand => true,
        };
        let instead = note
            .served
            .filter(|served| *served != Served::File(new.sha256.clone()));
        (counts && instead.is_some()).then(|| Refusal::of_earlier(&why))
    }

    /// A start whose file is refused serves what served when the last process ended.
    pub(super) fn load_what_served_last(
        &self,
        slot: &Slot,
        refused: &Candidate,
        wanted: &Wanted,
    ) -> Option<Outcome> {
        let history = self.history.as_ref()?;
        let (origin, bytes) = match history.note(&slot.name).served? {
            Served::Builtin => (Origin::Builtin, Cow::Borrowed(builtin(&slot.name)?)),
            Served::File(sha256) if sha256 == refused.sha256 => return None,
            Served::File(sha256) => {
                let (path, bytes) = history.bytes(&slot.name, &sha256)?;
                (Origin::File(path), Cow::Owned(bytes))
            }
        };
        let sha256 = crate::wasm::sha256(&bytes);
        let built = self.build(slot, &origin, &bytes, &sha256, wanted).ok()?;
        let number = slot.state().number + 1;
        let generation = Generation::new(built, number, origin);
        tracing::warn!(
            transformer = slot.name,
            file = %refused.origin,
            "the file is refused; what served before the start serves again"
        );
        Some(swap(slot, generation.into(), bytes, refused.started))
    }
}
