//! Each rule in order: whether it applied and why, what decided, and what would be tried next.

use serde::Serialize;

use super::builtin::Builtin;
use super::overrides::{self, Source};
use super::{Advice, Asked, Choice, choose, rule, subagent};
use crate::config::{Config, Router};
use crate::error::ApiError;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// As `x-transom-route` tells it.
    pub rule: String,
    /// The request is one that the rule is for.
    pub matched: bool,
    /// It decided.
    pub decided: bool,
    /// Where it leads, if that is known.
    pub target: Option<String>,
    /// A clause.
    pub why: String,
}

/// What routing makes of a request, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The model that was asked for.
    pub requested: String,
    /// Tokens, as far as they are known without a tokenizer.
    pub tokens: u32,
    /// The session id, if there is one.
    pub session: Option<String>,
    /// Whose routes hold: `router`, or a key below `projects` or `conversations`.
    pub routes: String,
    /// In the order in which they are asked.
    pub steps: Vec<Step>,
    /// The provider that is asked.
    pub provider: Option<String>,
    /// The model as that provider names it.
    pub model: Option<String>,
    /// The rule that decided.
    pub route: Option<String>,
    /// What is tried next, in order.
    pub fallback: Vec<String>,
    /// Fields that rules set, as `path=value`.
    pub set: Vec<String>,
    /// What the client is told instead.
    pub error: Option<String>,
}

/// Explains a decision.
pub fn explain(config: &Config, asked: &Asked<'_>, advice: Option<&Advice>) -> Explanation {
    let (table, source) = overrides::table(config, asked);
    let outcome = choose(config, asked, advice);
    let mut steps = named_steps(config, table, asked);
    steps.splice(1..1, rule_steps(table, asked));
    if let Some(name) = &config.router.component {
        steps.insert(0, component_step(name, advice));
    }
    steps.extend(Builtin::ORDER.map(|rule| builtin_step(rule, table, asked)));
    let default = table.default.as_ref().or(config.router.default.as_ref());
    steps.push(Step {
        rule: "default".to_owned(),
        matched: default.is_some(),
        decided: false,
        target: default.map(ToString::to_string),
        why: match default {
            Some(_) => "for whatever nothing else takes".to_owned(),
            None => "it is not set".to_owned(),
        },
    });
    let decided = outcome.as_ref().map(|choice| choice.rule.to_string());
    if let Ok(decided) = &decided {
        let name = decided.split(':').next().unwrap_or_default();
        let found = steps.iter_mut().find(|step| step.rule == name);
        if let Some(step) = found {
            step.decided = true;
        }
    }
    let (error, choice) = match &outcome {
        Ok(choice) => (None, Some(choice)),
        Err(ApiError { message, .. }) => (Some(message.clone()), None),
    };
    let fallback = choice.map(asked_next).unwrap_or_default();
    let set = choice
        .map(|choice| choice.set.as_slice())
        .unwrap_or_default();
    Explanation {
        requested: asked.head.model.clone(),
        tokens: asked.tokens(),
        session: asked.session().map(str::to_owned),
        routes: match source {
            Source::Main => "router".to_owned(),
            Source::Project(key) => format!("projects[\"{key}\"]"),
            Source::Conversation(id) => format!("conversations[\"{id}\"]"),
        },
        steps,
        provider: choice.map(|choice| choice.provider.name.clone()),
        model: choice.map(|choice| choice.model.clone()),
        route: decided.ok(),
        fallback,
        set: set
            .iter()
            .map(|change| format!("{}={}", change.path.join("."), change.value))
            .collect(),
        error,
    }
}

/// What is tried when the choice fails: each target once, and not the choice itself.
fn asked_next(choice: &Choice<'_>) -> Vec<String> {
    let own = format!("{},{}", choice.provider.name, choice.model);
    let mut next = Vec::new();
    for target in choice.fallback.iter().map(ToString::to_string) {
        if target != own && !next.contains(&target) {
            next.push(target);
        }
    }
    next
}

/// `explicit`, `alias` and `listed`.
fn named_steps(config: &Config, table: &Router, asked: &Asked<'_>) -> Vec<Step> {
    let model = &asked.head.model;
    let explicit = model.contains(',');
    let step = |rule: &str, matched: bool, target: Option<String>, why: String| Step {
        rule: rule.to_owned(),
        matched,
        decided: false,
        target,
        why,
    };
    let why = if !explicit {
        format!("`{model}` is not `provider,model`")
    } else if asked.of_subagent() && subagent::named(asked.details()).is_some() {
        "a subagent inherited it, and its tag names another one".to_owned()
    } else if table.image.is_some() && asked.head.image {
        "it names provider and model; an image goes past a model that reads text only".to_owned()
    } else {
        "it names provider and model".to_owned()
    };
    let explicit = step("explicit", explicit, explicit.then(|| model.clone()), why);
    let alias = config.aliases.get(model);
    let why = match alias {
        Some(_) => format!("`{model}` is an alias"),
        None => format!("`{model}` is no alias"),
    };
    let alias = step(
        "alias",
        alias.is_some(),
        alias.map(ToString::to_string),
        why,
    );
    let lists = |provider: &&crate::config::Provider| {
        provider.models.iter().any(|known| known.id == *model)
    };
    let listing: Vec<&str> = config
        .providers
        .iter()
        .filter(lists)
        .map(|provider| provider.name.as_str())
        .collect();
    let (target, why) = match listing.as_slice() {
        [] => (None, "no provider lists it".to_owned()),
        [one] if !table.listed => (
            None,
            format!("only `{one}` lists it, and `router.listed` is false"),
        ),
        [one] => (
            Some(format!("{one},{model}")),
            format!("only `{one}` lists it"),
        ),
        many => (None, format!("more than one lists it: {}", many.join(", "))),
    };
    vec![
        explicit,
        alias,
        step("listed", target.is_some(), target, why),
    ]
}

fn rule_steps(table: &Router, asked: &Asked<'_>) -> Vec<Step> {
    let each = table.rules.iter().map(|one| {
        let failing = rule::failing(&one.when, asked);
        let why = match failing {
            Some(condition) => format!("`when.{condition}` does not hold"),
            None if one.route.is_none() => "it only changes the request".to_owned(),
            None => "all of `when` holds".to_owned(),
        };
        Step {
            rule: one.name.clone(),
            matched: failing.is_none(),
            decided: false,
            target: one.route.as_ref().map(ToString::to_string),
            why,
        }
    });
    each.collect()
}

fn component_step(name: &str, advice: Option<&Advice>) -> Step {
    Step {
        rule: "component".to_owned(),
        matched: advice.is_some(),
        decided: false,
        target: advice.map(|advice| advice.target.clone()),
        why: match advice {
            Some(_) => format!("`{name}` chose it"),
            None => format!("`{name}` chose nothing"),
        },
    }
}

fn builtin_step(rule: Builtin, table: &Router, asked: &Asked<'_>) -> Step {
    let target = match rule {
        Builtin::Subagent => subagent::named(asked.details()),
        _ => rule.target(table).map(ToString::to_string),
    };
    let matched = rule.applies(table, asked);
    let mut why = rule.why(table, asked);
    if target.is_none() && rule != Builtin::Subagent {
        why = format!("there is no such route; {why}");
    }
    Step {
        rule: rule.name().to_owned(),
        matched: matched && target.is_some(),
        decided: false,
        target,
        why,
    }
}
