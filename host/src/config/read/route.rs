//! `router` and `aliases`: targets, `provider,model`, and whether there is such a provider.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::nearest::nearest;
use super::super::reader::{Fields, Place, Reader};
use super::super::{DEFAULT_LONG_CONTEXT, Provider, Router, Target};
use super::model::gone;

/// The routes by name.
const ROUTES: [&str; 6] = [
    "default",
    "background",
    "think",
    "long_context",
    "web_search",
    "image",
];

/// What a target is checked against.
struct Known<'p> {
    providers: &'p [Provider],
    /// Those with problems of their own among them.
    names: &'p [&'p str],
}

/// `router`, or no routes at all.
pub(super) fn router(
    root: &Place<'_>,
    fields: &Fields<'_>,
    providers: &[Provider],
    names: &[&str],
    reader: &mut Reader<'_>,
) -> Router {
    let known = Known { providers, names };
    let mut router = Router {
        long_context_threshold: DEFAULT_LONG_CONTEXT,
        ..Router::default()
    };
    let at = fields.get("router");
    let settings = [ROUTES.as_slice(), &["long_context_threshold", "fallback"]].concat();
    if let Some(routes) = at.and_then(|at| reader.fields(at, &settings)) {
        let mut route = |name| routes.get(name).and_then(|at| target(at, &known, reader));
        router.default = route("default");
        router.background = route("background");
        router.think = route("think");
        router.long_context = route("long_context");
        router.web_search = route("web_search");
        router.image = route("image");
        if let Some(at) = routes.get("long_context_threshold")
            && let Some(tokens) = reader.number(at, "tokens", (1, u64::from(u32::MAX)))
        {
            router.long_context_threshold = u32::try_from(tokens).unwrap_or(u32::MAX);
        }
        if let Some(at) = routes.get("fallback") {
            router.fallback = fallback(at, &known, reader);
        }
        not_acted_on(&routes, reader);
        if routes.get("default").is_some() {
            return router;
        }
    }
    reader.warning(
        at.unwrap_or(root),
        "there is no `router.default`, so a request for a model that no provider lists is refused",
        "write router: { default: \"PROVIDER,MODEL\" }",
    );
    router
}

/// Says what is read only: silence would be a promise.
fn not_acted_on(routes: &Fields<'_>, reader: &mut Reader<'_>) {
    for at in ["image", "fallback"]
        .into_iter()
        .filter_map(|name| routes.get(name))
    {
        reader.warning(
            at,
            "this version does not act on it",
            "leave it if a later version is to use it",
        );
    }
}

fn fallback(
    at: &Place<'_>,
    known: &Known<'_>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, Vec<Target>> {
    let mut fallback = BTreeMap::new();
    for (name, place) in reader.entries(at).unwrap_or_default() {
        if !ROUTES.contains(&name) {
            reader.unknown(&place, "the route", name, &ROUTES);
            continue;
        }
        let items = reader.items(&place).unwrap_or_default();
        let targets = items.iter().filter_map(|item| target(item, known, reader));
        fallback.insert(name.to_owned(), targets.collect());
    }
    fallback
}

/// `aliases`.
pub(super) fn aliases(
    at: &Place<'_>,
    providers: &[Provider],
    names: &[&str],
    reader: &mut Reader<'_>,
) -> BTreeMap<String, Target> {
    let known = Known { providers, names };
    let mut aliases = BTreeMap::new();
    for (name, place) in reader.entries(at).unwrap_or_default() {
        if name.contains(',') {
            reader.problem(
                &place,
                "an alias with a comma would be read as `provider,model`",
                "choose a name without one",
            );
        } else if let Some(target) = target(&place, &known, reader) {
            aliases.insert(name.to_owned(), target);
        }
    }
    aliases
}

fn target(at: &Place<'_>, known: &Known<'_>, reader: &mut Reader<'_>) -> Option<Target> {
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
        let of_catalog = provider
            .model(model)
            .filter(|known| matches!(known, Cow::Owned(_)));
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
pub(in super::super) fn split(text: &str) -> Option<(&str, &str)> {
    let (provider, model) = text.split_once(',')?;
    let (provider, model) = (provider.trim(), model.trim());
    (!provider.is_empty() && !model.is_empty()).then_some((provider, model))
}
