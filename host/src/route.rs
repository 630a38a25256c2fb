//! Which provider and model a request goes to, by which rule, and what is changed of it on the way.
//!
//! A decision is pure: a configuration and a request in, a [`Choice`] out. Only [`dispatch`] knows the
//! running host. The order of the rules is in `docs/routing.md`; each can be asked why by [`explain`].

mod asked;
mod builtin;
mod choose;
mod component;
mod dispatch;
mod edits;
mod explain;
mod ids;
mod images;
mod overrides;
mod rule;
mod session;
mod subagent;
mod system_prompt;
mod thinking;
mod usages;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::config::{Change, Provider, Target};

pub use asked::Asked;
pub use choose::{choose, follow};
pub use component::{Advised, advice};
pub use dispatch::{Dispatched, Routed, dispatch, dispatch_counted};
pub use explain::{Explanation, Step, explain};
pub use session::session_id;
pub use usages::Usages;

/// The outcome of routing.
#[derive(Debug, Clone)]
pub struct Choice<'c> {
    /// Where the request goes.
    pub provider: &'c Provider,
    /// The model as the provider names it.
    pub model: String,
    /// What decided: a route or rule of the configuration by name, `explicit`, `alias`, `listed`,
    /// `subagent`, or `component`, with the label that it gave after a colon.
    pub rule: Cow<'c, str>,
    /// What to try next when the target fails, in order.
    pub fallback: &'c [Target],
    /// What rules change of the request.
    pub set: Vec<&'c Change>,
}

/// What a router component answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// `provider,model`, or a name that an alias or a list of models knows.
    pub target: String,
    /// Of the rule in the component, for `x-transom-route`.
    pub label: Option<String>,
}
