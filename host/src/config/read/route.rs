//! `router`, `aliases`, `projects` and `conversations`: where requests go.

mod rule;
mod target;

use std::collections::{BTreeMap, HashSet};

use super::super::reader::{Fields, Place, Reader};
use super::super::{Effort, Project, Router, Target};
use rule::rules;
use target::target;
pub(in super::super) use target::{Known, split};

/// The routes by name.
const ROUTES: [&str; 6] = [
    "default",
    "background",
    "think",
    "long_context",
    "web_search",
    "image",
];

/// What `x-transom-route` says beside the names of routes.
const DECIDED: [&str; 5] = ["explicit", "alias", "listed", "subagent", "component"];

/// The settings of `router`.
pub(in super::super) const ROUTER: [&str; 13] = [
    "default",
    "background",
    "think",
    "long_context",
    "web_search",
    "image",
    "component",
    "component_options",
    "fallback",
    "listed",
    "long_context_threshold",
    "rules",
    "think_effort",
];

/// Those of a project or a conversation: the component is asked for all.
const OVERRIDE: [&str; 11] = [
    "default",
    "background",
    "think",
    "long_context",
    "web_search",
    "image",
    "fallback",
    "listed",
    "long_context_threshold",
    "rules",
    "think_effort",
];

/// `router`, or no routes at all.
pub(super) fn router(
    root: &Place<'_>,
    fields: &Fields<'_>,
    known: &Known<'_>,
    reader: &mut Reader<'_>,
) -> Router {
    let at = fields.get("router");
    let router = at.and_then(|at| table(at, &ROUTER, known, reader));
    if router.as_ref().is_some_and(|(_, has_default)| *has_default) {
        return router.map(|(router, _)| router).unwrap_or_default();
    }
    reader.warning(
        at.unwrap_or(root),
        "there is no `router.default`, so a request that no other route takes is refused",
        "write router: { default: \"PROVIDER,MODEL\" }",
    );
    router.map(|(router, _)| router).unwrap_or_default()
}

/// Routes, and whether `default` is among them, whatever came of it.
fn table(
    at: &Place<'_>,
    settings: &[&str],
    known: &Known<'_>,
    reader: &mut Reader<'_>,
) -> Option<(Router, bool)> {
    let routes = reader.fields(at, settings)?;
    let mut route = |name| routes.get(name).and_then(|at| target(at, known, reader));
    let mut router = Router {
        default: route("default"),
        background: route("background"),
        think: route("think"),
        long_context: route("long_context"),
        web_search: route("web_search"),
        image: route("image"),
        ..Router::default()
    };
    if let Some(at) = routes.get("long_context_threshold")
        && let Some(tokens) = reader.number(at, "tokens", (1, u64::from(u32::MAX)))
    {
        router.long_context_threshold = u32::try_from(tokens).unwrap_or(u32::MAX);
    }
    if let Some(at) = routes.get("listed") {
        router.listed = reader.flag(at).unwrap_or(true);
    }
    if let Some(at) = routes.get("think_effort") {
        router.think_effort = reader.choice(at, &Effort::NAMES);
        if router.think.is_none() && routes.lacks("think") {
            let remedy = "add `think`, the route for such requests";
            reader.warning(
                at,
                "it says when `think` applies, and there is none",
                remedy,
            );
        }
    }
    if let Some(at) = routes.get("rules") {
        let reserved = [ROUTES.as_slice(), &DECIDED].concat();
        router.rules = rules(at, known, &reserved, reader);
    }
    component(&routes, &mut router, reader);
    if let Some(at) = routes.get("fallback") {
        let own = router.rules.iter().map(|rule| rule.name.as_str());
        let names: Vec<&str> = ROUTES.into_iter().chain(own).collect();
        router.fallback = fallback(at, &names, &router, known, reader);
    }
    Some((router, routes.get("default").is_some()))
}

fn component(routes: &Fields<'_>, router: &mut Router, reader: &mut Reader<'_>) {
    if let Some(at) = routes.get("component")
        && let Some(name) = reader.text(at)
    {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.len() <= 64 && name.chars().all(valid) {
            router.component = Some(name);
        } else {
            let what = format!("`{}` is no name for a component", name.escape_debug());
            let remedy = "write the name of its file without .wasm: letters, digits, - and _";
            reader.problem(at, what, remedy);
        }
    }
    let Some(at) = routes.get("component_options") else {
        return;
    };
    if routes.lacks("component") {
        let remedy = "add `component`, the name of the router component";
        reader.problem(at, "there is no `component` that they are for", remedy);
    }
    // What cannot be read is told, and ends the reading.
    if reader.entries(at).is_some()
        && let Some(options) = reader.json(at)
    {
        router.component_options = options.to_string().into();
    }
}

fn fallback(
    at: &Place<'_>,
    names: &[&str],
    router: &Router,
    known: &Known<'_>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, Vec<Target>> {
    let mut fallback = BTreeMap::new();
    for (name, place) in reader.entries(at).unwrap_or_default() {
        if !names.contains(&name) {
            reader.unknown(&place, "the route", name, names);
            continue;
        }
        let items = reader.items(&place).unwrap_or_default();
        let targets = items.iter().filter_map(|item| target(item, known, reader));
        let targets: Vec<Target> = targets.collect();
        let own = own_target(router, name);
        if !targets.is_empty() && targets.iter().all(|target| Some(target) == own) {
            let what = "there is only the route's own target, which is not asked twice: nothing is left when it fails";
            reader.warning(&place, what, "name another target, or take the list out");
        }
        fallback.insert(name.to_owned(), targets);
    }
    fallback
}

/// Where a route goes, by its name.
fn own_target<'r>(router: &'r Router, name: &str) -> Option<&'r Target> {
    let route = match name {
        "default" => &router.default,
        "background" => &router.background,
        "think" => &router.think,
        "long_context" => &router.long_context,
        "web_search" => &router.web_search,
        "image" => &router.image,
        own => {
            let rule = router.rules.iter().find(|rule| rule.name == own);
            return rule.and_then(|rule| rule.route.as_ref());
        }
    };
    route.as_ref()
}

/// `aliases`.
pub(super) fn aliases(
    at: &Place<'_>,
    known: &Known<'_>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, Target> {
    let mut aliases = BTreeMap::new();
    for (name, place) in reader.entries(at).unwrap_or_default() {
        if name.contains(',') {
            reader.problem(
                &place,
                "an alias with a comma would be read as `provider,model`",
                "choose a name without one",
            );
        } else if let Some(target) = target(&place, known, reader) {
            aliases.insert(name.to_owned(), target);
        }
    }
    aliases
}

/// `projects`: by path or name of a folder.
pub(super) fn projects(at: &Place<'_>, known: &Known<'_>, reader: &mut Reader<'_>) -> Vec<Project> {
    let mut projects = Vec::new();
    let mut seen = HashSet::new();
    for (key, place) in reader.entries(at).unwrap_or_default() {
        let tidy = key.trim_end_matches('/');
        if tidy.is_empty() || (tidy.contains('/') && !tidy.starts_with('/')) {
            reader.problem(
                &place,
                format!("`{key}` is neither the path of a folder nor its name"),
                "write the whole path, which begins with /, or the last part of it alone",
            );
        } else if !seen.insert(tidy.to_owned()) {
            let remedy = "keep one of the two";
            reader.problem(&place, format!("`{tidy}` stands here twice"), remedy);
        } else if let Some(router) = overriding(&place, known, reader) {
            let key = tidy.to_owned();
            projects.push(Project { key, router });
        }
    }
    projects
}

/// `conversations`: by the client's session id.
pub(super) fn conversations(
    at: &Place<'_>,
    known: &Known<'_>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, Router> {
    let mut conversations = BTreeMap::new();
    for (id, place) in reader.entries(at).unwrap_or_default() {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > 64 || !id.chars().all(valid) {
            let remedy = "`/status` of Claude Code shows it; letters, digits, - and _";
            reader.problem(&place, format!("`{id}` is no session id"), remedy);
        } else if let Some(router) = overriding(&place, known, reader) {
            conversations.insert(id.to_owned(), router);
        }
    }
    conversations
}

/// `{ router: { … } }`
fn overriding(at: &Place<'_>, known: &Known<'_>, reader: &mut Reader<'_>) -> Option<Router> {
    let fields = reader.fields(at, &["router"])?;
    let Some(place) = fields.get("router") else {
        if fields.lacks("router") {
            let remedy = "write { router: { default: \"PROVIDER,MODEL\" } }";
            reader.problem(at, "it has no `router`", remedy);
        }
        return None;
    };
    table(place, &OVERRIDE, known, reader).map(|(router, _)| router)
}
