//! The request: turns and parameters to the body of `POST /responses`.

mod input;
mod parameters;
mod tools;

use crate::{Options, model};
use chat::{Conversation, Form, MidSystem, Names, Profile, ToolId, Turn};
use sdk::json::{Writer, merge};
use sdk::{Context, Failure};

/// What became of a request.
pub(crate) enum Converted {
    /// The upstream's body.
    Body(String),
    /// The answer is known without the upstream: an Anthropic message.
    Answer(Vec<u8>),
}

/// Whether what a body becomes asks for a summary of what the model thinks.
pub(crate) fn asks_for_summary(context: &Context, options: &Options, body: &[u8]) -> bool {
    let shown = |request| parameters::shown(options, &request);
    model::reasons(&context.model, options) && chat::parse(body).is_ok_and(shown)
}

/// Converts a body. `names` learns the tool names that had to be shortened. `thoughts`: what was thought, which
/// the body holds sealed, goes back.
pub(crate) fn convert(
    context: &Context,
    options: &Options,
    names: &mut Names,
    body: &[u8],
    thoughts: bool,
) -> Result<Converted, Failure> {
    let profile = Profile {
        mid_system: MidSystem::Keep,
        images: options.images,
        attribution: options.attribution,
        strict_ok: options.strict_ok,
        // Issue (openai/codex#14355): 400 "Invalid 'input[4].call_id': string too long. Expected a string with maximum
        // length 64".
        tool_id: ToolId::Word64,
        ..Profile::default()
    };
    let form = Form {
        blocks: true,
        failures: false,
        documents: options.documents,
    };
    let request = chat::parse(body)?;
    let turns = match chat::conversation(context, &profile, form, &request)? {
        Conversation::Answer(message) => return Ok(Converted::Answer(message)),
        Conversation::Turns(turns) => turns,
    };
    let reasons = model::reasons(&context.model, options);
    let counts = context.operation == "count-tokens";
    let mut out = String::with_capacity(body.len() + 256);
    let mut object = Writer::object(&mut out);
    object.plain("model", &context.model);
    let mut turns = turns.as_slice();
    if let [Turn::System { text, .. }, rest @ ..] = turns {
        object.text("instructions", text);
        turns = rest;
    }
    let known = thoughts.then_some(context);
    input::write(object.member("input"), known, names, turns);
    let offered = chat::offered_tools(&request, &profile);
    tools::write(&mut object, names, &request, &offered, &profile);
    parameters::reasoning(&mut object, context, options, &request, reasons);
    parameters::format(&mut object, &request);
    if !counts {
        parameters::limits(&mut object, context, options, &request);
        parameters::storage(&mut object, context, options, &request, reasons);
    }
    object.end();
    if !counts {
        out = merge(out, &options.extra_body);
    }
    Ok(Converted::Body(out))
}
