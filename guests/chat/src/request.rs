//! The request: Anthropic Messages to chat completions. `read` makes turns of the messages, `repair`
//! puts them in the order strict servers want, `write` makes the body.

mod effort;
mod names;
mod read;
mod repair;
mod tools;
mod turn;
mod write;

pub(crate) use names::Names;

use crate::Profile;
use sdk::anthropic::Request;
use sdk::events::StopReason;
use sdk::{Context, Failure, failure, host};

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
    let request =
        Request::parse(body).map_err(|error| failure::invalid(format!("request body: {error}")))?;
    if request.messages.is_empty() {
        return Err(failure::invalid(
            "messages: at least one message is required",
        ));
    }
    if request.max_tokens == Some(0) {
        return Ok(Converted::Answer(sdk::message(
            context,
            "",
            StopReason::MaxTokens,
        )));
    }
    if tools::only_web_search(&request) {
        host::note("drop", "tools", "the provider has no web search");
        let text = "Web search is not available through this provider.";
        return Ok(Converted::Answer(sdk::message(
            context,
            text,
            StopReason::EndTurn,
        )));
    }
    note_dropped(&request);
    let turns = read::turns(&request, profile)
        .map_err(|error| failure::invalid(format!("messages: {error}")))?;
    let turns = repair::repair(turns, profile);
    let body = write::body(context, profile, names, &request, &turns);
    Ok(Converted::Body(body))
}

/// Tells what a foreign provider is not given.
fn note_dropped(request: &Request<'_>) {
    let foreign = "means something to Anthropic only";
    for (path, given, why) in [
        (
            "metadata",
            request.metadata,
            "holds account and session ids",
        ),
        (
            "safeguards",
            request.safeguards,
            "holds local paths and rules of the client",
        ),
        ("context_management", request.context_management, foreign),
        ("cache_control", request.cache_control, foreign),
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
