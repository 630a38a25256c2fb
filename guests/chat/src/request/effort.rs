//! How hard the model is to think: Anthropic's `thinking` and `output_config.effort` to the words and
//! members of a provider.

use crate::Profile;
use crate::profile::ThinkingStyle;
use sdk::anthropic::Request;
use sdk::host;
use sdk::json::Writer;

const LADDER: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

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

/// The nearest effort of the profile's set: the same, else the next lower, else the lowest. `none`
/// switches thinking off, so it is the nearest one only to itself.
fn clamp<'p>(effort: &str, profile: &'p Profile) -> Option<&'p str> {
    let rank = |effort: &str| LADDER.iter().position(|step| *step == effort);
    let wanted = rank(effort)?;
    let set = profile.effort_set.iter();
    let set = set.filter(|known| wanted == 0 || rank(known) > Some(0));
    let lower = set.clone().filter(|known| rank(known) <= Some(wanted));
    lower
        .max_by_key(|known| rank(known))
        .or_else(|| set.min_by_key(|known| rank(known)))
        .map(String::as_str)
}

/// Writes the members that ask for thinking.
pub(super) fn write(
    body: &mut Writer<'_>,
    request: &Request<'_>,
    profile: &Profile,
    output_limit: Option<u64>,
) {
    let Some(wanted) = wanted_effort(request, profile) else {
        return;
    };
    let thinks = wanted != "none";
    match profile.thinking_style {
        ThinkingStyle::None => not_asked(request),
        ThinkingStyle::Effort => effort(body, wanted, profile),
        ThinkingStyle::Type | ThinkingStyle::TypeEffort => {
            if profile.takes("thinking") {
                let kind = if thinks { "enabled" } else { "disabled" };
                body.raw("thinking", &format!("{{\"type\":\"{kind}\"}}"));
            }
            if thinks && profile.thinking_style == ThinkingStyle::TypeEffort {
                effort(body, wanted, profile);
            }
        }
        ThinkingStyle::EnableThinking => {
            if profile.takes("enable_thinking") {
                body.flag("enable_thinking", thinks);
            }
            if let Some(budget) = budget(request, profile).filter(|_| thinks)
                && profile.takes("thinking_budget")
            {
                body.number("thinking_budget", budget);
            }
        }
        ThinkingStyle::Think => {
            if profile.takes("think") {
                body.flag("think", thinks);
            }
        }
        ThinkingStyle::ReasoningObj => {
            // Reasoning counts as output there, so half of it is left for the answer.
            let budget = budget(request, profile).map(|budget| match output_limit {
                Some(limit) if budget >= limit => limit / 2,
                _ => budget,
            });
            reasoning(body, wanted, budget, profile);
        }
    }
}

/// Tells what of the client's wish goes nowhere.
fn not_asked(request: &Request<'_>) {
    let why = "the options say of no way to ask the model for it";
    if request.thinking.is_some() {
        host::note("drop", "thinking", why);
    }
    let config = request.output_config.as_ref();
    if config.is_some_and(|config| !config.effort.is_empty()) {
        host::note("drop", "output_config.effort", why);
    }
}

fn effort(body: &mut Writer<'_>, wanted: &str, profile: &Profile) {
    if let Some(effort) = clamp(wanted, profile).filter(|_| profile.takes("reasoning_effort")) {
        body.plain("reasoning_effort", effort);
    }
}

/// `reasoning`: a budget, else an effort.
fn reasoning(body: &mut Writer<'_>, wanted: &str, budget: Option<u64>, profile: &Profile) {
    let effort = clamp(wanted, profile);
    if (budget.is_none() && effort.is_none()) || !profile.takes("reasoning") {
        return;
    }
    let mut reasoning = Writer::object(body.member("reasoning"));
    match (wanted, budget, effort) {
        ("none", _, _) => reasoning.flag("enabled", false),
        (_, Some(budget), _) => reasoning.number("max_tokens", budget),
        (_, None, effort) => reasoning.plain("effort", effort.unwrap_or(wanted)),
    };
    reasoning.end();
}

/// The client's budget within what the provider takes, if it takes one.
fn budget(request: &Request<'_>, profile: &Profile) -> Option<u64> {
    let thinking = request.thinking.as_ref()?;
    let budget = thinking.budget_tokens.filter(|_| profile.thinking_budget)?;
    let budget = budget.max(profile.thinking_budget_min);
    Some(match profile.thinking_budget_max {
        0 => budget,
        most => budget.min(most),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effort_becomes_the_nearest_one_the_model_takes() {
        let profile = |set: &[&str]| Profile {
            effort_set: set.iter().map(|effort| (*effort).to_owned()).collect(),
            ..Profile::default()
        };
        let three = profile(&["low", "medium", "high"]);
        assert_eq!(clamp("max", &three), Some("high"));
        assert_eq!(clamp("none", &three), Some("low"));
        assert_eq!(clamp("medium", &three), Some("medium"));
        assert_eq!(clamp("high", &profile(&["none"])), None);
        assert_eq!(clamp("none", &profile(&["none"])), Some("none"));
        assert_eq!(clamp("minimal", &profile(&["none", "low"])), Some("low"));
        assert_eq!(clamp("high", &profile(&[])), None);
        assert_eq!(clamp("tremendous", &three), None);
    }
}
