//! The request: edits of the client's body. Nothing is written anew that need not change.

use crate::options::{MidSystem, Options, Safeguards};
use crate::{fold, tools};
use sdk::anthropic::is_attribution;
use sdk::edits::Edits;
use sdk::events::StopReason;
use sdk::json::{Escaped, Members, RawValue, from_str};
use sdk::{Context, Failure, Forward, Plan, Reply, failure, host};

const BETA: &str = "anthropic-beta";

/// The plan for a body.
pub(crate) fn plan(context: &Context, options: &Options, body: &[u8]) -> Result<Plan, Failure> {
    let invalid = |error: String| failure::invalid(format!("request body: {error}"));
    let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
    let members: Members<'_> = from_str(text).map_err(|error| invalid(error.to_string()))?;
    let max_tokens = members
        .get("max_tokens")
        .and_then(|raw| raw.get().parse().ok());
    if max_tokens == Some(0) {
        return Ok(Plan::Answer(sdk::message(
            context,
            "",
            StopReason::MaxTokens,
        )));
    }
    let safeguarded = members.get("safeguards").is_some();
    if safeguarded && options.safeguards == Safeguards::Refuse {
        return Err(failure::invalid(
            "safeguards: Extra inputs are not permitted",
        ));
    }
    let mut edits = Edits::of(text);
    if let Some(model) = members.get("model") {
        let literal = format!("\"{}\"", Escaped::plain(&context.model).get());
        if model.get() != literal {
            edits.replace(model.get(), literal);
        }
    }
    if let (Some(wanted), Some(raw)) = (max_tokens, members.get("max_tokens")) {
        clamp(&mut edits, context, options, wanted, raw);
    }
    take_out(&mut edits, options, text, &members);
    if let Some(system) = members.get("system").filter(|_| !options.attribution) {
        attribution(&mut edits, system);
    }
    if let Some(tools) = members.get("tools") {
        tools::flatten(&mut edits, tools);
    }
    if options.mid_system == MidSystem::Fold
        && let Some(messages) = members.get("messages")
    {
        fold::fold(&mut edits, messages);
    }
    Ok(Plan::Forward(Forward {
        path: Some(options.path.clone()),
        headers: headers(context, options, safeguarded),
        body: edits.output(),
        reply: if context.streaming {
            Reply::Frames("sse".to_owned())
        } else {
            Reply::Whole
        },
    }))
}

/// Asking for more than the model can is a 400.
fn clamp(edits: &mut Edits<'_>, context: &Context, options: &Options, wanted: u64, raw: &RawValue) {
    let most = [
        Some(options.max_out_clamp),
        sdk::limit(context, "max-output"),
    ];
    let most = most.into_iter().flatten().filter(|most| *most > 0).min();
    if let Some(most) = most.filter(|most| *most < wanted) {
        host::note("change", "max_tokens", "the model cannot give more");
        edits.replace(raw.get(), most.to_string());
    }
}

/// Takes out members that are not for a foreign provider.
fn take_out(edits: &mut Edits<'_>, options: &Options, text: &str, members: &Members<'_>) {
    let strip = options.safeguards == Safeguards::Strip;
    let gone = |name: &str| {
        (name == "safeguards" && strip) || options.drop.iter().any(|dropped| dropped == name)
    };
    let Some(slices) = members.slices(text) else {
        return;
    };
    let items: Vec<(&str, bool)> = slices
        .iter()
        .map(|(name, slice)| {
            if gone(name) {
                host::note("drop", name, "not for a foreign provider");
            }
            (*slice, gone(name))
        })
        .collect();
    edits.remove_items(&items);
}

/// Takes the attribution block out of `system`.
fn attribution(edits: &mut Edits<'_>, system: &RawValue) {
    let Ok(blocks) = from_str::<Vec<&RawValue>>(system.get()) else {
        return;
    };
    let items: Vec<(&str, bool)> = blocks
        .iter()
        .map(|block| {
            let members = from_str::<Members<'_>>(block.get()).unwrap_or_default();
            let text = members.get("text").and_then(Escaped::of);
            (block.get(), text.is_some_and(|text| is_attribution(&text)))
        })
        .collect();
    if items.iter().any(|(_, gone)| *gone) {
        host::note(
            "drop",
            "system",
            "the attribution block changes with every request",
        );
        edits.remove_items(&items);
    }
}

/// The client's own headers: the endpoint is said to tell clients apart by them. The beta header goes
/// without the values whose part of the body was taken out.
fn headers(
    context: &Context,
    options: &Options,
    safeguarded: bool,
) -> Vec<(String, Option<String>)> {
    let forwarded = context.headers.iter().map(|(name, value)| {
        let value = if name == BETA {
            betas(value, options, safeguarded)
        } else {
            Some(value.clone())
        };
        (name.clone(), value)
    });
    forwarded.collect()
}

/// None if no value is left.
fn betas(betas: &str, options: &Options, safeguarded: bool) -> Option<String> {
    if options.strip_betas {
        return None;
    }
    let mut gone: Vec<&str> = Vec::new();
    if safeguarded && options.safeguards == Safeguards::Strip {
        gone.push("dangerous-tool-use-");
    }
    if options.mid_system == MidSystem::Fold {
        gone.extend(["mid-conversation-tool-changes-", "per-turn-control-"]);
    }
    let kept: Vec<&str> = betas
        .split(',')
        .map(str::trim)
        .filter(|beta| !gone.iter().any(|gone| beta.starts_with(gone)))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}
