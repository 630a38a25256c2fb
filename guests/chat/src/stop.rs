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

/// What an answer holds beside its text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holds {
    /// Calls of tools.
    pub(crate) calls: bool,
    /// A refusal in words.
    pub(crate) refusal: bool,
    /// It ended at a stop string of the client's.
    pub(crate) at_stop: bool,
}

/// Reads a `finish_reason`.
pub(crate) fn finish(reason: &str, holds: Holds) -> Finish {
    Finish::Stop(match reason {
        "error" | "network_error" => return Finish::Error,
        "length" | "max_tokens" | "model_length" => StopReason::MaxTokens,
        "content_filter" | "safety" | "sensitive" => StopReason::Refusal,
        "model_context_window_exceeded" => StopReason::ContextWindow,
        // `stop` although tools were called, or the reverse: the blocks decide.
        _ if holds.calls => StopReason::ToolUse,
        _ if holds.refusal => StopReason::Refusal,
        _ if holds.at_stop => StopReason::StopSequence,
        _ => StopReason::EndTurn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: Holds = Holds {
        calls: true,
        refusal: false,
        at_stop: false,
    };

    #[test]
    fn the_blocks_decide_between_end_turn_and_tool_use() {
        assert_eq!(finish("stop", CALLS), Finish::Stop(StopReason::ToolUse));
        assert_eq!(
            finish("tool_calls", Holds::default()),
            Finish::Stop(StopReason::EndTurn)
        );
        assert_eq!(finish("length", CALLS), Finish::Stop(StopReason::MaxTokens));
        assert_eq!(finish("error", CALLS), Finish::Error);
    }
}
