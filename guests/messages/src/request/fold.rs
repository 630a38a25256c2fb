//! System messages amid the conversation as user text, at their place. Between a tool call and its
//! result the result goes first, as it must follow the call directly.

use sdk::anthropic::{Content, Message, ToolChange};
use sdk::edits::Edits;
use sdk::host;
use sdk::json::{Escaped, RawValue, Writer, separator};

/// Folds one system message, behind `results` if there are some. True: it is to be removed where it stands.
pub(super) fn fold<'a>(
    edits: &mut Edits<'_>,
    raw: &RawValue,
    results: Option<&RawValue>,
    message: &Message<'a>,
    changes: &mut Vec<ToolChange<'a>>,
) -> bool {
    let Some(folded) = folded(message, changes) else {
        return true;
    };
    host::note("change", "messages", "a system message became user text");
    match results {
        Some(results) => edits.insert_behind(results.get(), &format!(",{folded}")),
        None => edits.replace(raw.get(), folded),
    }
    results.is_some()
}

/// The user message. None: there was no text.
fn folded<'a>(message: &Message<'a>, changes: &mut Vec<ToolChange<'a>>) -> Option<String> {
    let mut text = Escaped::default();
    match Content::of(message.content).ok()? {
        Content::Text(all) => text = all,
        Content::Blocks(blocks) => {
            if blocks.iter().any(|block| block.cache_control.is_some()) {
                let why = "it stood in a system message that became plain text";
                host::note("drop", "messages[*].content[*].cache_control", why);
            }
            for block in &blocks {
                let change = ToolChange::of(block);
                let words = change
                    .as_ref()
                    .map(|change| Escaped::plain(&change.in_words()));
                let piece = block.text.and_then(Escaped::of).or(words);
                text.join(separator::BLANK_LINE, piece.unwrap_or_default());
                changes.extend(change);
            }
        }
    }
    if text.is_empty() {
        return None;
    }
    let mut content = Escaped::verbatim(r"<system-reminder>\n");
    content.join(separator::NONE, text);
    content.join(separator::NONE, Escaped::verbatim(r"\n</system-reminder>"));
    let mut out = String::new();
    let mut user = Writer::object(&mut out);
    user.raw("role", r#""user""#).text("content", &content);
    user.end();
    Some(out)
}
