//! The signature of a thought that Gemini's chat completions put on a call and want back with it:
//! `extra_content.google.thought_signature`. It travels in redacted thinking before the call, as with Gemini's own API.

use sdk::json::{Members, RawValue};
use sdk::{Context, envelope};

const KIND: &str = "thought_signature";

/// The signature in a call's `extra_content`, as a JSON string.
pub(crate) fn within(extra_content: Option<&RawValue>) -> Option<String> {
    let extra: Members<'_> = sdk::json::from_str(extra_content?.get()).ok()?;
    let google: Members<'_> = sdk::json::from_str(extra.get("google")?.get()).ok()?;
    let signature = google.get("thought_signature")?.get();
    (signature.starts_with('"') && signature.len() > 2).then(|| signature.to_owned())
}

/// The envelope of a signature, a JSON string.
pub(crate) fn seal(context: &Context, signature: &str) -> String {
    envelope::seal(context, KIND, signature)
}

/// The signature in an envelope, as a JSON string. None: it is of another provider or model.
pub(crate) fn open(context: &Context, sealed: &str) -> Option<String> {
    envelope::open(context, KIND, sealed).filter(|payload| payload.starts_with('"'))
}
