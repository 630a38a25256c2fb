//! What could be seen of a file, valid or not: its providers, and where it names components.

use std::collections::BTreeMap;

use url::Url;

use super::reader::Place;
use super::text::Value;
use super::{Key, Stage, Transformer};

/// What could be read of a provider.
#[derive(Debug, Clone)]
pub struct Glimpse {
    /// None if it has no valid one.
    pub name: Option<String>,
    /// None if it has no valid one.
    pub base_url: Option<Url>,
    /// As in a [`super::Provider`].
    pub key: Key,
    /// As [`Transformer::shown`]; none if it has no valid one.
    pub transformer: Option<String>,
    /// The components of its chain.
    pub stages: Vec<Named>,
}

/// A component that a provider names.
#[derive(Debug, Clone)]
pub struct Named {
    /// Name and options.
    pub stage: Stage,
    /// Where the name stands.
    pub at: Spot,
    /// Where its options stand, if it has any.
    pub options: Option<Spot>,
    /// Name of an option to its line.
    pub lines: BTreeMap<String, u32>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Counted from 1.
    pub line: u32,
    /// Such as `providers[0].transformer`.
    pub path: String,
}

impl Spot {
    fn of(place: &Place<'_>) -> Self {
        Self {
            line: place.node.line,
            path: place.path.clone(),
        }
    }
}

/// Where the stages of a transformer stand. `options` are those beside it.
pub(super) fn stages(
    at: &Place<'_>,
    options: Option<&Place<'_>>,
    transformer: &Transformer,
) -> Vec<Named> {
    let Transformer::Chain(stages) = transformer else {
        return Vec::new();
    };
    let places: Vec<_> = match &at.node.value {
        Value::List(nodes) => {
            let items = nodes.iter().enumerate();
            items.map(|(index, node)| at.item(index, node)).collect()
        }
        _ => vec![at.clone()],
    };
    let named = stages.iter().zip(places).map(|(stage, place)| {
        let own = member(&place, "options");
        let options = own.as_ref().or(options);
        Named {
            stage: stage.clone(),
            at: Spot::of(&member(&place, "name").unwrap_or(place)),
            options: options.map(Spot::of),
            lines: options.map(lines).unwrap_or_default(),
        }
    });
    named.collect()
}

/// Where each of the pins stands.
pub(super) fn pins(root: &Place<'_>) -> BTreeMap<String, Spot> {
    let Some(pins) = member(root, "pins") else {
        return BTreeMap::new();
    };
    let spot = |(name, line)| {
        let path = format!("{}.{name}", pins.path);
        (name, Spot { line, path })
    };
    lines(&pins).into_iter().map(spot).collect()
}

/// Where the router component is named.
pub(super) fn router_component(root: &Place<'_>) -> Option<Spot> {
    let router = member(root, "router")?;
    member(&router, "component").as_ref().map(Spot::of)
}

fn member<'t>(place: &Place<'t>, name: &str) -> Option<Place<'t>> {
    let Value::Object(members) = &place.node.value else {
        return None;
    };
    let found = members.iter().find(|member| member.name == name)?;
    Some(place.member(found))
}

fn lines(place: &Place<'_>) -> BTreeMap<String, u32> {
    let Value::Object(members) = &place.node.value else {
        return BTreeMap::new();
    };
    let lines = members
        .iter()
        .map(|member| (member.name.clone(), member.line));
    lines.collect()
}
