//! Members of the request beside its messages and tools: limits, sampling, effort, and what is not for a foreign
//! provider.

use super::Client;
use crate::Profile;
use crate::profile::Sampling;
use sdk::anthropic::{is_attribution, whole_number};
use sdk::edits::Edits;
use sdk::json::{Escaped, Members, RawValue, from_str};
use sdk::{Context, host};

/// Edits them. `meaningless` are members that are to be taken out as well.
pub(super) fn edit(
    edits: &mut Edits<'_>,
    context: &Context,
    profile: &Profile,
    client: &Client<'_, '_>,
    meaningless: &[&str],
) {
    if let Some(model) = client.get("model") {
        let literal = format!("\"{}\"", Escaped::plain(&context.model).get());
        if model.get() != literal {
            edits.replace(model.get(), literal);
        }
    }
    if let Some(limit) = client.get("max_tokens") {
        clamp(edits, context, profile, client, limit);
    }
    if let Some(system) = client.get("system").filter(|_| !profile.attribution) {
        attribution(edits, system);
    }
    if profile.sampling == Sampling::Clamp {
        sampling(edits, client);
    }
    if let Some(config) = client.get("output_config") {
        effort(edits, profile, config);
    }
    client.put_extra(edits);
    take_out(edits, client, meaningless);
}

/// Asking for more than the model can give is a 400.
fn clamp(
    edits: &mut Edits<'_>,
    context: &Context,
    profile: &Profile,
    client: &Client<'_, '_>,
    limit: &RawValue,
) {
    let Some(wanted) = whole_number(limit.get()) else {
        return;
    };
    let most = [
        Some(profile.max_out_clamp),
        sdk::limit(context, "max-output"),
    ];
    let most = most.into_iter().flatten().filter(|most| *most > 0).min();
    if let Some(most) = most.filter(|most| *most < wanted) {
        let why = format!("{most} is the most to ask for");
        host::note("change", "max_tokens", &why);
        edits.replace(limit.get(), most.to_string());
        if let Some(thinking) = client.get("thinking") {
            budget(edits, profile, thinking, most);
        }
    }
}

/// The least that may be allowed for thinking.
const BUDGET_LEAST: u64 = 1024;

/// Thinking counts as output, so what was allowed for it must stay below the new limit: half of it is left for the
/// answer. Where that cannot be, the model does not think, or as it likes.
fn budget(edits: &mut Edits<'_>, profile: &Profile, thinking: &RawValue, limit: u64) {
    let members: Members<'_> = from_str(thinking.get()).unwrap_or_default();
    let Some(budget) = members.get("budget_tokens") else {
        return;
    };
    if whole_number(budget.get()).is_none_or(|budget| budget < limit) {
        return;
    }
    if limit > BUDGET_LEAST {
        let fitted = (limit / 2).max(BUDGET_LEAST);
        let why = format!("{fitted} is below the lower limit");
        host::note("change", "thinking.budget_tokens", &why);
        edits.replace(budget.get(), fitted.to_string());
    } else {
        let why = "the lower limit leaves no room for it";
        host::note("change", "thinking", why);
        let kind = if profile.always_thinks {
            "adaptive"
        } else {
            "disabled"
        };
        edits.replace(thinking.get(), format!(r#"{{"type":"{kind}"}}"#));
    }
}

/// Puts `temperature` and `top_p` above 0 and to at most 1.
fn sampling(edits: &mut Edits<'_>, client: &Client<'_, '_>) {
    for name in ["temperature", "top_p"] {
        let Some(value) = client.get(name) else {
            continue;
        };
        let fitted = match value.get().parse::<f64>() {
            Ok(number) if number <= 0.0 => "0.01",
            Ok(number) if number > 1.0 => "1",
            _ => continue,
        };
        host::note("change", name, "the provider takes a smaller range");
        edits.replace(value.get(), fitted);
    }
}

/// What the profile says of the effort, else the nearest that the model takes.
fn effort(edits: &mut Edits<'_>, profile: &Profile, config: &RawValue) {
    let config: Members<'_> = from_str(config.get()).unwrap_or_default();
    let Some(effort) = config.get("effort") else {
        return;
    };
    let Some(wanted) = Escaped::of(effort).map(|word| word.unescape().into_owned()) else {
        return;
    };
    let known = profile.effort_set.iter().map(String::as_str);
    let mapped = profile.effort_map.get(&wanted).map(String::as_str);
    match mapped.or_else(|| sdk::effort::nearest(&wanted, known)) {
        Some(nearest) if nearest != wanted => {
            let why = format!("{nearest} stands for it with this model");
            host::note("change", "output_config.effort", &why);
            edits.replace(effort.get(), format!("\"{nearest}\""));
        }
        _ => {}
    }
}

/// Takes out members that are not for this provider.
fn take_out(edits: &mut Edits<'_>, client: &Client<'_, '_>, meaningless: &[&str]) {
    let items: Vec<(&str, bool)> = client
        .slices()
        .iter()
        .map(|(name, slice)| {
            let no_tool = || meaningless.contains(name).then_some("no tool is left");
            let why = client.why_not(name).or_else(no_tool);
            if let Some(why) = why {
                host::note("drop", name, why);
            }
            (*slice, why.is_some())
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
        let why = "the attribution block changes with every request";
        host::note("drop", "system", why);
        edits.remove_items(&items);
    }
}
