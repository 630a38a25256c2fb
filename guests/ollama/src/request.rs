//! The request: turns and parameters to the body of `/api/chat`.

use crate::{Options, Think};
use chat::{Assistant, Conversation, Form, MidSystem, Names, Part, Profile, ReasoningOut, Turn};
use sdk::anthropic::Request;
use sdk::json::{Escaped, RawValue, Writer, separator};
use sdk::{Context, Failure, host};
use std::collections::BTreeMap;

const IMAGE_OMITTED: Escaped<'_> = Escaped::verbatim("[image omitted]");

/// What became of a request.
pub(crate) enum Converted {
    /// The upstream's body.
    Body(String),
    /// The answer is known without the upstream: an Anthropic message.
    Answer(Vec<u8>),
}

/// Converts a body. `names` learns the tool names that had to be shortened.
pub(crate) fn convert(
    context: &Context,
    options: &Options,
    names: &mut Names,
    body: &[u8],
) -> Result<Converted, Failure> {
    let profile = Profile {
        mid_system: MidSystem::Keep,
        reasoning_out: ReasoningOut::Reasoning,
        images: options.images,
        attribution: options.attribution,
        ..Profile::default()
    };
    let request = chat::parse(body)?;
    let turns = match chat::conversation(context, &profile, Form::default(), &request)? {
        Conversation::Answer(message) => return Ok(Converted::Answer(message)),
        Conversation::Turns(turns) => turns,
    };
    let mut out = String::with_capacity(body.len() + 256);
    let mut object = Writer::object(&mut out);
    object.plain("model", &context.model);
    messages(&mut object, names, &turns);
    tools(&mut object, names, &request, &profile);
    if let Some(schema) = schema(&request) {
        object.raw("format", schema);
    }
    parameters(&mut object, context, options, &request);
    think(&mut object, options, &request, &profile);
    if !options.truncate {
        // Both are true where they are not sent (ollama/ollama#17944).
        object.flag("truncate", false).flag("shift", false);
    }
    if !options.keep_alive.is_empty() {
        object.plain("keep_alive", &options.keep_alive);
    }
    object.flag("stream", context.streaming);
    object.end();
    Ok(Converted::Body(out))
}

fn messages(body: &mut Writer<'_>, names: &mut Names, turns: &[Turn<'_>]) {
    // A result names its tool, where other formats name the call.
    let mut called: BTreeMap<&str, &str> = BTreeMap::new();
    let mut list = Writer::list(body.member("messages"));
    for turn in turns {
        let mut message = Writer::object(list.item());
        match turn {
            Turn::System { text, .. } => {
                message.raw("role", r#""system""#).text("content", text);
            }
            Turn::User(parts) => user(&mut message, parts),
            Turn::Assistant(turn) => {
                called.extend(turn.calls.iter().map(|call| (&*call.id, &*call.name)));
                assistant(&mut message, names, turn);
            }
            Turn::Tool { id, content, .. } => {
                message.raw("role", r#""tool""#).text("content", content);
                if let Some(name) = called.get(&**id) {
                    message.plain("tool_name", &names.outgoing(name));
                }
                message.plain("tool_call_id", id);
            }
        }
        message.end();
    }
    list.end();
}

/// Text in one string, images beside it.
fn user(message: &mut Writer<'_>, parts: &[Part<'_>]) {
    let mut text = Escaped::default();
    let mut images = Vec::new();
    for part in parts {
        match part {
            Part::Text(piece) => text.join(separator::LINE, piece.clone()),
            Part::Image(_, data) => images.push(data),
            Part::CacheMark(_) | Part::Document(..) => {}
            Part::ImageUrl(_) => {
                host::note(
                    "change",
                    "messages",
                    "an image by address became a placeholder",
                );
                text.join(separator::LINE, IMAGE_OMITTED);
            }
        }
    }
    message.raw("role", r#""user""#).text("content", &text);
    if !images.is_empty() {
        let mut list = Writer::list(message.member("images"));
        for image in images {
            sdk::json::quote_into(list.item(), image);
        }
        list.end();
    }
}

fn assistant(message: &mut Writer<'_>, names: &mut Names, turn: &Assistant<'_>) {
    message
        .raw("role", r#""assistant""#)
        .text("content", &turn.text);
    if !turn.reasoning.is_empty() {
        message.text("thinking", &turn.reasoning);
    }
    if turn.calls.is_empty() {
        return;
    }
    let mut list = Writer::list(message.member("tool_calls"));
    for call in &turn.calls {
        let mut object = Writer::object(list.item());
        let mut function = Writer::object(object.plain("id", &call.id).member("function"));
        // Arguments must be an object here, and what a model once called with may be anything.
        let object_given = call.arguments.trim_start().starts_with('{');
        let arguments = if object_given { call.arguments } else { "{}" };
        function
            .plain("name", &names.outgoing(&call.name))
            .raw("arguments", arguments);
        function.end();
        object.end();
    }
    list.end();
}

/// The tools. There is no `tool_choice`: only to use none can be said, by naming none.
fn tools(body: &mut Writer<'_>, names: &mut Names, request: &Request<'_>, profile: &Profile) {
    let choice = request.tool_choice.as_ref();
    if choice.is_some_and(|choice| choice.kind == "none") {
        host::note("drop", "tools", "the client wants none used");
        return;
    }
    if choice.is_some_and(|choice| choice.kind == "any" || choice.kind == "tool") {
        let why = "the provider lets the model choose";
        host::note("drop", "tool_choice", why);
    }
    if choice.is_some_and(|choice| choice.disable_parallel_tool_use == Some(true)) {
        let path = "tool_choice.disable_parallel_tool_use";
        host::note("drop", path, "the provider has nothing for it");
    }
    chat::write_tools(body, names, request, profile);
}

fn schema<'a>(request: &Request<'a>) -> Option<&'a str> {
    let format = request.output_config.as_ref()?.format.as_ref()?;
    let schema = format.schema.filter(|_| format.kind == "json_schema");
    if schema.is_none() {
        let why = "no such format is known";
        host::note("drop", "output_config.format", why);
    }
    schema.map(RawValue::get)
}

fn parameters(body: &mut Writer<'_>, context: &Context, options: &Options, request: &Request<'_>) {
    let mut object = Writer::object(body.member("options"));
    let known = sdk::limit(context, "context-window");
    let size = Some(options.num_ctx).filter(|size| *size > 0).or(known);
    if let Some(size) = size {
        object.number("num_ctx", size);
    }
    if let Some(wanted) = request.max_tokens {
        let most = chat::output_limit(wanted, context, options.max_out_clamp);
        object.number("num_predict", most);
    }
    for (name, value) in [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
        ("top_k", request.top_k),
    ] {
        if let Some(value) = value {
            object.raw(name, value.get());
        }
    }
    let stops = request.stop_sequences.as_deref().unwrap_or_default();
    if !stops.is_empty() {
        let mut list = Writer::list(object.member("stop"));
        for stop in stops {
            list.item().push_str(stop.get());
        }
        list.end();
    }
    object.end();
}

fn think(body: &mut Writer<'_>, options: &Options, request: &Request<'_>, profile: &Profile) {
    let wanted = chat::wanted_effort(request, profile);
    tell(options, request);
    match (options.think, wanted) {
        (Think::Model, _) | (Think::Client | Think::Level, None) => {}
        (Think::Off, _) | (_, Some("none")) => {
            body.flag("think", false);
        }
        (Think::Client, Some(_)) => {
            body.flag("think", true);
        }
        (Think::Level, Some(effort)) => {
            let level = match effort {
                "minimal" | "low" => "low",
                "medium" => "medium",
                _ => "high",
            };
            body.plain("think", level);
        }
    }
}

/// Says what becomes of the client's wish for thinking.
fn tell(options: &Options, request: &Request<'_>) {
    let (action, why) = match options.think {
        Think::Model => ("drop", "the model thinks as it does; see `options.think`"),
        Think::Off => ("drop", "switched off by `options.think`"),
        Think::Client | Think::Level => ("change", "said by `think`"),
    };
    if request.thinking.is_some() {
        host::note(action, "thinking", why);
    }
    let config = request.output_config.as_ref();
    if config.is_some_and(|config| !config.effort.is_empty()) {
        host::note(action, "output_config.effort", why);
    }
}
