//! Signatures of thoughts: from Gemini 3 on the first call of each step of the turn that runs must come back
//! with the one that it was given with.
//!
//! What this upstream signs says what it stands on, so that a signature on another part is found.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use crate::strict::{Findings, Rule, each, join};

static MISSING: Rule = Rule {
    id: "thought-signature",
    source: "refused in words: Function call is missing a thought_signature in functionCall parts; Google's \
             page on thought signatures: the first of parallel calls, in each step of the current turn",
};
static INVALID: Rule = Rule {
    id: "signature-in-its-place",
    source: "Google's page on thought signatures: as they were received, on the part they came with; \
             that this is checked so closely is a guess on the safe side",
};

/// Google's page on thought signatures: for calls that the model did not make.
const STAND_IN: &str = "skip_thought_signature_validator";

/// Whether a model signs its calls.
pub(super) fn signs(model: &str) -> bool {
    model.starts_with("gemini-3") || model.starts_with("gemini-4")
}

/// The signature of a call of this tool, or of this text, by its beginning, since names may be shortened:
/// sixteen characters that are base64.
pub(super) fn sign(on: &str) -> String {
    let on: String = on.chars().take(20).collect();
    let mut hasher = DefaultHasher::new();
    ("signed", on.as_str()).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What a part's signature should stand on. Clients may write arguments anew, so only the name counts.
fn stands_on(part: &Value) -> &str {
    let called = part.pointer("/functionCall/name");
    called.unwrap_or(&part["text"]).as_str().unwrap_or_default()
}

pub(super) fn check(model: &str, body: &Value, findings: &mut Findings) {
    let contents: Vec<(String, &Value)> = each(body, "", "contents").collect();
    // The turn that runs began with what the user said last, other than responses.
    let began = contents.iter().rposition(|(_, content)| {
        let mut parts = content["parts"].as_array().into_iter().flatten();
        content["role"] == "user" && parts.all(|part| part.get("functionResponse").is_none())
    });
    for (at, (path, content)) in contents.iter().enumerate() {
        let mut first_call = true;
        for (path, part) in each(content, path, "parts") {
            let call = part.get("functionCall").is_some();
            let needed = call && first_call && signs(model) && Some(at) > began;
            first_call &= !call;
            let path = join(&path, "thoughtSignature");
            match part["thoughtSignature"].as_str() {
                None => findings.expect(!needed, &MISSING, path, part.to_string()),
                Some(STAND_IN) => {
                    let proper = call && signs(model);
                    findings.expect(proper, &INVALID, path, "a stand-in");
                }
                Some(signature) => {
                    let proper = signature == sign(stands_on(part));
                    findings.expect(proper, &INVALID, path, format!("{signature} on {part}"));
                }
            }
        }
    }
}
