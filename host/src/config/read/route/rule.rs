//! `router.rules`: rules of the user's own.

use http::HeaderName;

use super::super::super::reader::{Fields, Place, Reader};
use super::super::super::{Change, Effort, Pattern, Rule, When};
use super::target::{Known, target};

const WHEN: [&str; 10] = [
    "model",
    "tokens",
    "tools",
    "thinking",
    "effort",
    "header",
    "system",
    "project",
    "image",
    "web_search",
];

/// What may be set, and what it must be.
const SET: [(&str, Kind); 7] = [
    ("max_tokens", Kind::Tokens),
    ("temperature", Kind::Number),
    ("top_p", Kind::Number),
    ("top_k", Kind::Tokens),
    ("thinking", Kind::Object),
    ("output_config.effort", Kind::Effort),
    ("service_tier", Kind::Text),
];

#[derive(Clone, Copy)]
enum Kind {
    /// A whole number from 1.
    Tokens,
    /// Any number that is not negative.
    Number,
    Object,
    Effort,
    Text,
}

/// Those that could be read. `reserved` names mean something else in `x-transom-route`.
pub(super) fn rules(
    at: &Place<'_>,
    known: &Known<'_>,
    reserved: &[&str],
    reader: &mut Reader<'_>,
) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for item in reader.items(at).unwrap_or_default() {
        let Some((place, rule)) = rule(&item, known, reader) else {
            continue;
        };
        if reserved.contains(&rule.name.as_str()) {
            let what = format!("`{}` is the name of a route", rule.name);
            reader.problem(&place, what, "give the rule another one");
        } else if rules.iter().any(|other| other.name == rule.name) {
            let what = format!("there is a rule `{}` already", rule.name);
            reader.problem(&place, what, "give it another name");
        } else {
            rules.push(rule);
        }
    }
    rules
}

/// A rule and where its name stands.
fn rule<'t>(
    at: &Place<'t>,
    known: &Known<'_>,
    reader: &mut Reader<'_>,
) -> Option<(Place<'t>, Rule)> {
    let fields = reader.fields(at, &["name", "when", "route", "set"])?;
    let route = fields.get("route").and_then(|at| target(at, known, reader));
    let set = fields.get("set").map(|at| changes(at, reader));
    let when = fields.get("when").and_then(|at| when(at, reader));
    if fields.lacks("when") {
        let remedy = "say what it applies to: when: { model: \"*haiku*\" }; {} is everything";
        reader.problem(at, "the rule has no `when`", remedy);
    }
    if fields.lacks("route") && fields.lacks("set") {
        let remedy = "add route: \"PROVIDER,MODEL\", or set: { max_tokens: 8192 }, or both";
        reader.problem(at, "the rule has neither `route` nor `set`", remedy);
    }
    let Some(place) = fields.get("name") else {
        if fields.lacks("name") {
            let remedy = "give it one: `x-transom-route` tells it when the rule decides";
            reader.problem(at, "the rule has no `name`", remedy);
        }
        return None;
    };
    let name = name(place, reader)?;
    let rule = Rule {
        name,
        when: when?,
        route,
        set: set.unwrap_or_default(),
    };
    Some((place.clone(), rule))
}

/// It goes into a header of the response.
fn name(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text(at)?;
    let valid = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    if name.len() > 64 || !name.chars().all(valid) || name.trim() != name {
        let what = format!("`{}` is no name for a rule", name.escape_debug());
        reader.problem(at, what, "use up to 64 letters, digits, -, _, . and blanks");
        return None;
    }
    Some(name)
}

fn when(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<When> {
    let fields = reader.fields(at, &WHEN)?;
    let mut text = |name| fields.get(name).and_then(|at| reader.text(at));
    let (model, system, project) = (text("model"), text("system"), text("project"));
    let (over, under) = tokens(&fields, reader);
    let mut flag = |name| fields.get(name).and_then(|at| reader.flag(at));
    let (thinking, image) = (flag("thinking"), flag("image"));
    let web_search = flag("web_search");
    let effort = fields.get("effort");
    Some(When {
        model: model.map(|text| Pattern::new(&text)),
        over,
        under,
        tools: fields
            .get("tools")
            .map(|at| tools(at, reader))
            .unwrap_or_default(),
        thinking,
        effort: effort.and_then(|at| reader.choice(at, &Effort::NAMES)),
        headers: fields
            .get("header")
            .map(|at| headers(at, reader))
            .unwrap_or_default(),
        system,
        project: project.map(|path| path.trim_end_matches('/').to_owned()),
        image,
        web_search,
    })
}

/// `{ over, under }`
fn tokens(fields: &Fields<'_>, reader: &mut Reader<'_>) -> (Option<u32>, Option<u32>) {
    let Some(at) = fields.get("tokens") else {
        return (None, None);
    };
    let Some(bounds) = reader.fields(at, &["over", "under"]) else {
        return (None, None);
    };
    let mut bound = |name| {
        let number = reader.number(bounds.get(name)?, "tokens", (1, u64::from(u32::MAX)))?;
        u32::try_from(number).ok()
    };
    let (over, under) = (bound("over"), bound("under"));
    if let (Some(over), Some(under)) = (over, under)
        && under <= over.saturating_add(1)
    {
        let what = format!("nothing is over {over} and under {under}");
        reader.problem(at, what, "make `over` the smaller one");
    }
    (over, under)
}

fn tools(at: &Place<'_>, reader: &mut Reader<'_>) -> Vec<Pattern> {
    let items = reader.items(at).unwrap_or_default();
    let names = items.iter().filter_map(|item| reader.text(item));
    names.map(|name| Pattern::new(&name)).collect()
}

fn headers(at: &Place<'_>, reader: &mut Reader<'_>) -> Vec<(String, Pattern)> {
    let mut headers = Vec::new();
    for (name, place) in reader.entries(at).unwrap_or_default() {
        let Ok(header) = name.parse::<HeaderName>() else {
            let what = format!("`{}` is no name of a header", name.escape_debug());
            reader.problem(&place, what, "such as user-agent");
            continue;
        };
        if let Some(value) = reader.text(&place) {
            headers.push((header.as_str().to_owned(), Pattern::new(&value)));
        }
    }
    headers
}

fn changes(at: &Place<'_>, reader: &mut Reader<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, place) in reader.entries(at).unwrap_or_default() {
        let Some((_, kind)) = SET.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = SET.iter().map(|(known, _)| *known).collect();
            reader.unknown(&place, "the field", name, &known);
            continue;
        };
        if let Some(value) = value(&place, *kind, reader) {
            let path = name.split('.').map(str::to_owned).collect();
            changes.push(Change { path, value });
        }
    }
    changes
}

fn value(at: &Place<'_>, kind: Kind, reader: &mut Reader<'_>) -> Option<serde_json::Value> {
    match kind {
        Kind::Tokens => {
            let number = reader.number(at, "tokens", (1, u64::from(u32::MAX)))?;
            Some(number.into())
        }
        Kind::Number => {
            let value = reader.json(at)?;
            if value.as_f64().is_some_and(|number| number >= 0.0) {
                return Some(value);
            }
            reader.expected(at, "a number that is not negative");
            None
        }
        Kind::Object => {
            reader.entries(at)?;
            reader.json(at)
        }
        Kind::Effort => {
            let effort = reader.choice(at, &Effort::NAMES)?;
            Some(effort.name().into())
        }
        Kind::Text => reader.text(at).map(Into::into),
    }
}
