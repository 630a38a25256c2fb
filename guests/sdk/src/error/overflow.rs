//! Context overflow: Claude Code compacts the conversation only if it reads certain words. They come
//! first, then what the upstream said.

use super::Said;

const CODES: [&str; 5] = [
    "context_length_exceeded",
    "exceed_context_size_error",
    "max_tokens_exceeded",
    "string_too_long",
    "token_limit_exceeded",
];

const PHRASES: [&str; 17] = [
    "context_length_exceeded",
    "context window exceeds limit",
    "exceed context limit",
    "exceeded model token limit",
    "exceeds the available context size",
    "exceeds the context length",
    "exceeds the maximum number of tokens",
    "input is too long",
    "larger context length",
    "longer than the model's context length",
    "maximum context length",
    "maximum prompt length",
    "must be less than max_seq_len",
    "prompt exceeds max length",
    "prompt is too long",
    "range of input length should be",
    "reduce the length",
];

/// The message for an overflow, none if it is none.
pub(super) fn phrase(status: u16, said: &Said) -> Option<String> {
    let lower = said.message.to_lowercase();
    let worded = PHRASES.iter().any(|phrase| lower.contains(phrase));
    if !matches!(status, 400 | 413 | 422 | 500) || !(worded || said.any(&CODES)) {
        return None;
    }
    // The client knows these words as they are.
    if lower.starts_with("prompt is too long:") || lower.starts_with("input length and") {
        return Some(said.message.clone());
    }
    let mapped = match numbers(said, &lower) {
        Numbers::InputOutputLimit(input, output, limit) => format!(
            "input length and `max_tokens` exceed context limit: {input} + {output} > {limit}, \
             decrease input length or `max_tokens` and try again"
        ),
        Numbers::InputLimit(input, limit) => {
            format!("prompt is too long: {input} tokens > {limit} maximum")
        }
        Numbers::Unknown => "prompt is too long".to_owned(),
    };
    Some(format!("{mapped}. {}", said.message))
}

enum Numbers {
    InputOutputLimit(u64, u64, u64),
    InputLimit(u64, u64),
    Unknown,
}

fn numbers(said: &Said, lower: &str) -> Numbers {
    if let Some((prompt, context)) = said.tokens {
        return Numbers::InputLimit(prompt, context);
    }
    let limit = after(
        lower,
        &[
            "limit is ",
            "maximum context length is ",
            "context length of ",
            "context length of only ",
            "maximum prompt length is ",
            "max_seq_len (",
            "number of tokens allowed (",
            "token limit: ",
        ],
    )
    .or_else(|| before(lower, &[" maximum context length"]));
    let output = before(
        lower,
        &[
            " in the completion",
            " output tokens",
            " for the completion",
            " in the output",
        ],
    );
    let input = before(
        lower,
        &[
            " in the messages",
            " input tokens",
            " in the prompt",
            " tokens from the input",
            " of text input",
        ],
    )
    .or_else(|| {
        let markers = [
            "current length is ",
            "resulted in ",
            "requested ",
            "prompt contains ",
            "keep the first ",
            "prompt_tokens (",
            "input token count (",
            "requested: ",
            "request contains ",
        ];
        after(lower, &markers)
    });
    match (input, output, limit) {
        (Some(input), Some(output), Some(limit)) if input <= limit => {
            Numbers::InputOutputLimit(input, output, limit)
        }
        (Some(input), _, Some(limit)) if input > limit => Numbers::InputLimit(input, limit),
        _ => Numbers::Unknown,
    }
}

/// The number directly behind one of these texts.
fn after(text: &str, markers: &[&str]) -> Option<u64> {
    markers.iter().find_map(|marker| {
        let (_, rest) = text.split_once(marker)?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

/// The number directly before one of these texts, with `tokens` perhaps between.
fn before(text: &str, markers: &[&str]) -> Option<u64> {
    markers.iter().find_map(|marker| {
        let (rest, _) = text.split_once(marker)?;
        let rest = rest.trim_end_matches(" tokens");
        let start = rest
            .rfind(|c: char| !c.is_ascii_digit())
            .map_or(0, |at| at + 1);
        rest.get(start..)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<String> {
        let said = Said {
            message: text.to_owned(),
            ..Said::default()
        };
        phrase(400, &said)
    }

    #[test]
    fn numbers_decide_which_words_the_client_reads() {
        let cerebras = "Please reduce the length of the messages or completion. \
            Current length is 42328 while limit is 40000";
        assert!(message(cerebras).unwrap().starts_with(
            "prompt is too long: 42328 tokens > 40000 maximum. Please reduce the length"
        ));
        let openai = "This model's maximum context length is 128000 tokens. However, you requested \
            130000 tokens (100000 in the messages, 30000 in the completion).";
        assert!(message(openai).unwrap().starts_with(
            "input length and `max_tokens` exceed context limit: 100000 + 30000 > 128000,"
        ));
        assert_eq!(
            message("Input is too long.").unwrap(),
            "prompt is too long. Input is too long."
        );
    }

    #[test]
    fn what_other_providers_say_is_an_overflow_too() {
        for (said, begins) in [
            (
                "Invalid request: Your request exceeded model token limit: 262144 (requested: 280111)",
                "prompt is too long: 280111 tokens > 262144 maximum.",
            ),
            (
                "length of prompt_tokens (142328) must be less than max_seq_len (131072).",
                "prompt is too long: 142328 tokens > 131072 maximum.",
            ),
            (
                "The input token count (1048999) exceeds the maximum number of tokens allowed (1048576).",
                "prompt is too long: 1048999 tokens > 1048576 maximum.",
            ),
            (
                "This model's maximum prompt length is 131072 but the request contains 137812 tokens.",
                "prompt is too long: 137812 tokens > 131072 maximum.",
            ),
            (
                "Range of input length should be [1, 129024]",
                "prompt is too long. Range",
            ),
            (
                "invalid params, context window exceeds limit",
                "prompt is too long. invalid",
            ),
            ("Prompt exceeds max length", "prompt is too long. Prompt"),
        ] {
            let message = message(said).unwrap();
            assert!(
                message.starts_with(begins) && message.ends_with(said),
                "{message}"
            );
        }
    }

    #[test]
    fn other_errors_are_left_alone() {
        assert_eq!(message("property 'x' is unsupported"), None);
    }
}
