//! Why an answer ended: `status` and `incomplete_details` to a stop reason, or to a failure.

use crate::event::Response;
use sdk::events::StopReason;
use sdk::{Failure, failure};

/// Reads how a response ended. Errors: it did not, or it failed.
pub(crate) fn finish(
    response: &Response<'_>,
    called: bool,
    refused: bool,
) -> Result<StopReason, Failure> {
    if let Some(error) = response.error {
        return Err(crate::error::in_answer(&format!("{{\"error\":{error}}}")));
    }
    match response.status.as_deref() {
        Some("failed") => return Err(failure::upstream("upstream ended its answer with an error")),
        Some("cancelled") => return Err(failure::upstream("upstream cancelled its answer")),
        Some("incomplete") => {}
        // Servers that say none say it by the event.
        Some("completed") | None => {
            return Ok(match (called, refused) {
                (true, _) => StopReason::ToolUse,
                (false, true) => StopReason::Refusal,
                (false, false) => StopReason::EndTurn,
            });
        }
        Some(other) => {
            let message = format!("upstream answered with a response that is {other}");
            return Err(failure::upstream(message));
        }
    }
    match response.incomplete_reason() {
        Some("max_output_tokens" | "max_tokens") => Ok(StopReason::MaxTokens),
        Some("content_filter") => Ok(StopReason::Refusal),
        Some(reason) => {
            let message = format!("upstream ended its answer with {reason}");
            Err(failure::upstream(message))
        }
        None => Err(failure::upstream("upstream did not complete its answer")),
    }
}
