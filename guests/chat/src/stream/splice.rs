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
    /// The last frame with a delta, if it held nothing but one text.
    seen: Option<Envelope>,
    /// The rule the host has: for the block of this index, from this envelope.
    installed: Option<(u32, Envelope)>,
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
            self.seen = None;
            return;
        }
        let Some((thinking, literal)) = delta.only_literal(said) else {
            self.seen = None;
            return;
        };
        let Some(at) = offset_in(frame, literal) else {
            self.seen = None;
            return;
        };
        let (prefix, suffix) = (&frame[..at], &frame[at + literal.len()..]);
        let same = |seen: &Envelope| {
            (seen.thinking, &*seen.prefix, &*seen.suffix) == (thinking, prefix, suffix)
        };
        if !self.seen.as_ref().is_some_and(same) {
            self.seen = (!prefix.is_empty() && !suffix.is_empty()).then(|| Envelope {
                thinking,
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
            });
        }
    }

    /// The rules for the block that is open in `events`, if they are others than before. None for
    /// `events`: nothing may be spliced now.
    pub(crate) fn rules(&mut self, events: Option<&Events>) -> Option<Vec<SpliceRule>> {
        let wanted = self.seen.as_ref().and_then(|seen| {
            let block = events?.open_text_block(seen.thinking)?;
            Some((block, seen))
        });
        let same = match (&wanted, &self.installed) {
            (None, None) => true,
            (Some((block, seen)), Some((known, envelope))) => block == known && *seen == envelope,
            _ => false,
        };
        if same {
            return None;
        }
        let Some((block, seen)) = wanted else {
            self.installed = None;
            return Some(Vec::new());
        };
        let (emit_prefix, emit_suffix) = events?.delta_frame(seen.thinking);
        let rule = SpliceRule {
            match_prefix: seen.prefix.clone().into_bytes(),
            match_suffix: seen.suffix.clone().into_bytes(),
            emit_prefix: emit_prefix.into_bytes(),
            emit_suffix: emit_suffix.as_bytes().to_vec(),
        };
        self.installed = Some((block, seen.clone()));
        self.fruitless += 1;
        Some(vec![rule])
    }
}
