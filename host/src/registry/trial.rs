//! Trying a new version on recorded exchanges before it serves.

use std::sync::Arc;

use super::generation::{Built, Generation};
use super::history::Held;
use super::load::{Candidate, Looked, Ready};
use super::probation::Probation;
use super::refusal::Refusal;
use super::slot::{Outcome, Slot, keep, swap};
use super::{Registry, Wanted};
use crate::recorder::{self, Report, Tried};

impl Registry {
    /// Tries the new version on what was recorded and tells what differs. It is ready to go live, unless
    /// the configuration wants no version that differs.
    pub(super) fn tried_out(
        &self,
        slot: &Slot,
        built: Built,
        new: Candidate,
        wanted: &Wanted,
    ) -> Looked {
        let number = slot.state().number + 1;
        let generation = Generation::new(built, number, new.origin.clone());
        let generation = Arc::new(self.tried(slot, generation, wanted));
        let report = self.replay(slot, &generation, wanted);
        if let Some(refusal) = report
            .as_ref()
            .and_then(|report| breaks(report, |text| self.scrubbed(text)))
        {
            self.hold_back(slot, &new.sha256, Held::Broke, &refusal);
            return Looked::Done(keep(slot, Some(new.sha256), vec![refusal]));
        }
        // A version that was not tried on all of them was not shown to be the same.
        let doubtful = |report: &Report| report.differs() || report.same == 0 || report.skipped > 0;
        if let Some(report) = report.filter(doubtful)
            && self.recorder.settings().block_on_diff
        {
            let remedy = "switch recorder.block_on_diff off to let it go live";
            let what = if report.differs() {
                "it is not the same on recorded exchanges"
            } else {
                "it could not be tried on all recorded exchanges"
            };
            let refusal = Refusal::of_file(what, remedy);
            let refusal = refusal.with_inside(self.scrubbed(&report.to_string()));
            self.hold_back(slot, &new.sha256, Held::Differs, &refusal);
            return Looked::Done(keep(slot, Some(new.sha256), vec![refusal]));
        }
        Looked::Ready(Ready { generation, new })
    }

    /// Makes it current.
    pub(super) fn go_live(&self, slot: &Slot, ready: Ready) -> Outcome {
        let Ready { generation, new } = ready;
        self.remember(slot, &new);
        swap(slot, generation, new.bytes, new.started)
    }

    /// One that replaces another is new for a while; the first has nothing to go back to.
    fn tried(&self, slot: &Slot, generation: Generation, wanted: &Wanted) -> Generation {
        if wanted.rollback_after == 0 || slot.current().is_none() {
            return generation;
        }
        generation.on_probation(Probation::new(wanted.rollback_after, self.bell.clone()))
    }

    /// None when there is nothing to compare with.
    fn replay(&self, slot: &Slot, new: &Arc<Generation>, wanted: &Wanted) -> Option<Report> {
        slot.state().replayed = None;
        let old = slot.current()?;
        let recordings = self.recorder.recordings();
        if !recordings
            .iter()
            .any(|recording| recording.is_of(&slot.name))
        {
            return None;
        }
        let others = |name: &str| self.slot(name)?.current();
        let tried = Tried {
            name: &slot.name,
            old: &old,
            new,
            others: &others,
            limits: &wanted.limits,
        };
        let report = self.runtime.block_on(recorder::replay(&recordings, &tried));
        let (transformer, generation) = (&slot.name, new.number);
        // What differs is told with words of a client's body.
        let told = self.scrubbed(&report.to_string());
        if report.differs() || report.skipped > 0 {
            tracing::warn!(transformer, generation, "replay: {told}");
        } else {
            tracing::info!(transformer, generation, "replay: {told}");
        }
        slot.state().replayed = Some((new.component.sha256.clone(), told));
        Some(report)
    }
}

/// A version that breaks over what the one before it served is not let near the next exchange.
fn breaks(report: &Report, scrubbed: impl Fn(&str) -> String) -> Option<Refusal> {
    let (exchange, how) = report.broken.first()?;
    let count = match report.broken.len() {
        1 => "a recorded exchange".to_owned(),
        many => format!("{many} recorded exchanges"),
    };
    let message = format!("it breaks over {count} that the version before it serves");
    let remedy = format!(
        "mend it, with `transom guest record --id {exchange}` as a fixture; to have it all the same, take its file away, stop recording and put it back"
    );
    let inside = scrubbed(&format!("{exchange}: {how}; {}", report.counts()));
    Some(Refusal::of_file(message, remedy).with_inside(inside))
}
