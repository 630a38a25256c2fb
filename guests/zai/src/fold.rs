//! System messages amid the conversation as user text, at their place. Between a tool call and its
//! result the result goes first, as it must follow the call directly.

use sdk::anthropic::{Content, Message};
use sdk::edits::Edits;
use sdk::host;
use sdk::json::{Escaped, RawValue, Writer, from_str, separator};

/// Folds all system messages.
pub(crate) fn fold(edits: &mut Edits<'_>, messages: &RawValue) {
    let Ok(list) = from_str::<Vec<&RawValue>>(messages.get()) else {
        return;
    };
    let mut gone: Vec<(&str, bool)> = list.iter().map(|raw| (raw.get(), false)).collect();
    let mut at = 0;
    while at < list.len() {
        let folded = match from_str::<Message<'_>>(list[at].get()) {
            Ok(message) if message.role == "system" => folded(&message),
            _ => {
                at += 1;
                continue;
            }
        };
        host::note("change", "messages", "a system message became user text");
        match folded {
            None => gone[at].1 = true,
            Some(text) => match list.get(at + 1).filter(|next| holds_results(next)) {
                Some(next) => {
                    edits.replace(list[at].get(), next.get());
                    edits.replace(next.get(), text);
                    at += 1;
                }
                None => edits.replace(list[at].get(), text),
            },
        }
        at += 1;
    }
    edits.remove_items(&gone);
}

fn holds_results(message: &RawValue) -> bool {
    message.get().contains("\"tool_result\"")
}

/// The user message. None: there was no text.
fn folded(message: &Message<'_>) -> Option<String> {
    let mut text = Escaped::default();
    match Content::of(message.content).ok()? {
        Content::Text(all) => text = all,
        Content::Blocks(blocks) => {
            for block in &blocks {
                let piece = block.text.and_then(Escaped::of).unwrap_or_default();
                text.join(separator::BLANK_LINE, piece);
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
