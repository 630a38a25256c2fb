//! Turns to `input`: messages, what was thought before them, calls and what came of them, each an item.

use crate::seal::Sealed;
use chat::{Assistant, Names, Part, Said, Turn};
use sdk::json::{Escaped, Writer, escape_into};
use sdk::{Context, host};

/// Writes the list. Without a context nothing goes back of what was thought.
pub(super) fn write(
    out: &mut String,
    context: Option<&Context>,
    names: &mut Names,
    turns: &[Turn<'_>],
) {
    let mut list = Writer::list(out);
    for turn in turns {
        match turn {
            Turn::System { text, .. } => message(list.item(), "system", &[Piece::Text(text)]),
            Turn::User(parts) => {
                let pieces = parts.iter().filter_map(pieces).collect::<Vec<_>>();
                message(list.item(), "user", &pieces);
            }
            Turn::Assistant(turn) => assistant(&mut list, context, names, turn),
            Turn::Tool { id, content, .. } => {
                let mut item = Writer::object(list.item());
                item.raw("type", r#""function_call_output""#)
                    .plain("call_id", id)
                    .text("output", content);
                item.end();
            }
        }
    }
    list.end();
}

/// A piece of a message.
enum Piece<'p> {
    Text(&'p Escaped<'p>),
    Image(&'p str, &'p Escaped<'p>),
    ImageUrl(&'p Escaped<'p>),
    File(&'p str, &'p Escaped<'p>, &'p Escaped<'p>),
}

fn pieces<'p>(part: &'p Part<'_>) -> Option<Piece<'p>> {
    Some(match part {
        Part::Text(text) => Piece::Text(text),
        Part::Image(kind, data) => Piece::Image(kind, data),
        Part::ImageUrl(address) => Piece::ImageUrl(address),
        Part::Document(kind, data, title) => Piece::File(kind, data, title),
        Part::CacheMark(_) => return None,
    })
}

fn message(out: &mut String, role: &str, pieces: &[Piece<'_>]) {
    let mut item = Writer::object(out);
    item.raw("type", r#""message""#).plain("role", role);
    let mut content = Writer::list(item.member("content"));
    for piece in pieces {
        let mut part = Writer::object(content.item());
        match piece {
            Piece::Text(text) => {
                part.raw("type", r#""input_text""#).text("text", text);
            }
            Piece::Image(kind, data) => {
                part.raw("type", r#""input_image""#)
                    .raw("detail", r#""auto""#);
                data_url(part.member("image_url"), kind, data);
            }
            Piece::ImageUrl(address) => {
                part.raw("type", r#""input_image""#)
                    .raw("detail", r#""auto""#)
                    .text("image_url", address);
            }
            Piece::File(kind, data, title) => {
                part.raw("type", r#""input_file""#);
                // A file must have a name; its ending tells what it is.
                let title = if title.is_empty() {
                    "document"
                } else {
                    title.get()
                };
                let bare = title.trim_end_matches(".pdf");
                part.raw("filename", &format!("\"{bare}.pdf\""));
                data_url(part.member("file_data"), kind, data);
            }
        }
        part.end();
    }
    content.end();
    item.end();
}

fn data_url(out: &mut String, kind: &str, data: &Escaped<'_>) {
    out.push_str("\"data:");
    escape_into(out, kind);
    out.push_str(";base64,");
    out.push_str(data.get());
    out.push('"');
}

/// What the model said. What it thought goes before what it said then: alone it is refused.
fn assistant(
    list: &mut Writer<'_>,
    context: Option<&Context>,
    names: &mut Names,
    turn: &Assistant<'_>,
) {
    let mut before = Sealed::default();
    for said in &turn.said {
        match said {
            Said::Thinking(text, sealed) => {
                let known = context.is_some_and(|context| before.open(context, sealed));
                let why = if known {
                    "what was thought goes back sealed, not its summary"
                } else {
                    "the provider does not take this earlier thinking back"
                };
                if !known || !text.is_empty() {
                    host::note("drop", "messages[*].content[*].thinking", why);
                }
            }
            Said::Text(text) => {
                thought(list, &mut before);
                let mut item = Writer::object(list.item());
                item.raw("type", r#""message""#)
                    .raw("role", r#""assistant""#);
                if let Some(phase) = before.phase.take() {
                    item.raw("phase", &phase);
                }
                let mut content = Writer::list(item.member("content"));
                let mut part = Writer::object(content.item());
                part.raw("type", r#""output_text""#).text("text", text);
                part.end();
                content.end();
                item.end();
            }
            Said::Call(number) => {
                let Some(call) = turn.calls.get(*number) else {
                    continue;
                };
                thought(list, &mut before);
                let mut item = Writer::object(list.item());
                item.raw("type", r#""function_call""#)
                    .plain("call_id", &call.id)
                    .plain("name", &names.outgoing(&call.name))
                    .plain("arguments", call.arguments);
                item.end();
            }
        }
    }
}

/// The items of reasoning that belong here.
fn thought(list: &mut Writer<'_>, before: &mut Sealed) {
    for item in before.items.drain(..) {
        list.item().push_str(&item);
    }
}
