//! OpenAI's chat completions in the shape that Cerebras sends: `role` alone first, then content,
//! then finish, usage and times in one chunk, then `[DONE]`.

use super::script::Format;

/// Occurs once in each content event of a stream and nowhere else.
pub(crate) const CONTENT_MARK: &[u8] = b"\"content\":";

const ID: &str = r#""id":"chatcmpl-7a1f2c9e-0b3d-4f7a-9c55-2d7d3d1c8e10""#;
const COMMON: &str =
    r#""created":1790000000,"model":"bench","system_fingerprint":"fp_b1a52cbfb1d58fc5f3d0""#;

pub(crate) fn format(text: &str, events: usize) -> Format {
    let chunk = |choice: &str, more: &str| {
        format!(
            "data: {{{ID},\"choices\":[{choice}],{COMMON},\"object\":\"chat.completion.chunk\"{more}}}\n\n"
        )
    };
    let usage = format!(
        r#","usage":{{"prompt_tokens":100,"completion_tokens":{events},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0}}}},"time_info":{{"queue_time":0.0001,"prompt_time":0.002,"completion_time":0.1,"total_time":0.1021,"created":1790000000}}"#,
        events + 100
    );
    let message = r#"{"finish_reason":"stop","index":0,"message":{"content":"Hello from the mock.","role":"assistant"}}"#;
    Format {
        whole: format!(
            r#"{{{ID},"choices":[{message}],{COMMON},"object":"chat.completion"{usage}}}"#
        ),
        opening: chunk(r#"{"delta":{"role":"assistant"},"index":0}"#, ""),
        event: chunk(
            &format!(r#"{{"delta":{{"content":"{text}"}},"index":0}}"#),
            "",
        ),
        ending: chunk(r#"{"delta":{},"finish_reason":"stop","index":0}"#, &usage)
            + "data: [DONE]\n\n",
    }
}
