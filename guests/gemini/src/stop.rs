//! Why an answer ended: `finishReason` to a stop reason, or to a failure.
//!
//! Source: `FinishReason` of google-genai 3.4.0.

use crate::chunk::Candidate;
use sdk::events::StopReason;
use sdk::host::{Level, log};
use sdk::json::Escaped;
use sdk::{Failure, failure};

/// Reads a reason. `called`: tools are called. None: the answer goes on. Errors: it is no answer.
pub(crate) fn finish(
    candidate: &Candidate<'_>,
    called: bool,
) -> Result<Option<StopReason>, Failure> {
    let Some(reason) = candidate.finish_reason.as_deref() else {
        return Ok(None);
    };
    Ok(Some(match reason {
        // The same for answers that call tools.
        "STOP" if called => StopReason::ToolUse,
        "STOP" => StopReason::EndTurn,
        "MAX_TOKENS" | "CONTINUATION" => StopReason::MaxTokens,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => StopReason::Refusal,
        "MISSING_THOUGHT_SIGNATURE" => return Err(failure::invalid(words(candidate, reason))),
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "OTHER"
        | "IMAGE_OTHER"
        | "NO_IMAGE"
        | "FINISH_REASON_UNSPECIFIED" => return Err(failure::upstream(words(candidate, reason))),
        other => {
            log(Level::Warn, &format!("an unknown finishReason: {other}"));
            if called {
                StopReason::ToolUse
            } else {
                StopReason::EndTurn
            }
        }
    }))
}

/// What Gemini says of it, else the reason by its name.
fn words(candidate: &Candidate<'_>, reason: &str) -> String {
    let said = candidate.finish_message.and_then(Escaped::of);
    match said.map(|said| said.unescape().into_owned()) {
        Some(said) if !said.is_empty() => said,
        _ => format!("upstream ended its answer with {reason}"),
    }
}
