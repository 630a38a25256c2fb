//! How hard the model is to think: Anthropic's `thinking` and `output_config.effort` to the words and
//! members of a provider.

use crate::Profile;
use crate::profile::{EffortWithTools, ThinkingStyle};
use sdk::anthropic::Request;
use sdk::effort::nearest;
use sdk::host;
use sdk::json::Writer;

/// How hard the model is to think, in the client's words: `none` to `max`. None: it does not say.
pub fn wanted_effort<'r>(request: &'r Request<'_>, profile: &'r Profile) -> Option<&'r str> {
    let kind = request
        .thinking
        .as_ref()
        .map(|thinking| thinking.kind.as_ref());
    if kind == Some("disabled") {
        return Some("none");
    }
    let effort = request
        .output_config
        .as_ref()
        .map_or("", |config| config.effort.as_ref());
    if !effort.is_empty() {
        return Some(effort);
    }
    match request
        .thinking
        .as_ref()
        .and_then(|thinking| thinking.budget_tokens)
    {
        Some(0..2000) => Some("minimal"),
        Some(2000..5000) => Some("low"),
        Some(5000..10_000) => Some("medium"),
        Some(_) => Some("high"),
        None if profile.effort_default.is_empty() => None,
        None => Some(&profile.effort_default),
    }
}

/// Whether the server is told not to think.
pub(super) fn is_off(request: &Request<'_>, profile: &Profile) -> bool {
    let untold = profile.thinking_needs_stream && request.stream != Some(true);
    let unwanted = untold || wanted_effort(request, profile) == Some("none");
    unwanted && profile.thinking_style != ThinkingStyle::None
}

/// What the profile says of this effort, else the nearest of its set.
fn clamp<'p>(effort: &str, profile: &'p Profile) -> Option<&'p str> {
    if let Some(mapped) = profile.effort_map.get(effort) {
        return Some(mapped);
    }
    nearest(effort, profile.effort_set.iter().map(String::as_str))
}

/// Writes the members that ask for thinking, and says what became of the client's.
pub(super) fn write(
    body: &mut Writer<'_>,
    request: &Request<'_>,
    profile: &Profile,
    (output_limit, streaming): (Option<u64>, bool),
) {
    let mut wanted = wanted_effort(request, profile);
    if profile.thinking_needs_stream && !streaming && wanted != Some("none") {
        wanted = Some("none");
        host::note("drop", "thinking", "the provider thinks in streams only");
    }
    let budget = budget(request, profile, output_limit);
    if budget == Some(0) && wanted != Some("none") {
        wanted = Some("none");
        let why = "the output limit leaves no room for the least budget";
        host::note("drop", "thinking", why);
    }
    let written = wanted.is_some_and(|wanted| match profile.thinking_style {
        ThinkingStyle::None => false,
        ThinkingStyle::Effort => effort(body, wanted, profile),
        ThinkingStyle::Type => kind(body, wanted, profile),
        ThinkingStyle::TypeEffort => {
            let kind = kind(body, wanted, profile);
            (wanted != "none" && effort(body, wanted, profile)) || kind
        }
        ThinkingStyle::EnableThinking => enable(body, wanted, budget, profile),
        ThinkingStyle::Think => {
            let takes = profile.takes("think");
            if takes {
                body.flag("think", wanted != "none");
            }
            takes
        }
        ThinkingStyle::ReasoningObj => reasoning(body, wanted, budget, profile),
    });
    if written {
        tell(request, "change", "said in the provider's own words");
    } else {
        tell(request, "drop", "the provider has nothing for it");
    }
}

/// Whether a request with tools may not say how hard to think.
pub(super) fn is_odd_with_tools(profile: &Profile) -> bool {
    profile.thinking_style == ThinkingStyle::Effort
        && profile.effort_with_tools != EffortWithTools::Keep
}

/// Writes what such a server wants beside tools.
pub(super) fn write_with_tools(body: &mut Writer<'_>, request: &Request<'_>, profile: &Profile) {
    if profile.effort_with_tools == EffortWithTools::None && profile.takes("reasoning_effort") {
        body.plain("reasoning_effort", "none");
    }
    let why = "the server takes no effort beside tools; with the transformer `responses` it does";
    tell(request, "drop", why);
}

/// Says what became of the client's.
fn tell(request: &Request<'_>, action: &str, why: &str) {
    if request.thinking.is_some() {
        host::note(action, "thinking", why);
    }
    let effort = request.output_config.as_ref().map(|config| &config.effort);
    if effort.is_some_and(|effort| !effort.is_empty()) {
        host::note(action, "output_config.effort", why);
    }
}

/// `reasoning_effort`. True: it is written; so with those below.
fn effort(body: &mut Writer<'_>, wanted: &str, profile: &Profile) -> bool {
    let Some(effort) = clamp(wanted, profile).filter(|_| profile.takes("reasoning_effort")) else {
        return false;
    };
    body.plain("reasoning_effort", effort);
    true
}

/// `thinking: {type}`.
fn kind(body: &mut Writer<'_>, wanted: &str, profile: &Profile) -> bool {
    if !profile.takes("thinking") {
        return false;
    }
    let kind = if wanted == "none" {
        "disabled"
    } else {
        "enabled"
    };
    body.raw("thinking", &format!("{{\"type\":\"{kind}\"}}"));
    true
}

/// `enable_thinking`, and `thinking_budget` beside it.
fn enable(body: &mut Writer<'_>, wanted: &str, budget: Option<u64>, profile: &Profile) -> bool {
    let thinks = wanted != "none";
    let enable = profile.takes("enable_thinking");
    if enable {
        body.flag("enable_thinking", thinks);
    }
    match budget {
        Some(budget) if thinks && profile.takes("thinking_budget") => {
            body.number("thinking_budget", budget);
            true
        }
        _ => enable,
    }
}

/// `reasoning`: a budget, else an effort.
fn reasoning(body: &mut Writer<'_>, wanted: &str, budget: Option<u64>, profile: &Profile) -> bool {
    let effort = clamp(wanted, profile);
    if (budget.is_none() && effort.is_none()) || !profile.takes("reasoning") {
        return false;
    }
    let mut reasoning = Writer::object(body.member("reasoning"));
    match (wanted, budget, effort) {
        ("none", _, _) => reasoning.flag("enabled", false),
        (_, Some(budget), _) => reasoning.number("max_tokens", budget),
        (_, None, effort) => reasoning.plain("effort", effort.unwrap_or(wanted)),
    };
    reasoning.end();
    true
}

/// The client's budget within what the provider takes, if it takes one. Below the output limit: reasoning counts as
/// output, so half of that is left for the answer. 0: the limit leaves no room for the least budget.
fn budget(request: &Request<'_>, profile: &Profile, output_limit: Option<u64>) -> Option<u64> {
    let thinking = request.thinking.as_ref()?;
    let wanted = thinking.budget_tokens.filter(|_| profile.thinking_budget)?;
    let mut budget = wanted.max(profile.thinking_budget_min);
    if profile.thinking_budget_max > 0 {
        budget = budget.min(profile.thinking_budget_max);
    }
    let Some(limit) = output_limit.filter(|limit| budget >= *limit) else {
        return Some(budget);
    };
    let half = limit / 2;
    if half < profile.thinking_budget_min {
        return Some(0);
    }
    let why = "it must be below the output limit, half of which is for the answer";
    host::note("change", "thinking.budget_tokens", why);
    Some(half)
}
