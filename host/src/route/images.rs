//! Images for a model that reads text only: words in their place, which tell the model and, by it, the
//! user. A request is never refused for an image.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::edits::Edit;
use crate::config::Provider;
use crate::head::{Message, blocks, range_in};

/// It is known that this model takes no images.
pub(super) fn is_blind(provider: &Provider, model: &str) -> bool {
    let mut models = provider.models.iter();
    let known = models.find(|known| known.id.eq_ignore_ascii_case(model));
    let vision = match known {
        Some(known) => known.vision,
        None => provider.model(model).and_then(|known| known.vision),
    };
    vision == Some(false)
}

/// Puts words in the place of every image.
pub(super) fn words(body: &[u8], model: &str) -> Vec<Edit> {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        messages: Vec<Message<'b>>,
    }
    let Ok(Body { messages }) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let block = json!({"type": "text", "text": format!(
        "[An image was here. The model {model} reads text only, so that transom left the image out. \
        If it matters, tell the user that you cannot see it, and that `router.image` in transom's \
        configuration can name a model that can.]"
    )});
    let block = block.to_string().into_bytes();
    let mut edits = Vec::new();
    for content in messages.iter().filter_map(|message| message.content) {
        in_content(body, content, &block, &mut edits);
    }
    edits
}

fn in_content(body: &[u8], content: &RawValue, words: &[u8], edits: &mut Vec<Edit>) {
    for (json, block) in blocks(content) {
        match (block.kind.as_deref(), block.content) {
            (Some("image"), _) => edits.push(Edit {
                range: range_in(body, json),
                with: words.to_vec(),
            }),
            (Some("tool_result"), Some(inner)) => in_content(body, inner, words, edits),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::edits;

    #[test]
    fn each_image_becomes_words_and_all_else_stays() {
        let body = r#"{"messages": [ {"role":"user","content":[{"type":"image","source":{}}, {"type":"text","text":"é"},
            {"type":"tool_result","tool_use_id":"t","content":[{"source":{"data":"AA"},"type":"image"}]}]},
            {"role":"assistant","content":"plain"} ]}"#;
        let bytes = bytes::Bytes::from(body);
        let after = edits::apply(&bytes, words(&bytes, "m-1"));
        let after: serde_json::Value = serde_json::from_slice(&after).unwrap();
        let content = &after["messages"][0]["content"];
        for block in [&content[0], &content[2]["content"][0]] {
            assert_eq!(block["type"], "text");
            assert!(
                block["text"]
                    .as_str()
                    .unwrap()
                    .contains("m-1 reads text only")
            );
        }
        assert_eq!(content[1]["text"], "é");
        assert_eq!(after["messages"][1]["content"], "plain");
    }
}
