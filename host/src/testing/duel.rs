//! Two components on the same cases: where they differ, whatever is expected.

use super::case::{Case, Flaw};
use super::play::{Inputs, Player, Way};
use super::shape::shape;
use crate::recorder::{Change, changes};
use crate::wasm::Engine;

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
        let old = self.old.play(&inputs, Way::FIRST).await;
        let new = self.new.play(&inputs, Way::FIRST).await;
        let changes = changes(&shape(&old), &shape(&new));
        if changes.is_empty() {
            Verdict::Same
        } else {
            Verdict::Differs(changes)
        }
    }
}
