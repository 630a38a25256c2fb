//! What `check` finds out about the components that a configuration names, and where in the file
//! each problem has to be mended.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::config::{Config, Examined, Glimpse, Named, Problem, Spot};
use crate::registry::{About, Origin, Refusal, Registry, Slot, Wanted, of_transformer};
use crate::wasm::Engine;

/// The remedy where a transformer says what is wrong with an option, but not what would be right.
const READ: &str = "docs/config.md says what each option of a built-in transformer means";

/// A component that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Component {
    /// As the configuration names it.
    pub name: String,
    /// It was loaded, and takes the options of every provider.
    pub usable: bool,
    /// `builtin` or `file`; none if it is not usable.
    pub source: Option<&'static str>,
    /// The file.
    pub path: Option<PathBuf>,
    /// Of its bytes.
    pub sha256: Option<String>,
    /// The file stands before a built-in of the same name.
    pub shadows_builtin: bool,
    /// What it has to say to the person who runs transom.
    pub notices: Vec<String>,
    /// Why it is not usable; told as problems of the configuration.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
}

/// The router component that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouterComponent {
    /// As the configuration names it.
    pub name: String,
    /// It was loaded, and takes its options.
    pub usable: bool,
    /// The file, if it is usable.
    pub path: Option<PathBuf>,
    /// Of its bytes.
    pub sha256: Option<String>,
    /// Why it is not usable; told as a problem of the configuration.
    #[serde(skip)]
    pub why: Option<String>,
}

/// Every component that the configuration names.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// In the order of their names.
    pub transformers: Vec<Component>,
    /// If there is one.
    pub router: Option<RouterComponent>,
}

/// Loads every component that the configuration names, as a start would, from files in `dir` and
/// the binary; also those of `providers` that have problems of their own. The problem is one of the
/// machine.
pub fn load(
    config: &Config,
    providers: &[Glimpse],
    dir: PathBuf,
    runtime: &tokio::runtime::Runtime,
) -> Result<Found, Problem> {
    let instances = u32::try_from(config.limits.instances).unwrap_or(u32::MAX);
    let engine = Engine::new(instances, config.limits.memory).map_err(|error| {
        Problem::of_file(
            format!("the WebAssembly engine cannot be built: {error:#}"),
            "lower limits.instances or limits.memory",
        )
    })?;
    let registry = Registry::new(engine, None, dir, runtime.handle().clone(), Arc::default());
    // The reasons are in the slots, one for each.
    let mut wanted = Wanted::of(config);
    for named in providers.iter().flat_map(|provider| &provider.stages) {
        let options = wanted.options.entry(named.stage.name.clone()).or_default();
        options.insert(named.stage.options.clone());
    }
    registry.adopt(registry.prepare(wanted));
    registry.refresh_router();
    Ok(Found {
        transformers: registry.slots().iter().map(component).collect(),
        router: router(&registry),
    })
}

fn router(registry: &Registry) -> Option<RouterComponent> {
    let name = registry.router_name()?;
    let generation = registry.router();
    let why = registry.router_error();
    let loaded = generation.as_ref();
    Some(RouterComponent {
        name,
        usable: why.is_none() && loaded.is_some(),
        path: loaded.map(|loaded| loaded.path.clone()),
        sha256: loaded.map(|loaded| loaded.component.sha256.clone()),
        why,
    })
}

fn component(slot: &Arc<Slot>) -> Component {
    let base = Component {
        name: slot.name.clone(),
        usable: false,
        source: None,
        path: None,
        sha256: None,
        shadows_builtin: false,
        notices: Vec::new(),
        refusals: slot.refusals(),
    };
    let Some(generation) = slot.current() else {
        return base;
    };
    let (source, path) = match &generation.origin {
        Origin::Builtin => ("builtin", None),
        Origin::File(path) => ("file", Some(path.clone())),
    };
    Component {
        usable: base.refusals.is_empty(),
        source: Some(source),
        path,
        sha256: Some(generation.component.sha256.clone()),
        shadows_builtin: generation.shadows_builtin(),
        notices: generation.notices.clone(),
        ..base
    }
}

/// Every problem of components, where it has to be mended.
pub(super) fn problems(components: &[Component], examined: &Examined) -> Vec<Problem> {
    let each = components.iter().flat_map(|component| {
        let refusals = component.refusals.iter();
        refusals.map(|refusal| problem(component, refusal, examined))
    });
    each.collect()
}

/// Why the router component cannot be asked: requests go by the rules alone then, which nobody would notice.
pub(super) fn of_router(router: &RouterComponent, examined: &Examined) -> Option<Problem> {
    let why = router.why.as_ref()?;
    let message = format!("router component `{}`: {why}", router.name);
    let remedy = "mend it, or take `router.component` out; docs/routing.md#a-router-component";
    let spot = examined.router_component.clone();
    Some(at(spot, message, Some(remedy.to_owned())))
}

/// Files that stand before a built-in, where the configuration names it first.
pub(super) fn shadows(components: &[Component], examined: &Examined) -> Vec<Problem> {
    let shadowing = components
        .iter()
        .filter(|component| component.shadows_builtin);
    let each = shadowing.map(|component| {
        let file = component.path.as_deref().unwrap_or("its file".as_ref());
        let spot = named(component, examined).map(|named| named.at.clone());
        let message = format!("{} stands before the built-in of that name", file.display());
        let remedy = "remove the file to have the built-in back".to_owned();
        at(spot, message, Some(remedy))
    });
    each.collect()
}

/// Chains that no pool has room for: such a provider can never answer.
pub(super) fn too_long(examined: &Examined) -> Vec<Problem> {
    let config = match &examined.outcome {
        Ok(loaded) => Some(&loaded.config),
        Err(_) => examined.rest.as_ref(),
    };
    let Some(most) = config.map(|config| config.limits.instances) else {
        return Vec::new();
    };
    let long = examined
        .providers
        .iter()
        .filter(|provider| provider.stages.len() > most);
    let each = long.map(|provider| {
        let spot = provider.stages.first().map(|named| named.at.clone());
        let stages = provider.stages.len();
        let message = format!("the chain has {stages} stages, but only {most} instances may run");
        at(
            spot,
            message,
            Some("raise limits.instances, or shorten the chain".to_owned()),
        )
    });
    each.collect()
}

fn problem(component: &Component, refusal: &Refusal, examined: &Examined) -> Problem {
    let name = &component.name;
    let file = match &refusal.file {
        Some(file) => format!(" ({})", file.display()),
        None => String::new(),
    };
    let whole = of_transformer(name, &refusal.whole()) + &file;
    let remedy = refusal.remedy.clone();
    let first = || named(component, examined).map(|named| named.at.clone());
    match &refusal.about {
        About::Component => at(first(), whole, remedy),
        About::Pin => {
            let pin = examined.pins.get(name).cloned();
            at(pin.or_else(first), whole, remedy)
        }
        About::Options(options) => {
            let asking = stages(examined).find(|named| {
                named.stage.name == component.name && named.stage.options == *options
            });
            let spot = asking.map(|named| named.options.clone().unwrap_or(named.at.clone()));
            match asking.and_then(|named| option(named, &refusal.message)) {
                Some((spot, rest)) => {
                    at(Some(spot), format!("transformer `{name}`: {rest}"), remedy)
                }
                None => at(spot.or_else(first), whole, remedy),
            }
        }
    }
}

/// The place of the option that a guest's sentence begins with, `options.NAME: `, and the rest of it.
fn option<'m>(named: &Named, message: &'m str) -> Option<(Spot, &'m str)> {
    let (name, rest) = message.strip_prefix("options.")?.split_once(": ")?;
    let beside = named.options.as_ref()?;
    let line = *named.lines.get(name)?;
    let path = format!("{}.{name}", beside.path);
    Some((Spot { line, path }, rest))
}

fn stages(examined: &Examined) -> impl Iterator<Item = &Named> {
    examined
        .providers
        .iter()
        .flat_map(|provider| &provider.stages)
}

/// Where the component is named first.
fn named<'e>(component: &Component, examined: &'e Examined) -> Option<&'e Named> {
    stages(examined).find(|named| named.stage.name == component.name)
}

fn at(spot: Option<Spot>, message: String, remedy: Option<String>) -> Problem {
    let spot = spot.unwrap_or(Spot {
        line: 0,
        path: String::new(),
    });
    Problem {
        line: spot.line,
        path: spot.path,
        message,
        remedy: remedy.or_else(|| Some(READ.to_owned())),
    }
}
