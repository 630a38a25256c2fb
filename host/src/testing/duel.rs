//! Two components on the same cases: where they differ, whatever is expected.

use super::case::{Case, Flaw};
use super::play::{Inputs, Player, Way};
use super::run::other_ways;
use super::shape::shape;
use crate::recorder::{Change, changes};
use crate::wasm::Engine;

/// Of the random cuts, so that the same command says the same.
const SEED: u64 = 1;

/// Two components that get the same bytes and the same context.
pub struct Duel {
    old: Player,
    new: Player,
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same request and the same answer.
    Same,
    /// Where they differ: `/request/…` as the upstream gets it, `/answer/…` as the client does.
    Differs(Vec<Change>),
    /// They differ only where the stream is cut otherwise than all at once: in these ways, and where in
    /// the first of them.
    DiffersCut(Vec<String>, Vec<Change>),
    /// The case cannot be run; why.
    Untried(String),
}

impl Duel {
    /// Compiles both. `name` is what cases call the provider unless they say otherwise.
    ///
    /// Errors: why the bytes of one are no transformer.
    pub fn new(engine: &Engine, name: &str, old: &[u8], new: &[u8]) -> anyhow::Result<Self> {
        let player = |which: &str, bytes: &[u8]| {
            let player = Player::new(engine, name, bytes);
            player.map_err(|error| error.context(format!("the {which} component")))
        };
        Ok(Self {
            old: player("old", old)?,
            new: player("new", new)?,
        })
    }

    /// The sha256 of the old and of the new component.
    pub fn sha256(&self) -> (&str, &str) {
        (self.old.sha256(), self.new.sha256())
    }

    /// Runs one case through both.
    pub async fn run(&self, case: &Case) -> Verdict {
        if let Some(Flaw::Unreadable(why)) = &case.flaw {
            return Verdict::Untried(why.clone());
        }
        let inputs = match Inputs::of(case, self.new.name()) {
            Ok(inputs) => inputs,
            Err(why) => return Verdict::Untried(why),
        };
        let changes = self.changes(&inputs, Way::FIRST).await;
        if !changes.is_empty() {
            return Verdict::Differs(changes);
        }
        let (mut ways, mut first) = (Vec::new(), Vec::new());
        for way in other_ways(&inputs, SEED) {
            let changes = self.changes(&inputs, way).await;
            if !changes.is_empty() {
                ways.push(way.to_string());
            }
            if first.is_empty() {
                first = changes;
            }
        }
        if ways.is_empty() {
            Verdict::Same
        } else {
            Verdict::DiffersCut(ways, first)
        }
    }

    async fn changes(&self, inputs: &Inputs, way: Way) -> Vec<Change> {
        let old = self.old.play(inputs, way).await;
        let new = self.new.play(inputs, way).await;
        changes(&shape(&old), &shape(&new))
    }
}
