//! The request: Anthropic Messages to chat completions. `read` makes turns of the messages, `repair`
//! puts them in the order strict servers want, `write` makes the body.

mod changes;
mod effort;
mod found;
mod identity;
mod lost;
mod names;
mod parameters;
mod read;
mod repair;
mod schema;
mod tools;
mod turn;
mod urged;
mod write;

pub use effort::wanted_effort;
pub use identity::session_hash;
pub use names::Names;
pub use parameters::output_limit;
pub(crate) use read::REASONING_DETAILS;
pub use schema::is_strict;
pub use tools::{goes_strict, offered_tools, write_tools};
pub use turn::{Assistant, Call, Form, Part, Said, Turn};
pub(crate) use urged::final_answer;

use crate::Profile;
use sdk::anthropic::{Request, Tool};
use sdk::{Context, Failure, failure, host};

/// What a request turns out to be.
#[derive(Debug)]
pub enum Conversation<'a> {
    /// The answer is known without the upstream: an Anthropic message.
    Answer(Vec<u8>),
    /// Turns in the order that strict servers want.
    Turns(Vec<Turn<'a>>),
}

/// Reads a body. Errors: it is no request of the Messages API.
pub fn parse(body: &[u8]) -> Result<Request<'_>, Failure> {
    let mut request = Request::parse(body).map_err(|error| failure::unreadable(&error))?;
    if request.messages.is_empty() {
        return Err(failure::invalid(
            "messages: at least one message is required",
        ));
    }
    changes::apply(&mut request);
    Ok(request)
}

/// The conversation of a request, for a provider that speaks in turns like those of chat completions.
pub fn conversation<'a>(
    context: &Context,
    profile: &Profile,
    form: Form,
    request: &Request<'a>,
) -> Result<Conversation<'a>, Failure> {
    let tools = request.tools.as_deref().unwrap_or_default();
    let kinds = tools.iter().map(Tool::server_kind);
    if let Some(message) = sdk::local::answer(context, request.max_tokens, kinds) {
        return Ok(Conversation::Answer(message));
    }
    note_dropped(request, profile);
    let mut turns = read::turns(context, request, profile, form).map_err(|error| {
        let misfit = request.misfit();
        failure::invalid(misfit.unwrap_or_else(|| format!("messages: {error}")))
    })?;
    urged::urge(&mut turns, request, profile);
    Ok(Conversation::Turns(repair::repair(turns, profile)))
}

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
    profile: &Profile,
    names: &mut Names,
    body: &[u8],
) -> Result<Converted, Failure> {
    let request = parse(body)?;
    names.answering_by(urged::answering_tool(&request, profile));
    Ok(
        match conversation(context, profile, Form::default(), &request)? {
            Conversation::Answer(message) => Converted::Answer(message),
            Conversation::Turns(turns) => {
                Converted::Body(write::body(context, profile, names, &request, &turns))
            }
        },
    )
}

/// Tells what a foreign provider is not given.
fn note_dropped(request: &Request<'_>, profile: &Profile) {
    let foreign = "means something to Anthropic only";
    let metadata = if profile.user_field.is_empty() {
        "holds account and session ids"
    } else {
        "only a hash of it goes out"
    };
    let mark = if profile.cache_control {
        "only marks on parts go out"
    } else {
        foreign
    };
    for (path, given, why) in [
        ("metadata", request.metadata, metadata),
        (
            "safeguards",
            request.safeguards,
            "holds local paths and rules of the client",
        ),
        ("context_management", request.context_management, foreign),
        ("cache_control", request.cache_control, mark),
        ("service_tier", request.service_tier, foreign),
        ("container", request.container, foreign),
        ("mcp_servers", request.mcp_servers, foreign),
        ("tags", request.tags, foreign),
        ("speed", request.speed, foreign),
        ("inference_geo", request.inference_geo, foreign),
        ("diagnostics", request.diagnostics, foreign),
        ("fallbacks", request.fallbacks, foreign),
    ] {
        if given.is_some() {
            host::note("drop", path, why);
        }
    }
}
