//! Turns and parameters to the body of a chat completion. Only members that are written here go out,
//! so a provider that refuses unknown members never sees one.

use super::turn::{Assistant, Call, Part, Turn};
use super::{Names, effort, names, tools};
use crate::Profile;
use crate::profile::{EmptyContent, MaxTokensField, ReasoningOut, Sampling};
use sdk::anthropic::Request;
use sdk::json::{Escaped, Members, RawValue, Writer, escape_into};
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
    body.plain("model", &context.model);
    let mut messages = Writer::list(body.member("messages"));
    for (at, turn) in turns.iter().enumerate() {
        write_turn(messages.item(), names, profile, turn, at == 0);
    }
    messages.end();
    let has_tools = tools::write(&mut body, names, request, profile);
    parameters(&mut body, context, profile, request, has_tools);
    for (name, value) in &profile.extra_body {
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
    first: bool,
) {
    let mut message = Writer::object(out);
    match turn {
        Turn::System(text) => {
            let developer = profile.developer_role && first;
            let role = if developer { "developer" } else { "system" };
            message.plain("role", role).text("content", text);
        }
        Turn::User(parts) => {
            message.raw("role", r#""user""#);
            write_parts(message.member("content"), parts);
        }
        Turn::Assistant(assistant) => write_assistant(&mut message, names, profile, assistant),
        Turn::Tool { id, content } => {
            message
                .raw("role", r#""tool""#)
                .plain("tool_call_id", id)
                .text("content", content);
        }
    }
    message.end();
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
    for part in parts {
        let mut object = Writer::object(list.item());
        match part {
            Part::Text(text) => {
                object.raw("type", r#""text""#).text("text", text);
            }
            Part::Image(media_type, data) => {
                let url = object.raw("type", r#""image_url""#).member("image_url");
                let mut image = Writer::object(url);
                let url = image.member("url");
                url.push_str("\"data:");
                escape_into(url, media_type);
                url.push_str(";base64,");
                url.push_str(data.get());
                url.push('"');
                image.end();
            }
            Part::ImageUrl(address) => {
                let url = object.raw("type", r#""image_url""#).member("image_url");
                let mut image = Writer::object(url);
                image.text("url", address);
                image.end();
            }
        }
        object.end();
    }
    list.end();
}

fn write_assistant(
    message: &mut Writer<'_>,
    names: &mut Names,
    profile: &Profile,
    assistant: &Assistant<'_>,
) {
    message.raw("role", r#""assistant""#);
    let tags = profile.reasoning_out == ReasoningOut::ThinkTags && !assistant.reasoning.is_empty();
    if tags {
        let content = message.member("content");
        content.push_str("\"<think>");
        content.push_str(assistant.reasoning.get());
        content.push_str("</think>");
        content.push_str(assistant.text.get());
        content.push('"');
    } else if !assistant.text.is_empty() {
        message.text("content", &assistant.text);
    } else {
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
    let field = match profile.reasoning_out {
        ReasoningOut::Reasoning => "reasoning",
        ReasoningOut::ReasoningContent => "reasoning_content",
        ReasoningOut::Drop | ReasoningOut::ThinkTags => "",
    };
    let required = profile.reasoning_required_with_tools && !assistant.calls.is_empty();
    if !field.is_empty() && (required || !assistant.reasoning.is_empty()) {
        message.text(field, &assistant.reasoning);
    }
    if !assistant.calls.is_empty() {
        let mut list = Writer::list(message.member("tool_calls"));
        for call in &assistant.calls {
            write_call(list.item(), names, call);
        }
        list.end();
    }
}

fn write_call(out: &mut String, names: &mut Names, call: &Call<'_>) {
    let mut object = Writer::object(out);
    object.plain("id", &call.id).raw("type", r#""function""#);
    let mut function = Writer::object(object.member("function"));
    function
        .plain("name", &names.outgoing(&call.name))
        .plain("arguments", call.arguments);
    function.end();
    object.end();
}

fn parameters(
    body: &mut Writer<'_>,
    context: &Context,
    profile: &Profile,
    request: &Request<'_>,
    has_tools: bool,
) {
    if let Some(wanted) = request.max_tokens {
        let field = match profile.max_tokens_field {
            MaxTokensField::MaxTokens => "max_tokens",
            MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
        };
        body.number(field, output_limit(wanted, context, profile.max_out_clamp));
    }
    if profile.sampling == Sampling::Keep {
        for (name, value) in [
            ("temperature", request.temperature),
            ("top_p", request.top_p),
        ] {
            if let Some(value) = value {
                body.raw(name, value.get());
            }
        }
    }
    if let Some(top_k) = request.top_k.filter(|_| profile.top_k) {
        body.raw("top_k", top_k.get());
    }
    stop(body, profile, request);
    effort::write(body, request, profile);
    if !profile.reasoning_format.is_empty() {
        body.plain("reasoning_format", &profile.reasoning_format);
    }
    response_format(body, profile, request, has_tools);
    if let Some(key) = cache_key(request).filter(|_| profile.prompt_cache_key) {
        body.plain("prompt_cache_key", &key);
    }
    if request.stream == Some(true) {
        body.flag("stream", true);
        if profile.stream_options {
            body.raw("stream_options", r#"{"include_usage":true}"#);
        }
    }
}

/// The smallest of what the client wants, `most` (0: no limit) and what the model can.
pub fn output_limit(wanted: u64, context: &Context, most: u64) -> u64 {
    let limits = [Some(most), sdk::limit(context, "max-output")];
    let most = limits.into_iter().flatten().filter(|most| *most > 0).min();
    match most.filter(|most| *most < wanted) {
        Some(most) => {
            host::note(
                "change",
                "max_tokens",
                &format!("{most} is the most to ask for"),
            );
            most
        }
        None => wanted,
    }
}

fn stop(body: &mut Writer<'_>, profile: &Profile, request: &Request<'_>) {
    let stops = request.stop_sequences.as_deref().unwrap_or_default();
    if stops.len() > profile.stop_max {
        host::note("drop", "stop_sequences", "the provider takes fewer");
    }
    if stops.is_empty() || profile.stop_max == 0 {
        return;
    }
    let mut list = Writer::list(body.member("stop"));
    for stop in stops.iter().take(profile.stop_max) {
        list.item().push_str(stop.get());
    }
    list.end();
}

fn response_format(
    body: &mut Writer<'_>,
    profile: &Profile,
    request: &Request<'_>,
    has_tools: bool,
) {
    let format = request
        .output_config
        .as_ref()
        .and_then(|config| config.format.as_ref());
    let Some(schema) = format
        .filter(|format| format.kind == "json_schema")
        .and_then(|f| f.schema)
    else {
        return;
    };
    if !profile.response_format || (has_tools && !profile.response_format_with_tools) {
        host::note(
            "drop",
            "output_config.format",
            "the provider does not take it here",
        );
        return;
    }
    let mut format = Writer::object(body.member("response_format"));
    format.raw("type", r#""json_schema""#);
    let mut inner = Writer::object(format.member("json_schema"));
    inner
        .raw("name", r#""output""#)
        .raw("schema", schema.get())
        .flag("strict", true);
    inner.end();
    format.end();
}

/// A hash of the client's session, which both forms of `metadata.user_id` end with.
fn cache_key(request: &Request<'_>) -> Option<String> {
    let metadata: Members<'_> = sdk::json::from_str(request.metadata?.get()).ok()?;
    let user = Escaped::of(metadata.get("user_id")?)?;
    let user = user.unescape();
    let session = match sdk::json::from_str::<Members<'_>>(&user) {
        Ok(members) => members.get("session_id").map(RawValue::get)?.to_owned(),
        Err(_) => user.split_once("_session_")?.1.to_owned(),
    };
    Some(format!("{:016x}", names::hash(session.trim_matches('"'))))
}
