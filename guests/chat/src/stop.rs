//! Why an answer stopped: `finish_reason` to `stop_reason`.

use sdk::events::StopReason;

/// What a `finish_reason` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The answer is complete.
    Stop(StopReason),
    /// The provider failed.
    Error,
}

/// Reads a `finish_reason`. `called`: the answer calls tools.
pub(crate) fn finish(reason: &str, called: bool) -> Finish {
    Finish::Stop(match reason {
        "error" | "network_error" => return Finish::Error,
        "length" | "model_length" => StopReason::MaxTokens,
        "content_filter" | "safety" | "sensitive" => StopReason::Refusal,
        "model_context_window_exceeded" => StopReason::ContextWindow,
        // `stop` although tools were called, or the reverse: the blocks decide.
        _ if called => StopReason::ToolUse,
        _ => StopReason::EndTurn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_decide_between_end_turn_and_tool_use() {
        assert_eq!(finish("stop", true), Finish::Stop(StopReason::ToolUse));
        assert_eq!(
            finish("tool_calls", false),
            Finish::Stop(StopReason::EndTurn)
        );
        assert_eq!(finish("length", true), Finish::Stop(StopReason::MaxTokens));
        assert_eq!(finish("error", true), Finish::Error);
    }
}
