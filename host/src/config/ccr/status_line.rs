//! `StatusLine` of a ccr file: the style that it has switched on.

use super::super::read::statusline::KINDS;
use super::super::reader::{Place, Reader};
use super::super::text::{Member, Node, Value};
use super::members::Members;

/// Settings beside the styles.
const OWN: [&str; 3] = ["enabled", "currentStyle", "fontFamily"];

/// Adds our `statusline`: the modules of the current style, which our setting takes as ccr writes them.
pub(super) fn status_line(
    fields: &Members<'_>,
    members: &mut Vec<Member>,
    reader: &mut Reader<'_>,
) {
    let Some(at) = fields.get("StatusLine") else {
        return;
    };
    let Value::Object(own) = &at.node.value else {
        let what = "not carried over: it is no object with modules";
        reader.warning(
            at,
            what,
            "take it out, or write `StatusLine: { enabled: true }`",
        );
        return;
    };
    let style = match at.node.get("currentStyle").map(|node| &node.value) {
        Some(Value::String(name)) => name.clone(),
        _ => "default".to_owned(),
    };
    for member in own {
        let name = member.name.as_str();
        if name != style && !OWN.contains(&name) {
            reader.warning(
                &at.member(member),
                "not carried over: another style than the current one",
                "`statusline.modules` holds one list",
            );
        }
    }
    if let Some(modules) = at.node.get(&style).and_then(|style| style.get("modules")) {
        let list =
            Member::new("modules", known(modules, at, reader)).written_at("StatusLine.modules");
        let node = Node::object(modules.line, vec![list]);
        members.push(Member::new("statusline", node).written("StatusLine"));
    }
}

/// All but scripts, which are JavaScript, and what is not known here.
fn known(modules: &Node, at: &Place<'_>, reader: &mut Reader<'_>) -> Node {
    let Value::List(items) = &modules.value else {
        return modules.clone();
    };
    let script = |item: &Node| {
        let kind = item.get("type").map(|node| &node.value);
        matches!(kind, Some(Value::String(kind)) if kind == "script")
    };
    for (index, item) in items.iter().enumerate().filter(|(_, item)| script(item)) {
        reader.warning(
            &at.item(index, item),
            "not carried over: a module that runs a script",
            "name a program of your own as Claude Code's statusLine.command",
        );
    }
    let known = |item: &&Node| match item.get("type").map(|node| &node.value) {
        Some(Value::String(kind)) => KINDS.iter().any(|(known, _)| known == kind),
        _ => true,
    };
    for (index, item) in items.iter().enumerate() {
        if !script(item) && !known(&item) {
            reader.warning(
                &at.item(index, item),
                "not carried over: a module of a plugin",
                "docs/config.md has the modules that `transom statusline` shows",
            );
        }
    }
    let kept = items.iter().filter(|item| !script(item)).filter(known);
    Node {
        line: modules.line,
        value: Value::List(kept.map(super::copied).collect()),
    }
}
