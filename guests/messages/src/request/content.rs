//! Blocks of messages: thinking that this provider would refuse, and media that it cannot read.

use crate::Profile;
use sdk::anthropic::{Block, Message};
use sdk::edits::Edits;
use sdk::json::{Escaped, RawValue, Str, Writer, from_str, separator};
use sdk::{envelope, host};
use serde::Deserialize;

/// What stands for thinking that is not there.
const NO_THOUGHT: &str = r#"{"type":"thinking","thinking":"","signature":""},"#;

/// Thinking of other providers is taken out: one that checks signatures refuses it. Where `thought_needed`, a message
/// with a call gets an empty thought if none is left in it. True: nothing is left of the message.
pub(super) fn of_assistant(
    edits: &mut Edits<'_>,
    profile: &Profile,
    message: &Message<'_>,
    thought_needed: bool,
) -> bool {
    let raws = blocks(message.content);
    let read: Vec<Option<Thought<'_>>> = raws.iter().map(|raw| from_str(raw.get()).ok()).collect();
    let foreign = |block: &Option<Thought<'_>>| {
        let block = block.as_ref();
        block.is_some_and(|block| block.is_foreign(profile))
    };
    let gone: Vec<bool> = read.iter().map(foreign).collect();
    if gone.contains(&true) {
        let why = "this earlier thinking is another provider's";
        host::note("drop", "messages[*].content", why);
    }
    let Some(first) = gone.iter().position(|gone| !gone) else {
        return !gone.is_empty();
    };
    let has = |kind: &str| {
        let kept = read.iter().zip(&gone).filter(|(_, gone)| !**gone);
        let mut kinds = kept.filter_map(|(block, _)| block.as_ref().map(|block| &*block.kind));
        kinds.any(|one| one == kind)
    };
    if thought_needed && has("tool_use") && !has("thinking") {
        let why = "an empty thought: the provider wants one before calls";
        host::note("add", "messages[*].content", why);
        edits.insert_before(raws[first].get(), NO_THOUGHT);
    }
    let texts = raws.iter().map(|raw| raw.get());
    edits.remove_items(&texts.zip(gone).collect::<Vec<_>>());
    false
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

impl Thought<'_> {
    fn is_foreign(&self, profile: &Profile) -> bool {
        match &*self.kind {
            "thinking" => {
                let signature = self.signature.as_deref().unwrap_or_default();
                let unsigned = signature.is_empty() && !profile.unsigned_thinking;
                unsigned || envelope::is_one(signature)
            }
            "redacted_thinking" => self.data.as_deref().is_some_and(envelope::is_one),
            _ => false,
        }
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
pub(super) fn blocks(content: Option<&RawValue>) -> Vec<&RawValue> {
    let list = content.map(|content| from_str(content.get()));
    list.and_then(Result::ok).unwrap_or_default()
}
