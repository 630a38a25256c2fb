//! `provider,model`: whether there is such a provider, and whether it is known to have the model.

use std::borrow::Cow;

use super::super::super::nearest::nearest;
use super::super::super::reader::{Place, Reader};
use super::super::super::{Provider, Target};
use super::super::model::gone;

/// What a target is checked against.
pub(in super::super::super) struct Known<'p> {
    pub(in super::super::super) providers: &'p [Provider],
    /// Those with problems of their own among them.
    pub(in super::super::super) names: &'p [&'p str],
}

/// None has told why.
pub(super) fn target(at: &Place<'_>, known: &Known<'_>, reader: &mut Reader<'_>) -> Option<Target> {
    let text = reader.text(at)?;
    let Some((provider, model)) = split(&text) else {
        let example = known.names.first().unwrap_or(&"cerebras");
        reader.problem(
            at,
            format!("`{text}` does not name a provider and a model"),
            format!("write \"PROVIDER,MODEL\", such as \"{example},MODEL\""),
        );
        return None;
    };
    let Some(name) = known
        .names
        .iter()
        .find(|name| name.eq_ignore_ascii_case(provider))
    else {
        reader.unknown(at, "the provider", provider, known.names);
        return None;
    };
    if let Some(provider) = known.providers.iter().find(|p| p.name == *name) {
        not_listed(at, provider, model, reader);
        let of_catalog = provider.model(model);
        let of_catalog = of_catalog.filter(|known| matches!(known, Cow::Owned(_)));
        if let Some(day) = of_catalog.and_then(|model| model.retired) {
            gone(at, model, day, reader);
        }
    }
    Some(Target {
        provider: (*name).to_owned(),
        model: model.to_owned(),
    })
}

/// A model that is not on the provider's list is probably a slip, and its window is not known.
fn not_listed(at: &Place<'_>, provider: &Provider, model: &str, reader: &mut Reader<'_>) {
    let ids = || provider.models.iter().map(|model| model.id.as_str());
    if provider.models.is_empty() || ids().any(|id| id == model) {
        return;
    }
    let remedy = match nearest(model, ids()) {
        Some(id) => format!("did you mean `{id}`?"),
        None => "if the provider has it, add it to `models`, with its `context_window`".to_owned(),
    };
    let what = format!("`{}` does not list the model `{model}`", provider.name);
    reader.warning(at, what, remedy);
}

/// The two sides of the first comma, without blanks around. A model's name may hold commas.
pub(in super::super::super) fn split(text: &str) -> Option<(&str, &str)> {
    let (provider, model) = text.split_once(',')?;
    let (provider, model) = (provider.trim(), model.trim());
    (!provider.is_empty() && !model.is_empty()).then_some((provider, model))
}
