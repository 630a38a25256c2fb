//! The rules of the user's own: whether one applies to a request, and why not.

use super::Asked;
use super::overrides::is_in;
use crate::config::{Change, Router, Rule, When};
use crate::head::Thinking;

/// What the rules come to.
pub(super) struct Ruled<'c> {
    /// The first that applies and has a route.
    pub(super) route: Option<&'c Rule>,
    /// Of all that apply up to there. The first that sets a field wins.
    pub(super) set: Vec<&'c Change>,
}

/// Looks at the rules in order. Where the client has `named` a target, those with a route are passed
/// over.
pub(super) fn ruled<'c>(table: &'c Router, asked: &Asked<'_>, named: bool) -> Ruled<'c> {
    let mut ruled = Ruled {
        route: None,
        set: Vec::new(),
    };
    for rule in &table.rules {
        if (named && rule.route.is_some()) || !applies(&rule.when, asked) {
            continue;
        }
        for change in &rule.set {
            if ruled.set.iter().all(|other| other.path != change.path) {
                ruled.set.push(change);
            }
        }
        if rule.route.is_some() {
            ruled.route = Some(rule);
            break;
        }
    }
    ruled
}

/// All conditions hold.
pub(super) fn applies(when: &When, asked: &Asked<'_>) -> bool {
    failing(when, asked).is_none()
}

/// The first condition that does not hold, by its name in the configuration. The cheap ones first.
pub(super) fn failing(when: &When, asked: &Asked<'_>) -> Option<&'static str> {
    let head = asked.head;
    let is = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
    let thinks = matches!(head.thinking, Thinking::Enabled | Thinking::Adaptive);
    let like = |(name, pattern): &(String, crate::config::Pattern)| {
        asked
            .header(name)
            .is_some_and(|value| pattern.matches(value))
    };
    let tool = |pattern: &crate::config::Pattern| {
        let names = &asked.details().tools;
        names.iter().any(|name| pattern.matches(name))
    };
    let within = |key: &String| asked.directory().is_some_and(|path| is_in(key, path));
    if when
        .model
        .as_ref()
        .is_some_and(|model| !model.matches(&head.model))
    {
        Some("model")
    } else if !is(when.thinking, thinks) {
        Some("thinking")
    } else if when.effort.is_some_and(|least| head.effort < Some(least)) {
        Some("effort")
    } else if !is(when.image, head.image) {
        Some("image")
    } else if !is(when.web_search, head.web_search) {
        Some("web_search")
    } else if !when.headers.iter().all(like) {
        Some("header")
    } else if when.over.is_some_and(|over| !asked.longer_than(over))
        || when.under.is_some_and(|under| asked.longer_than(under - 1))
    {
        Some("tokens")
    } else if !when.tools.iter().all(tool) {
        Some("tools")
    } else if when
        .system
        .as_ref()
        .is_some_and(|words| !asked.details().system_has(words))
    {
        Some("system")
    } else if when.project.as_ref().is_some_and(|key| !within(key)) {
        Some("project")
    } else {
        None
    }
}
