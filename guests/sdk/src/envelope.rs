//! What a provider wants back verbatim with the conversation, in the member of a thinking block that clients
//! bring back unread: `signature`, or `data` of redacted thinking. So no state is kept in the host.
//!
//! An envelope is `th1.` and base64url of `{"provider","model","kind","payload"}`. It is not a secret
//! and not proof of anything: a payload goes back to the provider and model that it came from, no other.
//!
//! ```
//! use sdk::envelope;
//!
//! let context = sdk::test_context("m", true);
//! let signature = envelope::seal(&context, "thought", r#"["opaque"]"#);
//! assert!(envelope::is_one(&signature));
//! assert_eq!(envelope::open(&context, "thought", &signature).as_deref(), Some(r#"["opaque"]"#));
//! assert_eq!(envelope::open(&sdk::test_context("other", true), "thought", &signature), None);
//! ```

use crate::Context;
use crate::json::{Members, RawValue, Str, Writer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What an envelope begins with.
const PREFIX: &str = "th1.";

/// Puts `payload`, JSON text, into an envelope. `kind` says what it is.
pub fn seal(context: &Context, kind: &str, payload: &str) -> String {
    let mut text = String::with_capacity(payload.len() + 96);
    let mut object = Writer::object(&mut text);
    object
        .plain("provider", &context.provider)
        .plain("model", &context.model)
        .plain("kind", kind)
        .raw("payload", payload);
    object.end();
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(text))
}

/// The payload, if this is an envelope of that kind, of the provider and model that are asked now.
pub fn open(context: &Context, kind: &str, signature: &str) -> Option<String> {
    let text = URL_SAFE_NO_PAD
        .decode(signature.strip_prefix(PREFIX)?)
        .ok()?;
    let members: Members<'_> = crate::json::from_slice(&text).ok()?;
    let is = |name: &str, value: &str| {
        let said = members.get(name).map(RawValue::get);
        said.and_then(|said| crate::json::from_str::<Str<'_>>(said).ok())
            .is_some_and(|said| said == *value)
    };
    let ours = is("provider", &context.provider) && is("model", &context.model) && is("kind", kind);
    let payload = members.get("payload").filter(|_| ours)?;
    Some(payload.get().to_owned())
}

/// Whether a body of the Messages API holds an envelope, of whichever provider.
pub fn within(body: &[u8]) -> bool {
    memchr::memmem::find(body, format!("\"{PREFIX}").as_bytes()).is_some()
}

/// Whether this is an envelope, of whichever provider.
pub fn is_one(signature: &str) -> bool {
    signature.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_envelope_of_ours_is_ignored() {
        let context = crate::test_context("m", true);
        let sealed = seal(&context, "a", "1");
        assert_eq!(open(&context, "b", &sealed), None);
        for signature in ["", "th1.", "th1.!", "th1.e30", "EqQBCg", "th1.é"] {
            assert_eq!(open(&context, "a", signature), None, "{signature}");
        }
        assert!(!is_one("EqQBCg"));
        assert!(within(format!("{{\"data\":\"{sealed}\"}}").as_bytes()));
        assert!(!within(b"{\"text\":\"about th1.\"}"));
    }
}
