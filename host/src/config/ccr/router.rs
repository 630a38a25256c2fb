//! `Router` and `fallback` of a ccr file.

use super::super::nearest::nearest;
use super::super::read::split_target;
use super::super::reader::{Place, Reader};
use super::super::text::{Member, Node, Value};
use super::as_written;
use super::members::{Members, number};

/// ccr's names of routes, and ours.
const ROUTES: [(&str, &str); 6] = [
    ("default", "default"),
    ("background", "background"),
    ("think", "think"),
    ("longContext", "long_context"),
    ("webSearch", "web_search"),
    ("image", "image"),
];

const THRESHOLD: &str = "longContextThreshold";

/// Adds our `router`.
pub(super) fn router(fields: &Members<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    let at = fields.get("Router");
    let names = names(members);
    let mut routes = at.map(|at| routes(at, &names, reader)).unwrap_or_default();
    let line = at.or(fields.get("fallback")).map(|at| at.node.line);
    if let Some(at) = fields.get("fallback") {
        let lists = fallback(at, &names, reader);
        if !lists.is_empty() {
            let node = Node::object(at.node.line, lists);
            routes.push(Member::new("fallback", node).written_at("fallback"));
        }
    }
    if let Some(line) = line {
        // There only `provider,model` names a model: any other one goes where the rules say.
        let value = Value::Bool(false);
        routes.push(Member::new("listed", Node { line, value }));
        members.push(Member::new("router", Node::object(line, routes)).written("Router"));
    }
}

/// Of the providers that were carried over.
fn names(members: &[Member]) -> Vec<String> {
    let providers = members.iter().find(|member| member.name == "providers");
    let Some(Value::List(items)) = providers.map(|member| &member.node.value) else {
        return Vec::new();
    };
    let name = |item: &Node| match &item.get("name")?.value {
        Value::String(name) => Some(name.clone()),
        _ => None,
    };
    items.iter().filter_map(name).collect()
}

/// ccr starts with a route to a provider that is not there, and fails what goes there. A name that resembles one
/// is a slip.
fn leads_nowhere(text: &str, names: &[String]) -> bool {
    let Some((provider, _)) = split_target(text) else {
        return false;
    };
    !provider.contains('$') && nearest(provider, names.iter().map(String::as_str)).is_none()
}

fn routes(at: &Place<'_>, names: &[String], reader: &mut Reader<'_>) -> Vec<Member> {
    let known: Vec<&str> = ROUTES.iter().map(|(theirs, _)| *theirs).collect();
    let known = [known.as_slice(), &[THRESHOLD]].concat();
    let Some(fields) = Members::read(at, &known, reader) else {
        return Vec::new();
    };
    let mut routes = Vec::new();
    for (theirs, ours) in ROUTES {
        let Some(place) = fields.get(theirs) else {
            continue;
        };
        match &place.node.value {
            Value::String(text) if theirs != "default" && leads_nowhere(text, names) => {
                reader.warning(
                    place,
                    "not carried over: there is no such provider, so the other routes take its requests",
                    "name a provider of the list",
                );
            }
            Value::String(text) => {
                let node = Node::text(place.node.line, as_written(text));
                routes.push(Member::new(ours, node).written(theirs));
            }
            _ => reader.expected(place, "a string, \"PROVIDER,MODEL\""),
        }
    }
    let none = |at: &&Place<'_>| at.node.value != Value::Number("0".to_owned());
    if let Some(place) = fields.get(THRESHOLD).filter(none) {
        let node = number(place.node);
        routes.push(Member::new("long_context_threshold", node).written(THRESHOLD));
    }
    routes
}

fn fallback(at: &Place<'_>, names: &[String], reader: &mut Reader<'_>) -> Vec<Member> {
    let known: Vec<&str> = ROUTES.iter().map(|(theirs, _)| *theirs).collect();
    let Some(fields) = Members::read(at, &known, reader) else {
        return Vec::new();
    };
    let mut lists = Vec::new();
    for (theirs, ours) in ROUTES {
        let Some(place) = fields.get(theirs) else {
            continue;
        };
        let list = targets(place, names, reader);
        if !matches!(&list.value, Value::List(items) if items.is_empty()) {
            lists.push(Member::new(ours, list).written(theirs));
        }
    }
    lists
}

/// Those of a list that lead somewhere.
fn targets(at: &Place<'_>, names: &[String], reader: &mut Reader<'_>) -> Node {
    let Value::List(items) = &at.node.value else {
        return super::copied(at.node);
    };
    let mut kept = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.value {
            Value::String(text) if leads_nowhere(text, names) => reader.warning(
                &at.item(index, item),
                "not carried over: there is no such provider",
                "name a provider of the list",
            ),
            _ => kept.push(super::copied(item)),
        }
    }
    Node {
        line: at.node.line,
        value: Value::List(kept),
    }
}
