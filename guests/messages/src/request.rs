//! The request: edits of the client's body. Nothing is written anew that need not change.

mod betas;
mod client;
mod content;
mod conversation;
mod fold;
mod ids;
mod members;
mod tools;

use crate::Profile;
use crate::profile::Safeguards;
use client::Client;
use conversation::Conversation;
use sdk::anthropic::whole_number;
use sdk::edits::Edits;
use sdk::{Context, Failure, Forward, Plan, failure};
use tools::Tools;

/// The plan for a body.
pub(crate) fn plan(context: &Context, profile: &Profile, body: &[u8]) -> Result<Plan, Failure> {
    let invalid = |error: String| failure::invalid(format!("request body: {error}"));
    let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
    let client = Client::read(text, profile).map_err(|error| invalid(error.to_string()))?;
    let tools = Tools::read(&client);
    if context.operation == "messages"
        && let Some(answer) = local(context, profile, &client, &tools)
    {
        return Ok(Plan::Answer(answer));
    }
    let safeguarded = client.has("safeguards");
    if safeguarded && profile.safeguards == Safeguards::Refuse {
        return Err(failure::invalid(
            "safeguards: Extra inputs are not permitted",
        ));
    }
    let mut edits = Edits::of(text);
    let mut conversation = Conversation::default();
    if let Some(messages) = client.get("messages") {
        conversation.edit(&mut edits, &client, profile, messages);
    }
    let meaningless = tools.edit(&mut edits, profile, &client, &conversation.changes);
    members::edit(&mut edits, context, profile, &client, meaningless);
    let path = match context.operation.as_str() {
        "count-tokens" => format!("{}/count_tokens", profile.path),
        _ => profile.path.clone(),
    };
    Ok(Plan::Forward(Forward {
        path: Some(path),
        headers: betas::headers(context, profile, safeguarded),
        body: edits.output(),
        reply: sdk::converted(context),
    }))
}

/// The answer to what only Anthropic itself could serve.
fn local(
    context: &Context,
    profile: &Profile,
    client: &Client<'_, '_>,
    tools: &Tools<'_>,
) -> Option<Vec<u8>> {
    let limit = client.get("max_tokens");
    let limit = limit.and_then(|raw| whole_number(raw.get()));
    // Tools that the provider has are its own business.
    let kinds = tools.server_kinds().filter(|_| !profile.server_tools);
    sdk::local::answer(context, limit, kinds)
}
