//! The request: turns and parameters to the body of `generateContent`.

mod contents;
mod parameters;
mod schema;
mod thinking;
mod tools;

use crate::{Options, model};
use chat::{Conversation, Form, MidSystem, Names, Profile, Turn};
use sdk::json::{Escaped, Writer, merge};
use sdk::{Context, Failure};
use std::fmt::Write as _;

/// What became of a request.
pub(crate) enum Converted {
    /// The upstream's body.
    Body(String),
    /// The answer is known without the upstream: an Anthropic message.
    Answer(Vec<u8>),
}

/// The path and query of a method, below the base URL.
pub(crate) fn path(context: &Context, options: &Options, method: &str) -> String {
    let mut model = String::with_capacity(context.model.len());
    // Ids are often written as `models/gemini-…`, as the API lists them.
    for byte in bare_model(context).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b'@' => {
                model.push(char::from(byte));
            }
            other => {
                // Infallible: a string takes whatever is written.
                let _ = write!(model, "%{other:02X}");
            }
        }
    }
    format!("{}:{method}", options.path.replace("{model}", &model))
}

fn bare_model(context: &Context) -> &str {
    let model = context.model.as_str();
    model.strip_prefix("models/").unwrap_or(model)
}

/// Converts a body. `names` learns the tool names that had to be changed. `signatures`: those that the body
/// holds go back.
pub(crate) fn convert(
    context: &Context,
    options: &Options,
    names: &mut Names,
    body: &[u8],
    signatures: bool,
) -> Result<Converted, Failure> {
    let profile = Profile {
        mid_system: MidSystem::Fold,
        images: options.images,
        attribution: options.attribution,
        ..Profile::default()
    };
    let form = Form {
        blocks: true,
        failures: true,
        documents: options.documents,
    };
    let request = chat::parse(body)?;
    let turns = match chat::conversation(context, &profile, form, &request)? {
        Conversation::Answer(message) => return Ok(Converted::Answer(message)),
        Conversation::Turns(turns) => turns,
    };
    let thinks = model::thinks(&context.model, options);
    let mut out = String::with_capacity(body.len() + 256);
    let mut object = Writer::object(&mut out);
    let mut turns = turns.as_slice();
    if let [Turn::System { text, .. }, rest @ ..] = turns {
        system(&mut object, text);
        turns = rest;
    }
    let stand_in = Some(options.stand_in.as_str());
    let settings = contents::Settings {
        context,
        signatures,
        call_ids: options.call_ids,
        stand_in: stand_in.filter(|text| !text.is_empty() && model::wants_signatures(thinks)),
    };
    contents::write(object.member("contents"), &settings, names, turns);
    let tools = chat::offered_tools(&request, &profile);
    tools::write(&mut object, names, &request, &tools, options.schema);
    let mut config = Writer::object(object.member("generationConfig"));
    let limit = parameters::write(&mut config, context, options, &request, !tools.is_empty());
    thinking::write(&mut config, options, &request, thinks, limit);
    config.end();
    object.end();
    Ok(Converted::Body(merge(out, &options.extra_body)))
}

fn system(body: &mut Writer<'_>, text: &Escaped<'_>) {
    let mut content = Writer::object(body.member("systemInstruction"));
    let mut parts = Writer::list(content.member("parts"));
    let mut part = Writer::object(parts.item());
    part.text("text", text);
    part.end();
    parts.end();
    content.end();
}

/// The body of `countTokens` for the body of a request.
pub(crate) fn to_count(context: &Context, body: &str) -> String {
    let inside = body.strip_prefix('{').unwrap_or(body);
    let mut out = String::with_capacity(body.len() + 96);
    out.push_str(r#"{"generateContentRequest":{"model":"#);
    let model = Escaped::plain(&format!("models/{}", bare_model(context)));
    sdk::json::quote_into(&mut out, &model);
    out.push(',');
    out.push_str(inside);
    out.push('}');
    out
}
