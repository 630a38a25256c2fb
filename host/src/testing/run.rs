//! Runs a case in every way that must make no difference, and gives the verdict.

mod judge;
mod reached;
mod repeat;

pub(super) use judge::error_header;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::case::{Case, Flaw};
use super::finding::{Finding, Kind};
use super::outcome::Outcome;
use super::play::{Inputs, Play, Player, Reads, Way};
use crate::config::Limits;
use crate::wasm::{Component, Engine};

/// How many times a stream is cut at random.
const RANDOM_CUTS: u64 = 4;

/// Runs cases through one component.
pub struct Runner {
    player: Player,
    seed: u64,
}

impl Runner {
    /// Compiles the component. `seed` decides how streams are cut at random.
    ///
    /// Errors: why the bytes are no transformer.
    pub fn new(engine: &Engine, name: &str, bytes: &[u8], seed: u64) -> anyhow::Result<Self> {
        let player = Player::new(engine, name, bytes)?;
        Ok(Self { player, seed })
    }

    /// The same with a component that is compiled already, by this engine.
    pub fn of(engine: &Engine, component: Component, seed: u64) -> Self {
        let player = Player::of(engine, component);
        Self { player, seed }
    }

    /// The same with the limits of a configuration.
    #[must_use]
    pub fn with_limits(mut self, limits: Arc<Limits>) -> Self {
        self.player = self.player.with_limits(limits);
        self
    }

    /// What the cases run through.
    pub fn component(&self) -> &Arc<Component> {
        self.player.component()
    }

    /// Of the component's bytes, 64 lower-case hex digits.
    pub fn sha256(&self) -> &str {
        self.player.sha256()
    }

    /// Runs one case. Whatever is wrong with it or with the component is in the outcome.
    pub async fn run(&self, case: &Case) -> Outcome {
        let started = Instant::now();
        let (failures, play) = self.check(case).await;
        let mut notes = play
            .as_ref()
            .map(|play| play.notes.clone())
            .unwrap_or_default();
        let mut seen = BTreeSet::new();
        notes.retain(|note| seen.insert(note.clone()));
        Outcome {
            name: case.name.clone(),
            failures,
            notes,
            took: started.elapsed(),
            expects: judge::expects(case),
            compares_no_body: play
                .as_ref()
                .is_some_and(|play| judge::compares_no_body(case, play)),
            play,
        }
    }

    async fn check(&self, case: &Case) -> (Vec<Finding>, Option<Play>) {
        let wrong = |text: String| Finding::new(Kind::Case, text);
        if let Some(Flaw::Unreadable(why)) = &case.flaw {
            return (vec![wrong(why.clone())], None);
        }
        let misnamed = case.misnamed();
        if !misnamed.is_empty() {
            return (misnamed.into_iter().map(wrong).collect(), None);
        }
        let broken = judge::broken_files(case);
        if !broken.is_empty() {
            return (broken.into_iter().map(wrong).collect(), None);
        }
        let inputs = match Inputs::of(case, self.player.name()) {
            Ok(inputs) => inputs,
            Err(why) => return (vec![wrong(why)], None),
        };
        let first = self.player.play(&inputs, Way::FIRST).await;
        if let Some(fault) = &first.fault {
            let fault = Finding::new(Kind::Fault, fault.clone());
            return (vec![fault], Some(first));
        }
        let mut failures = judge::failures(case, &inputs, &first);
        failures.extend(self.repeated(&inputs, &first).await);
        // Where what came can never be right, another file is not what is missing.
        let sound = failures.iter().all(|one| one.kind == Kind::Unexpected);
        if case.flaw == Some(Flaw::NoPlan) && sound {
            failures.push(Finding::new(
                Kind::Unexpected,
                format!(
                    "{} has no case.json5: write {{ why: \"...\", source: \"...\" }} into it, or let --accept make one",
                    case.dir.display()
                ),
            ));
        }
        (failures, Some(first))
    }

    /// Once more in the same way, and a stream in every other one. The first difference ends it.
    async fn repeated(&self, inputs: &Inputs, first: &Play) -> Option<Finding> {
        let again = self.player.play(inputs, Way::FIRST).await;
        if let Some(finding) = repeat::same_bytes(first, &again) {
            return Some(finding);
        }
        for way in other_ways(inputs, self.seed) {
            let other = self.player.play(inputs, way).await;
            if let Some(finding) = repeat::same_events(first, &other, way) {
                return Some(finding);
            }
        }
        None
    }
}

/// The ways to run a stream that must make no difference, but the first; none for what is whole.
pub(super) fn other_ways(inputs: &Inputs, seed: u64) -> Vec<Way> {
    if !inputs
        .upstream
        .as_ref()
        .is_some_and(|upstream| upstream.form.is_stream())
    {
        return Vec::new();
    }
    let random = (0..RANDOM_CUTS).map(|n| Reads::Random(seed.wrapping_add(n)));
    [Reads::Whole, Reads::Frames, Reads::Single]
        .into_iter()
        .chain(random)
        .flat_map(|reads| [true, false].map(|rules| Way { reads, rules }))
        .filter(|way| *way != Way::FIRST)
        .collect()
}
