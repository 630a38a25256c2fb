//! A whole answer to an Anthropic message: thinking, then text, then calls.

use crate::line::{self, Line};
use chat::Names;
use sdk::json::Writer;
use sdk::{Context, Failure, failure};
use std::collections::BTreeSet;

/// Converts a 2xx body.
pub(crate) fn convert(context: &Context, names: &Names, body: &[u8]) -> Result<String, Failure> {
    let text = String::from_utf8_lossy(body);
    let answer = Line::parse(&text)
        .map_err(|_| failure::upstream("upstream answered with something else than JSON"))?;
    if answer.error.is_some() {
        return Err(line::failure(200, &text));
    }
    let Some(message) = &answer.message else {
        return Err(failure::upstream("upstream answered without a message"));
    };
    let mut out = String::with_capacity(body.len() + 256);
    let mut object = Writer::object(&mut out);
    object
        .plain("id", &sdk::message_id(context))
        .raw("type", r#""message""#)
        .raw("role", r#""assistant""#)
        .plain("model", &context.model);
    let mut content = Writer::list(object.member("content"));
    let (thinking, text) = (message.thinking(), message.text());
    if !thinking.is_empty() {
        let mut block = Writer::object(content.item());
        block
            .raw("type", r#""thinking""#)
            .text("thinking", &thinking)
            .raw("signature", r#""""#);
        block.end();
    }
    if !text.is_empty() {
        let mut block = Writer::object(content.item());
        block.raw("type", r#""text""#).text("text", &text);
        block.end();
    }
    let mut called = BTreeSet::new();
    for call in message.calls() {
        let mut block = Writer::object(content.item());
        block
            .raw("type", r#""tool_use""#)
            .plain("id", &call.id(context, &mut called))
            .plain("name", names.incoming(&call.function.name))
            .raw("input", &call.arguments());
        block.end();
    }
    content.end();
    object
        .plain("stop_reason", answer.stop_reason(!called.is_empty()).name())
        .raw("stop_sequence", "null");
    answer.usage(context).write(object.member("usage"));
    object.end();
    Ok(out)
}
