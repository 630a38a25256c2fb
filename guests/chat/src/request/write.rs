//! Turns to the body of a chat completion. Only members that are written here and in `parameters` go
//! out, so a provider that refuses unknown members never sees one.

use super::turn::{Assistant, Call, Part, Turn};
use super::{Names, parameters, tools};
use crate::Profile;
use crate::profile::{EmptyContent, Prefill, ReasoningOut};
use sdk::anthropic::Request;
use sdk::json::{Escaped, Writer, escape_into, separator};
use sdk::{Context, host};

/// The whole body.
pub(super) fn body(
    context: &Context,
    profile: &Profile,
    names: &mut Names,
    request: &Request<'_>,
    turns: &[Turn<'_>],
) -> String {
    let mut out = String::with_capacity(4096);
    let mut body = Writer::object(&mut out);
    if !profile.extra_body.contains_key("model") {
        body.plain("model", &context.model);
    }
    let mut messages = Writer::list(body.member("messages"));
    for (at, turn) in turns.iter().enumerate() {
        let place = (at == 0, at + 1 == turns.len());
        write_turn(messages.item(), names, profile, turn, place);
    }
    messages.end();
    let has_tools = tools::write(&mut body, names, request, profile);
    parameters::write(&mut body, context, profile, request, has_tools);
    let called = || turns.iter().any(|turn| matches!(turn, Turn::Tool { .. }));
    if profile.keep_thinking && called() && profile.takes("clear_thinking") {
        body.flag("clear_thinking", false);
    }
    for (name, value) in &profile.extra_body {
        // The exchange rests on these.
        if name == "messages" || name == "stream" {
            let why = "`extra_body` cannot say it";
            host::note("drop", name, why);
            continue;
        }
        body.raw(Escaped::plain(name).get(), value.get());
    }
    body.end();
    out
}

fn write_turn(
    out: &mut String,
    names: &mut Names,
    profile: &Profile,
    turn: &Turn<'_>,
    (first, last): (bool, bool),
) {
    let mut message = Writer::object(out);
    match turn {
        Turn::System { text, marks } => {
            let developer = profile.developer_role && first;
            let role = if developer { "developer" } else { "system" };
            write_text(message.plain("role", role), text, marks);
        }
        Turn::User(parts) => {
            message.raw("role", r#""user""#);
            write_parts(message.member("content"), parts);
        }
        Turn::Assistant(assistant) => {
            write_assistant(&mut message, names, profile, assistant);
            match profile.prefill {
                Prefill::Prefix if last => message.flag("prefix", true),
                Prefill::Partial if last => message.flag("partial", true),
                _ => &mut message,
            };
        }
        Turn::Tool {
            id,
            content,
            images,
            mark,
            ..
        } => {
            message.raw("role", r#""tool""#).plain("tool_call_id", id);
            let end = content.get().len();
            let marks: Vec<(usize, &str)> = mark.iter().map(|mark| (end, *mark)).collect();
            if images.is_empty() {
                write_text(&mut message, content, &marks);
            } else {
                let mut list = Writer::list(message.member("content"));
                write_marked(&mut list, content, &marks);
                write_items(&mut list, images);
                list.end();
            }
        }
    }
    message.end();
}

/// Content of one text. Only a part of a list can have a cache mark.
fn write_text(message: &mut Writer<'_>, text: &Escaped<'_>, marks: &[(usize, &str)]) {
    if marks.is_empty() {
        message.text("content", text);
        return;
    }
    let mut list = Writer::list(message.member("content"));
    write_marked(&mut list, text, marks);
    list.end();
}

/// The parts of a text, each up to a cache mark, and what is behind the last one.
fn write_marked(list: &mut Writer<'_>, text: &Escaped<'_>, marks: &[(usize, &str)]) {
    let text = text.get();
    let mut from = 0;
    let marks = marks.iter().map(|(end, mark)| (*end, Some(*mark)));
    for (end, mark) in marks.chain([(text.len(), None)]) {
        let piece = &text[from..end];
        // Parts need nothing between them.
        let piece = match from {
            0 => piece,
            _ => piece.strip_prefix(separator::BLANK_LINE).unwrap_or(piece),
        };
        from = end;
        if piece.is_empty() {
            continue;
        }
        let mut part = Writer::object(list.item());
        part.raw("type", r#""text""#)
            .text("text", &Escaped::verbatim(piece));
        if let Some(mark) = mark {
            part.raw("cache_control", mark);
        }
        part.end();
    }
}

/// A plain string when there is only text: the form every server takes.
fn write_parts(out: &mut String, parts: &[Part<'_>]) {
    if parts.iter().all(|part| matches!(part, Part::Text(_))) {
        out.push('"');
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push_str(r"\n");
            }
            if let Part::Text(text) = part {
                out.push_str(text.get());
            }
        }
        out.push('"');
        return;
    }
    let mut list = Writer::list(out);
    write_items(&mut list, parts);
    list.end();
}

/// Parts, as items of a list.
fn write_items(list: &mut Writer<'_>, parts: &[Part<'_>]) {
    for (at, part) in parts.iter().enumerate() {
        if matches!(part, Part::CacheMark(_)) {
            continue;
        }
        let mut object = Writer::object(list.item());
        match part {
            Part::Text(text) => {
                object.raw("type", r#""text""#).text("text", text);
            }
            Part::Image(media_type, data) => {
                let url = object.raw("type", r#""image_url""#).member("image_url");
                let mut image = Writer::object(url);
                write_data_url(image.member("url"), media_type, data);
                image.end();
            }
            Part::ImageUrl(address) => {
                let url = object.raw("type", r#""image_url""#).member("image_url");
                let mut image = Writer::object(url);
                image.text("url", address);
                image.end();
            }
            Part::Document(kind, data, title) => write_file(&mut object, kind, data, title),
            Part::CacheMark(_) => {}
        }
        if let Some(Part::CacheMark(mark)) = parts.get(at + 1) {
            object.raw("cache_control", mark);
        }
        object.end();
    }
}

/// A document, which must have a name.
fn write_file(object: &mut Writer<'_>, kind: &str, data: &Escaped<'_>, title: &Escaped<'_>) {
    let mut file = Writer::object(object.raw("type", r#""file""#).member("file"));
    if title.is_empty() {
        file.plain("filename", "document.pdf");
    } else {
        file.text("filename", title);
    }
    write_data_url(file.member("file_data"), kind, data);
    file.end();
}

fn write_data_url(out: &mut String, kind: &str, data: &Escaped<'_>) {
    out.push_str("\"data:");
    escape_into(out, kind);
    out.push_str(";base64,");
    out.push_str(data.get());
    out.push('"');
}

fn write_assistant(
    message: &mut Writer<'_>,
    names: &mut Names,
    profile: &Profile,
    assistant: &Assistant<'_>,
) {
    message.raw("role", r#""assistant""#);
    write_content(message, profile, assistant);
    let field = match profile.reasoning_out {
        ReasoningOut::Reasoning => "reasoning",
        ReasoningOut::ReasoningContent => "reasoning_content",
        ReasoningOut::Drop
        | ReasoningOut::ReasoningDetails
        | ReasoningOut::ThinkTags
        | ReasoningOut::ContentParts => "",
    };
    let required = profile.reasoning_required_with_tools && !assistant.calls.is_empty();
    if !field.is_empty() && (required || !assistant.reasoning.is_empty()) {
        message.text(field, &assistant.reasoning);
    }
    if !assistant.details.is_empty() {
        let mut list = Writer::list(message.member("reasoning_details"));
        for details in &assistant.details {
            let inside = details.trim_start_matches('[').trim_end_matches(']');
            list.item().push_str(inside);
        }
        list.end();
    }
    if !assistant.calls.is_empty() {
        let mut list = Writer::list(message.member("tool_calls"));
        for call in &assistant.calls {
            write_call(list.item(), names, call);
        }
        list.end();
    }
}

/// An assistant's text, and its thinking where that is a part of the content.
fn write_content(message: &mut Writer<'_>, profile: &Profile, assistant: &Assistant<'_>) {
    let thought = !assistant.reasoning.is_empty();
    match profile.reasoning_out {
        ReasoningOut::ThinkTags if thought => {
            let content = message.member("content");
            content.push_str("\"<think>");
            content.push_str(assistant.reasoning.get());
            content.push_str("</think>");
            content.push_str(assistant.text.get());
            content.push('"');
            return;
        }
        ReasoningOut::ContentParts if thought => {
            write_thinking_part(message.member("content"), assistant);
            return;
        }
        _ => {}
    }
    if !assistant.text.is_empty() {
        message.text("content", &assistant.text);
        return;
    }
    match profile.empty_assistant_content {
        EmptyContent::Omit => {}
        EmptyContent::Null => {
            message.raw("content", "null");
        }
        EmptyContent::Empty => {
            message.raw("content", r#""""#);
        }
    }
}

/// A list of the thinking and, if there is one, the text.
fn write_thinking_part(out: &mut String, assistant: &Assistant<'_>) {
    let mut parts = Writer::list(out);
    let mut part = Writer::object(parts.item());
    part.raw("type", r#""thinking""#);
    let mut inside = Writer::list(part.member("thinking"));
    let mut thought = Writer::object(inside.item());
    thought
        .raw("type", r#""text""#)
        .text("text", &assistant.reasoning);
    thought.end();
    inside.end();
    part.end();
    if !assistant.text.is_empty() {
        let mut part = Writer::object(parts.item());
        part.raw("type", r#""text""#).text("text", &assistant.text);
        part.end();
    }
    parts.end();
}

fn write_call(out: &mut String, names: &mut Names, call: &Call<'_>) {
    let mut object = Writer::object(out);
    object.plain("id", &call.id).raw("type", r#""function""#);
    let mut function = Writer::object(object.member("function"));
    function
        .plain("name", &names.outgoing(&call.name))
        .plain("arguments", call.arguments);
    function.end();
    if let Some(signature) = &call.signature {
        let mut extra = Writer::object(object.member("extra_content"));
        let mut google = Writer::object(extra.member("google"));
        google.raw("thought_signature", signature);
        google.end();
        extra.end();
    }
    object.end();
}
