//! Blocks of messages: thinking that this provider would refuse, and media that it cannot read.

use crate::Profile;
use sdk::anthropic::{Block, Message};
use sdk::edits::Edits;
use sdk::json::{Escaped, RawValue, Str, Writer, from_str, separator};
use sdk::{envelope, host};
use serde::Deserialize;

/// Thinking of other providers is taken out: one that checks signatures refuses it. True: nothing is left of the
/// message.
pub(super) fn of_assistant(
    edits: &mut Edits<'_>,
    profile: &Profile,
    message: &Message<'_>,
) -> bool {
    let items: Vec<(&str, bool)> = blocks(message.content)
        .into_iter()
        .map(|raw| (raw.get(), is_foreign(profile, raw)))
        .collect();
    let gone = items.iter().filter(|(_, gone)| *gone).count();
    if gone > 0 {
        let why = "this earlier thinking is another provider's";
        host::note("drop", "messages[*].content", why);
    }
    let nothing_left = gone > 0 && gone == items.len();
    if !nothing_left {
        edits.remove_items(&items);
    }
    nothing_left
}

/// What is looked for in a block of an assistant.
#[derive(Deserialize)]
struct Thought<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Str<'a>,
    #[serde(borrow, default)]
    signature: Option<Str<'a>>,
    #[serde(borrow, default)]
    data: Option<Str<'a>>,
}

fn is_foreign(profile: &Profile, block: &RawValue) -> bool {
    let Ok(thought) = from_str::<Thought<'_>>(block.get()) else {
        return false;
    };
    let said = |text: &Option<Str<'_>>| text.as_deref().unwrap_or_default().to_owned();
    match &*thought.kind {
        "thinking" => {
            let signature = said(&thought.signature);
            let unsigned = signature.is_empty() && !profile.unsigned_thinking;
            unsigned || envelope::is_one(&signature)
        }
        "redacted_thinking" => envelope::is_one(&said(&thought.data)),
        _ => false,
    }
}

/// Puts words in the place of media that the model cannot read.
pub(super) fn of_user(edits: &mut Edits<'_>, profile: &Profile, content: Option<&RawValue>) {
    if profile.images && profile.documents {
        return;
    }
    for raw in blocks(content) {
        let Ok(block) = from_str::<Block<'_>>(raw.get()) else {
            continue;
        };
        let words = match &*block.kind {
            "image" if !profile.images => Escaped::verbatim("[image omitted]"),
            "document" if !profile.documents => document(&block),
            "tool_result" => {
                of_user(edits, profile, block.content);
                continue;
            }
            _ => continue,
        };
        let why = format!("a block of type {} became text", block.kind);
        host::note("change", "messages[*].content", &why);
        edits.replace(raw.get(), text_block(&words));
    }
}

/// Text of a document, or words that it was there.
fn document<'a>(block: &Block<'a>) -> Escaped<'a> {
    let text = block.source().filter(|source| source.kind == "text");
    let Some(text) = text.and_then(|source| Escaped::of(source.data?)) else {
        return Escaped::verbatim("[document omitted]");
    };
    let mut whole = block.title.and_then(Escaped::of).unwrap_or_default();
    whole.join(separator::LINE, text);
    whole
}

fn text_block(text: &Escaped<'_>) -> String {
    let mut out = String::new();
    let mut block = Writer::object(&mut out);
    block.raw("type", r#""text""#).text("text", text);
    block.end();
    out
}

/// The blocks of a content. Plain text has none.
fn blocks(content: Option<&RawValue>) -> Vec<&RawValue> {
    let list = content.map(|content| from_str(content.get()));
    list.and_then(Result::ok).unwrap_or_default()
}
