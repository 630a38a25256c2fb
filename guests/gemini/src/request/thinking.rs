//! How hard the model is to think: Anthropic's `thinking` and effort to a budget or a level.

use crate::Options;
use crate::model::Thinks;
use chat::Profile;
use sdk::anthropic::Request;
use sdk::host;
use sdk::json::Writer;

/// Budgets for efforts, in tokens, as Google's own endpoint for OpenAI's clients maps them.
const BUDGETS: [(&str, u64); 6] = [
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 8192),
    ("high", 24_576),
    ("xhigh", 24_576),
    ("max", 24_576),
];

/// Writes `thinkingConfig`. `limit`: the tokens of the answer, of which thoughts are a part.
pub(super) fn write(
    config: &mut Writer<'_>,
    options: &Options,
    request: &Request<'_>,
    thinks: Thinks,
    limit: Option<u64>,
) {
    let kind = request.thinking.as_ref().map(|thinking| &*thinking.kind);
    let shown = options.thoughts && kind.is_some_and(|kind| kind != "disabled");
    let profile = Profile::default();
    let wanted = chat::wanted_effort(request, &profile);
    let given = request.thinking.as_ref().and_then(|one| one.budget_tokens);
    let budget = match thinks {
        Thinks::Budget { least, most, off } => budget(wanted, given, off)
            .map(|budget| match (budget, limit) {
                // Something must be left for the answer.
                (budget, Some(limit)) if budget >= limit => limit / 2,
                (budget, _) => budget,
            })
            .map(|budget| match budget {
                0 if off => 0,
                budget => budget.clamp(least, most),
            }),
        _ => None,
    };
    let level = match thinks {
        Thinks::Level(known) => wanted.and_then(|wanted| level(wanted, known, options)),
        _ => None,
    };
    let written = thinks != Thinks::No && (shown || budget.is_some() || level.is_some());
    if written {
        let mut thinking = Writer::object(config.member("thinkingConfig"));
        if shown {
            thinking.flag("includeThoughts", true);
        }
        if let Some(budget) = budget {
            thinking.number("thinkingBudget", budget);
        }
        if let Some(level) = level {
            thinking.plain("thinkingLevel", &level.to_ascii_uppercase());
        }
        thinking.end();
    }
    let (action, why) = if written {
        ("change", "said in the provider's own words")
    } else {
        ("drop", "the model has nothing for it")
    };
    if request.thinking.is_some() {
        host::note(action, "thinking", why);
    }
    let effort = request.output_config.as_ref().map(|output| &output.effort);
    if effort.is_some_and(|effort| !effort.is_empty()) {
        host::note(action, "output_config.effort", why);
    }
}

/// The budget that is wanted. None: the model decides.
fn budget(wanted: Option<&str>, given: Option<u64>, off: bool) -> Option<u64> {
    match (wanted?, given) {
        ("none", _) => Some(u64::from(!off)),
        (_, Some(budget)) => Some(budget),
        (effort, None) => {
            let known = BUDGETS.iter().find(|(name, _)| *name == effort);
            known.map(|(_, budget)| *budget)
        }
    }
}

/// The word that is nearest. Thinking cannot be switched off: the least is the nearest to that.
fn level<'l>(wanted: &str, known: &'l [&'static str], options: &'l Options) -> Option<&'l str> {
    let wanted = if wanted == "none" { "minimal" } else { wanted };
    if options.levels.is_empty() {
        return sdk::effort::nearest(wanted, known.iter().copied());
    }
    sdk::effort::nearest(wanted, options.levels.iter().map(String::as_str))
}
