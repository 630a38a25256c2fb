//! A configuration of claude-code-router (1.x and 2.x) as it is: its tree becomes one of our own settings, in
//! which every value keeps its line and the name that the file gives it.
//!
//! What has no counterpart is named in a list of warnings, each with what to do instead. Knows ccr's names and
//! ours; reads no file and checks nothing that the reader of our settings checks anyway.

use super::Env;
use super::problem::Problem;
use super::reader::{Place, Reader};
use super::text::{Member, Node, Value};

mod chain;
mod endpoint;
mod members;
mod options;
mod provider;
mod router;
mod settings;
mod status_line;

#[cfg(test)]
mod tests;

/// A translated configuration.
pub(super) struct Translated {
    /// In our own names.
    pub(super) root: Node,
    /// What is wrong with the file as one of claude-code-router.
    pub(super) problems: Vec<Problem>,
    /// What was carried over with a change, and what could not be.
    pub(super) warnings: Vec<Problem>,
}

/// Settings that only a configuration of claude-code-router has.
const TELLING: [&str; 4] = ["Router", "APIKEY", "PORT", "StatusLine"];

/// Whether a file is one of claude-code-router, which has `Providers` with `api_base_url`.
pub(super) fn recognised(root: &Node) -> bool {
    if let Some(providers) = root.get("Providers") {
        return !any_has(providers, "base_url") || any_has(providers, "api_base_url");
    }
    match root.get("providers") {
        Some(providers) => any_has(providers, "api_base_url") && !any_has(providers, "base_url"),
        None => TELLING.iter().any(|name| root.get(name).is_some()) && root.get("router").is_none(),
    }
}

fn any_has(providers: &Node, name: &str) -> bool {
    matches!(&providers.value, Value::List(items) if items.iter().any(|item| item.get(name).is_some()))
}

/// Translates a whole file, whatever goes wrong.
pub(super) fn translate(root: &Node, env: Env<'_>) -> Translated {
    let mut reader = Reader::new(env);
    let place = Place::root(root);
    let mut members = Vec::new();
    if let Some(fields) = settings::members(&place, &mut reader) {
        settings::settings(&fields, env, &mut members, &mut reader);
        provider::providers(&fields, &mut members, &mut reader);
        router::router(&fields, &mut members, &mut reader);
        status_line::status_line(&fields, &mut members, &mut reader);
    }
    Translated {
        root: Node::object(root.line, members),
        problems: reader.problems,
        warnings: reader.warnings,
    }
}

/// Text of ccr, in which `$$` has no meaning, as ours.
fn as_written(text: &str) -> String {
    text.replace("$$", "$$$$")
}

/// Text whose variables have been replaced already.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// A value of ccr as ours.
fn copied(node: &Node) -> Node {
    let value = match &node.value {
        Value::String(text) => Value::String(as_written(text)),
        Value::List(items) => Value::List(items.iter().map(copied).collect()),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|member| Member::new(&member.name, copied(&member.node)))
                .collect(),
        ),
        other => other.clone(),
    };
    Node {
        line: node.line,
        value,
    }
}
