//! The walk over a body that is counted: which texts it holds, as a model reads them, and what else takes room. Base64 is
//! never text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::image;
use crate::head::{IMAGE_TOKENS, Message, plain};

/// What a message and a tool take beside their text: who speaks, and where it ends.
const AROUND: u32 = 4;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    messages: Vec<Message<'b>>,
    #[serde(borrow)]
    system: Option<&'b RawValue>,
    #[serde(borrow, default)]
    tools: Option<Vec<&'b RawValue>>,
}

#[derive(Deserialize)]
struct Block<'b> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'b, str>>,
    #[serde(borrow)]
    text: Option<&'b RawValue>,
    #[serde(borrow)]
    thinking: Option<&'b RawValue>,
    #[serde(borrow)]
    content: Option<&'b RawValue>,
    #[serde(borrow)]
    name: Option<&'b RawValue>,
    #[serde(borrow)]
    input: Option<&'b RawValue>,
    #[serde(borrow)]
    source: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct Source<'b> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'b, str>>,
    #[serde(borrow)]
    data: Option<&'b RawValue>,
}

/// Tokens of a request, given those of a text. None: it does not have the form of one.
pub(super) fn request(body: &[u8], count: impl Fn(&str) -> u32) -> Option<u32> {
    let body: Body<'_> = serde_json::from_slice(body).ok()?;
    let scale = Scale { count };
    let mut tokens = body.system.map_or(0, |system| scale.content(system));
    for message in &body.messages {
        let content = message.content.map_or(0, |content| scale.content(content));
        tokens = tokens.saturating_add(content).saturating_add(AROUND);
    }
    for tool in body.tools.unwrap_or_default() {
        let tool = (scale.count)(tool.get());
        tokens = tokens.saturating_add(tool).saturating_add(AROUND);
    }
    Some(tokens)
}

struct Scale<F> {
    count: F,
}

impl<F: Fn(&str) -> u32> Scale<F> {
    /// A string, or blocks.
    fn content(&self, content: &RawValue) -> u32 {
        if content.get().starts_with('"') {
            return self.text(Some(content));
        }
        let blocks: Vec<&RawValue> = serde_json::from_str(content.get()).unwrap_or_default();
        let tokens = blocks.into_iter().map(|block| self.block(block));
        tokens.fold(0, u32::saturating_add)
    }

    fn block(&self, raw: &RawValue) -> u32 {
        let Ok(block) = serde_json::from_str::<Block<'_>>(raw.get()) else {
            return (self.count)(raw.get());
        };
        match block.kind.as_deref().unwrap_or_default() {
            "text" => self.text(block.text),
            "thinking" => self.text(block.thinking),
            // What is in it, nobody but the provider knows.
            "redacted_thinking" => 0,
            "image" => self.source(block.source, image::tokens),
            "document" => self.source(block.source, |_| IMAGE_TOKENS),
            "tool_use" => {
                let input = block.input.map_or(0, |input| (self.count)(input.get()));
                self.text(block.name).saturating_add(input)
            }
            "tool_result" => block.content.map_or(0, |content| self.content(content)),
            _ => (self.count)(raw.get()),
        }
    }

    fn text(&self, literal: Option<&RawValue>) -> u32 {
        literal.map_or(0, |literal| (self.count)(&plain(literal.get())))
    }

    /// What stands in a source: text, or media that `weigh` knows by their base64.
    fn source(&self, source: Option<&RawValue>, weigh: impl Fn(&str) -> u32) -> u32 {
        let source = source.map(|source| serde_json::from_str::<Source<'_>>(source.get()));
        let Some(Ok(source)) = source else {
            return IMAGE_TOKENS;
        };
        match (source.kind.as_deref(), source.data) {
            (Some("text"), data) => self.text(data),
            (_, Some(data)) => weigh(data.get().trim_matches('"')),
            (_, None) => IMAGE_TOKENS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token a byte.
    fn bytes(body: &str) -> Option<u32> {
        request(body.as_bytes(), |text| u32::try_from(text.len()).unwrap())
    }

    #[test]
    fn texts_count_wherever_they_stand() {
        let body = r#"{"model":"m","system":[{"type":"text","text":"12"}],"messages":[
            {"role":"user","content":"3\n"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"45","signature":"long"},
                {"type":"redacted_thinking","data":"long"},{"type":"tool_use","id":"long","name":"67","input":{"a":1}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"long","content":[{"type":"text","text":"89"}]}]}
        ],"tools":[{"name":"n"}]}"#;
        let text = 2 + 2 + 2 + 2 + r#"{"a":1}"#.len() + 2 + r#"{"name":"n"}"#.len();
        assert_eq!(bytes(body), Some(text as u32 + 4 * AROUND));
    }

    #[test]
    fn media_count_by_what_they_are_and_never_as_text() {
        let data = "A".repeat(10_000);
        let of = |block: &str| {
            let body = format!(r#"{{"messages":[{{"role":"user","content":[{block}]}}]}}"#);
            bytes(&body).unwrap() - AROUND
        };
        let base64 = format!(r#"{{"type":"base64","media_type":"x","data":"{data}"}}"#);
        for kind in ["image", "document"] {
            let block = format!(r#"{{"type":"{kind}","source":{base64}}}"#);
            assert_eq!(of(&block), IMAGE_TOKENS, "{kind}");
        }
        assert_eq!(
            of(r#"{"type":"image","source":{"type":"url","url":"u"}}"#),
            IMAGE_TOKENS
        );
        assert_eq!(
            of(r#"{"type":"document","source":{"type":"text","data":"four"}}"#),
            4
        );
    }
}
