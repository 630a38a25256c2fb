//! Splice rules: when the upstream's envelope around the text does not change from chunk to chunk,
//! the host may pass such chunks on by itself.

use super::chunk::{Delta, Said};
use sdk::SpliceRule;
use sdk::events::Events;
use sdk::json::offset_in;

/// After so many rules that never matched, no more are made.
const FRUITLESS_MOST: u32 = 3;

/// An upstream frame around one literal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Envelope {
    thinking: bool,
    prefix: String,
    suffix: String,
}

/// What is known of the upstream's frames.
#[derive(Debug, Default)]
pub(crate) struct Splice {
    /// The last frame of the push, if it held nothing but one text.
    seen: Option<Envelope>,
    installed: Option<SpliceRule>,
    fruitless: u32,
}

impl Splice {
    /// The host has passed on `count` frames by the rule.
    pub(crate) fn spliced(&mut self, count: u32) {
        if count > 0 {
            self.fruitless = 0;
        }
    }

    /// Looks at a frame that holds a delta without calls.
    pub(crate) fn learn(&mut self, frame: &str, delta: &Delta<'_>, said: &Said<'_>) {
        if self.fruitless > FRUITLESS_MOST {
            return;
        }
        self.seen = delta.only_literal(said).and_then(|(thinking, literal)| {
            let at = offset_in(frame, literal)?;
            let (prefix, suffix) = (&frame[..at], &frame[at + literal.len()..]);
            (!prefix.is_empty() && !suffix.is_empty()).then(|| Envelope {
                thinking,
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
            })
        });
    }

    /// The rules for the block that is open in `events`, if they are others than before. None for
    /// `events`: nothing may be spliced now.
    pub(crate) fn rules(&mut self, events: Option<&Events>) -> Option<Vec<SpliceRule>> {
        let rule = self.rule(events);
        if rule == self.installed {
            return None;
        }
        if rule.is_some() {
            self.fruitless += 1;
        }
        self.installed.clone_from(&rule);
        Some(rule.into_iter().collect())
    }

    fn rule(&self, events: Option<&Events>) -> Option<SpliceRule> {
        let seen = self.seen.as_ref()?;
        let (emit_prefix, emit_suffix) = if seen.thinking {
            events?.thinking_frame()?
        } else {
            events?.text_frame()?
        };
        Some(SpliceRule {
            match_prefix: seen.prefix.clone().into_bytes(),
            match_suffix: seen.suffix.clone().into_bytes(),
            emit_prefix: emit_prefix.into_bytes(),
            emit_suffix: emit_suffix.as_bytes().to_vec(),
        })
    }
}
