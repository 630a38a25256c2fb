//! The decision: what was asked for by name, then rules, then the default.

use std::borrow::Cow;

use super::builtin::Builtin;
use super::rule::ruled;
use super::{Advice, Asked, Choice, images, overrides, subagent};
use crate::config::{Config, Provider, Router, Target};
use crate::error::ApiError;

/// Chooses. First match wins: the component's advice; explicit `provider,model`; the user's rules;
/// alias; the only provider that lists the model; the built-in rules; the default. An image goes past
/// a model that is known to be blind, if there is a route for images.
///
/// Errors: 404 for a provider that is not configured, 400 when no rule takes the model.
pub fn choose<'c>(
    config: &'c Config,
    asked: &Asked<'_>,
    advice: Option<&Advice>,
) -> Result<Choice<'c>, ApiError> {
    let (table, _) = overrides::table(config, asked);
    let named = advice.is_some() || asked.head.model.contains(',');
    let ruled = ruled(table, asked, named);
    let mut found = match (advice, ruled.route) {
        (Some(advice), _) => advised(config, advice)?,
        (None, _) if named => explicit_or_tag(config, asked)?,
        (None, Some(rule)) => match &rule.route {
            Some(target) => to(config, target, Cow::Borrowed(rule.name.as_str()))?,
            None => by_name_or_rule(config, table, asked)?,
        },
        (None, None) => by_name_or_rule(config, table, asked)?,
    };
    if asked.head.image
        && let Some(image) = &table.image
        && images::is_blind(found.provider, &found.model)
    {
        found = to(config, image, "image".into())?;
    }
    found.set = ruled.set;
    found.fallback = fallback(table, &found.rule);
    Ok(found)
}

/// The list of the route that decided; whatever names a model itself has the default's.
fn fallback<'c>(table: &'c Router, rule: &str) -> &'c [Target] {
    let list = table.fallback.get(rule);
    list.or_else(|| {
        let named = ["explicit", "alias", "listed", "subagent"].contains(&rule);
        let named = named || rule.starts_with("component");
        named.then(|| table.fallback.get("default")).flatten()
    })
    .map_or(&[], Vec::as_slice)
}

/// A subagent inherits the model of its session; the tag was written for it.
fn explicit_or_tag<'c>(config: &'c Config, asked: &Asked<'_>) -> Result<Choice<'c>, ApiError> {
    if asked.of_subagent()
        && asked.head.subagent
        && let Some(name) = subagent::named(asked.details())
    {
        return tagged(config, &name);
    }
    explicit(config, &asked.head.model, "explicit".into())
}

fn by_name_or_rule<'c>(
    config: &'c Config,
    table: &'c Router,
    asked: &Asked<'_>,
) -> Result<Choice<'c>, ApiError> {
    let model = &asked.head.model;
    if let Some(choice) = by_name(config, model, table.listed) {
        let tag = asked
            .head
            .subagent
            .then(|| subagent::named(asked.details()));
        return match tag.flatten() {
            Some(name) => tagged(config, &name),
            None => choice,
        };
    }
    for rule in Builtin::ORDER {
        if rule == Builtin::Subagent {
            if asked.head.subagent
                && let Some(name) = subagent::named(asked.details())
            {
                return tagged(config, &name);
            }
        } else if let Some(target) = rule.target(table)
            && rule.applies(table, asked)
        {
            return to(config, target, rule.name().into());
        }
    }
    match table.default.as_ref().or(config.router.default.as_ref()) {
        Some(target) => to(config, target, "default".into()),
        None => Err(ApiError::invalid(format!(
            "no route for the model `{model}`: set `router.default` in the configuration, or ask for `provider,model`"
        ))),
    }
}

/// Alias, else the only provider that lists it, if `listed` models count.
fn by_name<'c>(
    config: &'c Config,
    model: &str,
    listed: bool,
) -> Option<Result<Choice<'c>, ApiError>> {
    if let Some(target) = config.aliases.get(model) {
        return Some(to(config, target, "alias".into()));
    }
    if !listed {
        return None;
    }
    let mut listing = config.providers.iter().filter_map(|provider| {
        let known = provider.models.iter().find(|known| known.id == model)?;
        Some((provider, known))
    });
    match (listing.next(), listing.next()) {
        (Some((provider, known)), None) => Some(Ok(choice(provider, &known.id, "listed".into()))),
        _ => None,
    }
}

fn tagged<'c>(config: &'c Config, name: &str) -> Result<Choice<'c>, ApiError> {
    named(config, name, "subagent".into()).map_err(|error| {
        let message = format!(
            "the tag <CCR-SUBAGENT-MODEL> cannot be followed: {}",
            error.message
        );
        ApiError { message, ..error }
    })
}

/// Whether an advice can be followed.
///
/// Errors: why not.
pub fn follow(config: &Config, advice: &Advice) -> Result<(), ApiError> {
    advised(config, advice).map(drop)
}

fn advised<'c>(config: &'c Config, advice: &Advice) -> Result<Choice<'c>, ApiError> {
    let rule = match &advice.label {
        Some(label) => format!("component:{label}"),
        None => "component".to_owned(),
    };
    named(config, &advice.target, rule.into())
}

/// `provider,model`, an alias or a listed model.
fn named<'c>(config: &'c Config, name: &str, rule: Cow<'c, str>) -> Result<Choice<'c>, ApiError> {
    if name.contains(',') {
        return explicit(config, name, rule);
    }
    match by_name(config, name, true) {
        Some(found) => Ok(Choice { rule, ..found? }),
        None => Err(ApiError::new(
            "not_found_error",
            format!(
                "`{name}` is neither `provider,model`, nor an alias, nor a model that one provider lists"
            ),
        )),
    }
}

fn explicit<'c>(
    config: &'c Config,
    name: &str,
    rule: Cow<'c, str>,
) -> Result<Choice<'c>, ApiError> {
    let (provider, model) = name.split_once(',').unwrap_or((name, ""));
    let (name, model) = (provider.trim(), model.trim());
    if model.is_empty() {
        return Err(ApiError::invalid(format!(
            "the model `{name},` names a provider and no model"
        )));
    }
    let Some(provider) = config.provider(name) else {
        let known: Vec<_> = config
            .providers
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let known = known.join(", ");
        return Err(ApiError::new(
            "not_found_error",
            format!("no provider `{name}` is configured; configured are {known}"),
        ));
    };
    let mut models = provider.models.iter();
    let exact = provider.models.iter().any(|known| known.id == model);
    // Names of models are written in many ways; the provider's own spelling is the one it takes.
    let listed = models.find(|known| !exact && known.id.eq_ignore_ascii_case(model));
    let model = listed.map_or(model, |known| known.id.as_str());
    Ok(choice(provider, model, rule))
}

fn to<'c>(
    config: &'c Config,
    target: &'c Target,
    rule: Cow<'c, str>,
) -> Result<Choice<'c>, ApiError> {
    match config.provider(&target.provider) {
        Some(provider) => Ok(choice(provider, &target.model, rule)),
        // Reading the configuration refuses this; a route must not be lost if it ever does not.
        None => Err(ApiError::new(
            "not_found_error",
            format!(
                "the route `{rule}` names the provider `{}`, which is not configured",
                target.provider
            ),
        )),
    }
}

fn choice<'c>(provider: &'c Provider, model: &str, rule: Cow<'c, str>) -> Choice<'c> {
    Choice {
        provider,
        model: model.to_owned(),
        rule,
        fallback: &[],
        set: Vec::new(),
    }
}
