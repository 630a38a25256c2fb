//! Anthropic's Messages API: one text block between `message_start` and `message_stop`.

use super::script::Format;

/// Occurs once in each content event of a stream and nowhere else.
pub(crate) const CONTENT_MARK: &[u8] = b"\"text_delta\"";

pub(crate) fn format(text: &str, events: usize) -> Format {
    let event = |name: &str, fields: &str| {
        format!("event: {name}\ndata: {{\"type\":\"{name}\"{fields}}}\n\n")
    };
    let message = |content: &str, stop: &str, output: usize| {
        format!(
            r#"{{"id":"msg_01BenchBenchBenchBenchBe","type":"message","role":"assistant","model":"bench","content":[{content}],"stop_reason":{stop},"stop_sequence":null,"usage":{{"input_tokens":100,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{output}}}}}"#
        )
    };
    let start = format!(r#","message":{}"#, message("", "null", 0));
    let block = r#","index":0,"content_block":{"type":"text","text":""}"#;
    let delta = format!(r#","index":0,"delta":{{"type":"text_delta","text":"{text}"}}"#);
    let finish = format!(
        r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{events}}}"#
    );
    Format {
        whole: message(
            r#"{"type":"text","text":"Hello from the mock."}"#,
            r#""end_turn""#,
            events,
        ),
        opening: event("message_start", &start) + &event("content_block_start", block),
        event: event("content_block_delta", &delta),
        ending: event("content_block_stop", r#","index":0"#)
            + &event("message_delta", &finish)
            + &event("message_stop", ""),
    }
}
