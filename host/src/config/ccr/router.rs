//! `Router` and `fallback` of a ccr file.

use super::super::reader::{Place, Reader};
use super::super::text::{Member, Node, Value};
use super::as_written;
use super::settings::Fields;

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
pub(super) fn router(fields: &Fields<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    let at = fields.get("Router");
    let mut routes = at.map(|at| routes(at, reader)).unwrap_or_default();
    let line = at.or(fields.get("fallback")).map(|at| at.node.line);
    if let Some(at) = fields.get("fallback") {
        let lists = fallback(at, reader);
        if !lists.is_empty() {
            let node = Node::object(at.node.line, lists);
            routes.push(Member::new("fallback", node).written_at("fallback"));
        }
    }
    if let Some(line) = line {
        members.push(Member::new("router", Node::object(line, routes)).written("Router"));
    }
}

fn routes(at: &Place<'_>, reader: &mut Reader<'_>) -> Vec<Member> {
    let known: Vec<&str> = ROUTES.iter().map(|(theirs, _)| *theirs).collect();
    let known = [known.as_slice(), &[THRESHOLD]].concat();
    let Some(fields) = reader.fields(at, &known) else {
        return Vec::new();
    };
    let mut routes = Vec::new();
    for (theirs, ours) in ROUTES {
        let Some(place) = fields.get(theirs) else {
            continue;
        };
        match &place.node.value {
            // ccr's own interface writes such.
            Value::Null => {}
            Value::String(text) if text.trim().is_empty() => {}
            Value::String(text) => {
                let node = Node::text(place.node.line, as_written(text));
                routes.push(Member::new(ours, node).written(theirs));
            }
            _ => reader.expected(place, "a string, \"PROVIDER,MODEL\""),
        }
    }
    if let Some(place) = fields.get(THRESHOLD) {
        let node = threshold(place);
        routes.push(Member::new("long_context_threshold", node).written(THRESHOLD));
    }
    routes
}

/// ccr's own interface can write a number as text.
fn threshold(at: &Place<'_>) -> Node {
    match &at.node.value {
        Value::String(text) if text.trim().parse::<u64>().is_ok() => Node {
            line: at.node.line,
            value: Value::Number(text.trim().to_owned()),
        },
        _ => at.node.clone(),
    }
}

fn fallback(at: &Place<'_>, reader: &mut Reader<'_>) -> Vec<Member> {
    let known: Vec<&str> = ROUTES.iter().map(|(theirs, _)| *theirs).collect();
    let Some(fields) = reader.fields(at, &known) else {
        return Vec::new();
    };
    let lists = ROUTES.iter().filter_map(|(theirs, ours)| {
        let place = fields.get(theirs)?;
        let empty = matches!(&place.node.value, Value::List(items) if items.is_empty());
        (!empty).then(|| Member::new(*ours, super::copied(place.node)).written(theirs))
    });
    lists.collect()
}
