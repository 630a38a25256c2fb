//! Everything a guest was given, as text: what is not in it, no guest can know.

use sdk::{Context, Head};

/// What was given at the beginning.
pub(crate) fn given(options: &str, context: &Context) -> String {
    let variables: Vec<(String, String)> = std::env::vars().collect();
    let arguments: Vec<String> = std::env::args().collect();
    format!(
        "options: {options}\ncontext: {context:?}\nenvironment: {variables:?}\narguments: {arguments:?}\n"
    )
}

/// A head and a body.
pub(crate) fn answer(head: Option<&Head>, body: &[u8]) -> String {
    format!("head: {head:?}\nbody: {}\n", String::from_utf8_lossy(body))
}

/// An Anthropic message with this text.
pub(crate) fn message(context: &Context, text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut message = sdk::json::Writer::object(&mut out);
    message
        .plain("id", &format!("msg_{}", context.exchange_id))
        .raw("type", r#""message""#)
        .raw("role", r#""assistant""#)
        .plain("model", &context.model);
    let mut content = sdk::json::Writer::list(message.member("content"));
    let mut block = sdk::json::Writer::object(content.item());
    block.raw("type", r#""text""#).plain("text", text);
    block.end();
    content.end();
    message
        .raw("stop_reason", r#""end_turn""#)
        .raw("stop_sequence", "null")
        .raw("usage", r#"{"input_tokens":1,"output_tokens":1}"#);
    message.end();
    out.into_bytes()
}
