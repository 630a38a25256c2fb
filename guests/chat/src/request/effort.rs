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

/// Writes the members that ask for thinking, and says what became of the client's.
pub(super) fn write(body: &mut Writer<'_>, request: &Request<'_>, profile: &Profile) {
    let wanted = wanted_effort(request, profile);
    let written = wanted.is_some_and(|wanted| write_wanted(body, wanted, profile));
    let (action, why) = if written {
        ("change", "said in the provider's own words")
    } else {
        ("drop", "the provider has nothing for it")
    };
    if request.thinking.is_some() {
        host::note(action, "thinking", why);
    }
    let effort = request.output_config.as_ref().map(|config| &config.effort);
    if effort.is_some_and(|effort| !effort.is_empty()) {
        host::note(action, "output_config.effort", why);
    }
}

/// True if there was something to write.
fn write_wanted(body: &mut Writer<'_>, wanted: &str, profile: &Profile) -> bool {
    let thinks = wanted != "none";
    match profile.thinking_style {
        ThinkingStyle::None => return false,
        ThinkingStyle::Effort => {
            let Some(effort) = clamp(wanted, profile) else {
                return false;
            };
            body.plain("reasoning_effort", effort);
        }
        ThinkingStyle::Type => {
            let kind = if thinks { "enabled" } else { "disabled" };
            body.raw("thinking", &format!("{{\"type\":\"{kind}\"}}"));
        }
        ThinkingStyle::EnableThinking => {
            body.flag("enable_thinking", thinks);
        }
        ThinkingStyle::Think => {
            body.flag("think", thinks);
        }
        ThinkingStyle::ReasoningObj => {
            let Some(effort) = clamp(wanted, profile) else {
                return false;
            };
            let mut reasoning = Writer::object(body.member("reasoning"));
            if thinks {
                reasoning.plain("effort", effort);
            } else {
                reasoning.flag("enabled", false);
            }
            reasoning.end();
        }
    }
    true
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
