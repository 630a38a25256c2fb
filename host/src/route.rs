//! Which provider and model a request goes to, and by which rule. Pure: a configuration and a head in, a choice out.

use crate::config::{Config, Provider, Target};
use crate::error::ApiError;
use crate::head::RequestHead;

/// The outcome of routing.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// Where the request goes.
    pub provider: &'a Provider,
    /// The model as the provider names it.
    pub model: &'a str,
    /// The rule that chose: `explicit`, `alias`, `listed`, `web_search`, `background`, `think`,
    /// `long_context` or `default`.
    pub rule: &'static str,
}

/// Chooses. First match wins: explicit `provider,model`; alias; the only provider that lists the
/// model; the router's rules; its default.
///
/// Errors: 404 for a provider that is not configured, 400 when no rule takes the model.
pub fn choose<'a>(config: &'a Config, head: &'a RequestHead) -> Result<Choice<'a>, ApiError> {
    if let Some((provider, model)) = head.model.split_once(',') {
        return explicit(config, provider.trim(), model.trim());
    }
    if let Some(target) = config.aliases.get(&head.model) {
        return to(config, target, "alias");
    }
    if let Some(choice) = listed(config, &head.model) {
        return Ok(choice);
    }
    if let Some((target, rule)) = by_rule(config, head) {
        return to(config, target, rule);
    }
    match &config.router.default {
        Some(target) => to(config, target, "default"),
        None => Err(ApiError::invalid(format!(
            "no route for the model `{}`: set `router.default` in the configuration, or ask for `provider,model`",
            head.model
        ))),
    }
}

fn explicit<'a>(config: &'a Config, name: &str, model: &'a str) -> Result<Choice<'a>, ApiError> {
    if model.is_empty() {
        return Err(ApiError::invalid(format!(
            "the model `{name},` names a provider and no model"
        )));
    }
    match find(config, name) {
        Some(provider) => Ok(Choice {
            provider,
            model,
            rule: "explicit",
        }),
        None => {
            let known: Vec<_> = config
                .providers
                .iter()
                .map(|provider| provider.name.as_str())
                .collect();
            let known = known.join(", ");
            Err(ApiError::new(
                "not_found_error",
                format!("no provider `{name}` is configured; configured are {known}"),
            ))
        }
    }
}

/// The only provider that lists the model.
fn listed<'a>(config: &'a Config, model: &'a str) -> Option<Choice<'a>> {
    let mut listing = config
        .providers
        .iter()
        .filter(|provider| provider.models.iter().any(|known| known.id == model));
    match (listing.next(), listing.next()) {
        (Some(provider), None) => Some(Choice {
            provider,
            model,
            rule: "listed",
        }),
        _ => None,
    }
}

fn by_rule<'a>(config: &'a Config, head: &RequestHead) -> Option<(&'a Target, &'static str)> {
    let router = &config.router;
    let long =
        head.input_estimate > router.long_context_threshold && router.long_context_threshold > 0;
    let background = head.model.contains("haiku");
    let rules = [
        (long, &router.long_context, "long_context"),
        (background, &router.background, "background"),
        (head.web_search, &router.web_search, "web_search"),
        (head.thinking, &router.think, "think"),
    ];
    rules
        .into_iter()
        .find_map(|(applies, target, rule)| Some((target.as_ref().filter(|_| applies)?, rule)))
}

fn to<'a>(
    config: &'a Config,
    target: &'a Target,
    rule: &'static str,
) -> Result<Choice<'a>, ApiError> {
    match find(config, &target.provider) {
        Some(provider) => Ok(Choice {
            provider,
            model: &target.model,
            rule,
        }),
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

fn find<'a>(config: &'a Config, name: &str) -> Option<&'a Provider> {
    config
        .providers
        .iter()
        .find(|provider| provider.name.eq_ignore_ascii_case(name))
}
