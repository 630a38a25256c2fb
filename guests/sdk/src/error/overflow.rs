//! Context overflow: Claude Code compacts the conversation only if it reads certain words. They come
//! first, then what the upstream said.

use super::Said;

const CODES: [&str; 6] = [
    "context_length_exceeded",
    "exceed_context_size_error",
    "max_tokens_exceeded",
    "model_max_prompt_tokens_exceeded",
    "string_too_long",
    "token_limit_exceeded",
];

const PHRASES: [&str; 28] = [
    "`max_new_tokens` must be <=",
    "cannot truncate prompt",
    "context size has been exceeded",
    "context window exceeds limit",
    "context_length_exceeded",
    "exceed context limit",
    "exceeded max context length",
    "exceeded model token limit",
    "exceeds the available context size",
    "exceeds the context length",
    "exceeds the maximum number of tokens",
    "greater than the context length",
    "input token count is",
    "input is too long",
    "input token length too long",
    "larger context length",
    "longer than the maximum model length",
    "longer than the model's context length",
    "max_seq_len",
    "maximum context length",
    "maximum prompt length is",
    "maximum supported sequence length",
    "prompt exceeds max length",
    "prompt is too long",
    "prompt token count of",
    "range of input length should be",
    "reduce the length",
    "total message size",
];

/// Anthropic's own words where input and output together are too long. Providers that serve its models put theirs before.
const BOTH: &str = "input length and `max_tokens` exceed context limit:";

/// The message for an overflow, none if it is none.
pub(super) fn phrase(status: u16, said: &Said) -> Option<String> {
    let lower = said.message.to_lowercase();
    let worded = PHRASES.iter().any(|phrase| lower.contains(phrase));
    if !matches!(status, 400 | 413 | 422 | 500) || !(worded || said.any(&CODES)) {
        return None;
    }
    // The client knows these words as they are.
    if lower.starts_with("prompt is too long:") {
        return Some(said.message.clone());
    }
    if let Some(at) = said.message.find(BOTH) {
        return Some(said.message[at..].to_owned());
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

/// Where providers write the limit.
const BEFORE_LIMIT: [&str; 17] = [
    "configured limit of ",
    "context length of ",
    "context length of only ",
    "exceeds the limit of ",
    "input length should be [1, ",
    "limit is ",
    "max_seq_len (",
    "maximum context length is ",
    "maximum context length: ",
    "maximum prompt length is ",
    "maximum model length of ",
    "n_ctx (",
    "n_ctx: ",
    "must be <= ",
    "number of tokens allowed ",
    "number of tokens allowed (",
    "only supports up to ",
];

/// Where they write what was to be put out.
const BEFORE_OUTPUT: [&str; 1] = ["max_completion_tokens' is too large: "];
const BEHIND_OUTPUT: [&str; 5] = [
    " `max_new_tokens`",
    " in the completion",
    " output tokens",
    " for the completion",
    " in the output",
];

/// Where they write how long the input is.
const BEHIND_INPUT: [&str; 4] = [
    " in the messages",
    " input tokens",
    " in the prompt",
    " tokens from the input",
];
/// OpenRouter gives its kinds one by one.
const KINDS_OF_INPUT: [&str; 3] = [" of text input", " of tool input", " of image input"];
const BEFORE_INPUT: [&str; 15] = [
    "current length is ",
    "given: ",
    "input token count (",
    "input token count is ",
    "request contains ",
    "resulted in ",
    "requested ",
    "prompt contains ",
    "prompt token count of ",
    "prompt is too long: ",
    "prompt (length ",
    "keep the first ",
    "n_keep (",
    "n_keep: ",
    "prompt_tokens (",
];

/// Where they write what both come to.
const BEFORE_SUM: [&str; 2] = ["requested about ", "requested "];

fn numbers(said: &Said, lower: &str) -> Numbers {
    if let Some((prompt, context)) = said.tokens {
        return Numbers::InputLimit(prompt, context);
    }
    let limit = after(lower, &BEFORE_LIMIT).or_else(|| before(lower, &[" maximum context length"]));
    let output = before(lower, &BEHIND_OUTPUT).or_else(|| after(lower, &BEFORE_OUTPUT));
    let input = before(lower, &BEHIND_INPUT)
        .or_else(|| kinds(lower))
        .or_else(|| after(lower, &BEFORE_INPUT));
    match (input, output, limit) {
        (Some(input), _, Some(limit)) if input > limit => Numbers::InputLimit(input, limit),
        (Some(input), Some(output), Some(limit)) if input.saturating_add(output) > limit => {
            Numbers::InputOutputLimit(input, output, limit)
        }
        (_, Some(output), Some(limit)) => rest_of_sum(lower, output, limit),
        _ => Numbers::Unknown,
    }
}

/// The input as its kinds come to.
fn kinds(text: &str) -> Option<u64> {
    let found = KINDS_OF_INPUT
        .iter()
        .filter_map(|kind| before(text, &[kind]));
    found.reduce(u64::saturating_add)
}

/// Where a part of the input is in words that are not known: it is what the sum has beside the output. A client that is
/// told too little asks again for as much.
fn rest_of_sum(text: &str, output: u64, limit: u64) -> Numbers {
    let sum = after(text, &BEFORE_SUM).filter(|sum| *sum > limit);
    match sum.and_then(|sum| sum.checked_sub(output)) {
        Some(input) if input > limit => Numbers::InputLimit(input, limit),
        Some(input) => Numbers::InputOutputLimit(input, output, limit),
        None => Numbers::Unknown,
    }
}

/// The number directly behind one of these texts.
fn after(text: &str, markers: &[&str]) -> Option<u64> {
    markers.iter().find_map(|marker| {
        let (_, rest) = text.split_once(marker)?;
        let end = rest.find(|c: char| !digit(c)).unwrap_or(rest.len());
        number(&rest[..end])
    })
}

/// The number directly before one of these texts, with `tokens` perhaps between.
fn before(text: &str, markers: &[&str]) -> Option<u64> {
    let found = markers.iter().flat_map(|marker| text.match_indices(marker));
    found.map(|(at, _)| &text[..at]).find_map(|rest| {
        let rest = rest.trim_end_matches(" tokens");
        let start = rest.rfind(|c: char| !digit(c));
        number(rest.get(start.map_or(0, |at| at + 1)..)?)
    })
}

/// Whether it may stand in a number: some write `128,000`.
fn digit(c: char) -> bool {
    c.is_ascii_digit() || c == ','
}

fn number(digits: &str) -> Option<u64> {
    digits.replace(',', "").parse().ok()
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
        let vllm = "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is \
            32768 tokens and your request has 10000 input tokens (32000 > 32768 - 10000).";
        assert!(message(vllm).unwrap().starts_with(
            "input length and `max_tokens` exceed context limit: 10000 + 32000 > 32768,"
        ));
        for (text, numbers) in [
            (
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                "1200000 tokens > 1048576 maximum",
            ),
            (
                "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
                "140000 tokens > 131072 maximum",
            ),
            (
                "The maximum context length is 128,000 tokens. However, your prompt contains 130,512 tokens.",
                "130512 tokens > 128000 maximum",
            ),
            (
                "prompt token count of 140000 exceeds the limit of 128000",
                "140000 tokens > 128000 maximum",
            ),
            (
                "The prompt is too long: 200001, model maximum context length: 131071",
                "200001 tokens > 131071 maximum",
            ),
        ] {
            let told = format!("prompt is too long: {numbers}. {text}");
            assert_eq!(message(text), Some(told));
        }
        let gemini = "The input token count (1091639) exceeds the maximum number of tokens allowed (1048576).";
        assert!(message(gemini).unwrap().starts_with(
            "prompt is too long: 1091639 tokens > 1048576 maximum. The input token count"
        ));
        assert_eq!(
            message("Input is too long.").unwrap(),
            "prompt is too long. Input is too long."
        );
    }

    #[test]
    fn every_kind_of_input_counts() {
        let limit = "This endpoint's maximum context length is 262144 tokens. However, you requested about 291942 tokens";
        for kinds in [
            "(227440 of text input, 32502 of tool input, 32000 in the output)",
            "(227440 of text input, 32502 of another input, 32000 in the output)",
        ] {
            let told = message(&format!("{limit} {kinds}.")).unwrap();
            let words =
                "input length and `max_tokens` exceed context limit: 259942 + 32000 > 262144,";
            assert!(told.starts_with(words), "{told}");
        }
        let told = message(&format!("{limit} (300000 of tool input, 9 in the output)"));
        assert!(
            told.unwrap()
                .starts_with("prompt is too long: 300000 tokens > 262144 maximum.")
        );
    }

    #[test]
    fn numbers_that_are_no_overflow_are_not_told() {
        let said = "This endpoint's maximum context length is 1000 tokens. However, you asked for some \
            (10 of text input, 20 in the output).";
        assert_eq!(
            message(said).unwrap(),
            format!("prompt is too long. {said}")
        );
    }

    #[test]
    fn both_may_be_named_behind_the_limit() {
        let tgi = "`inputs` tokens + `max_new_tokens` must be <= 32768. Given: 20000 `inputs` tokens and 16000 `max_new_tokens`";
        assert!(message(tgi).unwrap().starts_with(
            "input length and `max_tokens` exceed context limit: 20000 + 16000 > 32768,"
        ));
    }

    #[test]
    fn words_that_the_client_knows_are_found_behind_a_prefix() {
        let known = "input length and `max_tokens` exceed context limit: 150000 + 60000 > 200000, decrease it";
        let told = message(&format!("The model returned the following errors: {known}"));
        assert_eq!(told.as_deref(), Some(known));
    }

    #[test]
    fn other_errors_are_left_alone() {
        assert_eq!(message("property 'x' is unsupported"), None);
    }
}
