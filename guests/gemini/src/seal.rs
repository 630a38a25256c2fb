//! Signatures of thoughts, which Gemini wants back on the parts that it gave them with, in thinking blocks.
//!
//! Anthropic has a place for a signature on thinking only. So one is sealed into the thinking before the
//! part that had it, or into a block of redacted thinking: before a call, behind a text, which had ended by
//! the time that its signature came.

use sdk::{Context, envelope};

/// On which part a signature stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the part that follows: a call, mostly.
    Next,
    /// On the text before.
    Before,
}

impl Place {
    fn kind(self) -> &'static str {
        match self {
            Place::Next => "thought_signature",
            Place::Before => "thought_signature_of_text",
        }
    }
}

/// The envelope of a signature.
pub(crate) fn seal(context: &Context, place: Place, signature: &str) -> String {
    let mut payload = String::with_capacity(signature.len() + 2);
    sdk::json::quote_into(&mut payload, &sdk::json::Escaped::plain(signature));
    envelope::seal(context, place.kind(), &payload)
}

/// The signature in an envelope, as a JSON string, and where it belongs. None: it is of another provider or
/// model.
pub(crate) fn open(context: &Context, sealed: &str) -> Option<(Place, String)> {
    [Place::Next, Place::Before].into_iter().find_map(|place| {
        let payload = envelope::open(context, place.kind(), sealed)?;
        payload.starts_with('"').then_some((place, payload))
    })
}
