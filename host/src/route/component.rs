//! Asks the router component. Whatever goes wrong is a line in the log, and the host's own rules decide.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{Advice, Asked, follow};
use crate::config::Config;
use crate::head::plain;
use crate::registry::RouterGeneration;
use crate::upstream::{Secrets, visible};
use crate::wasm::{LogLine, Questioned, Signpost};

/// What a router sees of a text, in bytes.
const TEXT: usize = 16 << 10;

/// What it takes to ask.
pub struct Advised<'a> {
    /// In force.
    pub config: &'a Config,
    /// The version that is asked.
    pub generation: &'a RouterGeneration,
    /// Instances that may still be opened.
    pub permits: &'a Arc<Semaphore>,
    /// Taken out of what it logs.
    pub secrets: Secrets,
    /// Of the exchange.
    pub request_id: &'a str,
}

/// What the component says about a request; none if it leaves the request to the other rules, or
/// failed.
pub async fn advice(with: Advised<'_>, request: Questioned) -> Option<Advice> {
    let (generation, id) = (with.generation, with.request_id);
    let name = generation.component.name.as_str();
    let refused = |why: &str| {
        tracing::warn!(
            request_id = id,
            router = name,
            generation = generation.number,
            why,
            "the router component is passed over"
        );
    };
    let places = generation.component.places;
    let Ok(_permit) = with.permits.clone().try_acquire_many_owned(places) else {
        refused("all instances are taken (limits.instances)");
        return None;
    };
    let sink = log_to(id, name, with.secrets);
    let advice = match generation.route(seed(id), sink, &request).await {
        Ok(route) => advised(route?),
        Err(fault) => {
            refused(&fault.to_string());
            return None;
        }
    };
    match follow(with.config, &advice) {
        Ok(()) => Some(advice),
        Err(error) => {
            refused(&error.message);
            None
        }
    }
}

/// The label goes into a header: one that does not fit there is left out.
fn advised(route: Signpost) -> Advice {
    let valid = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    let fits = |label: &String| (1..=64).contains(&label.len()) && label.chars().all(valid);
    Advice {
        target: route.target,
        label: route.label.filter(fits),
    }
}

fn seed(id: &str) -> u128 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    u128::from(hasher.finish())
}

fn log_to(id: &str, name: &str, secrets: Secrets) -> Arc<dyn Fn(LogLine) + Send + Sync> {
    let (id, name) = (id.to_owned(), name.to_owned());
    Arc::new(move |line| {
        let LogLine::Log { level, message } = line else {
            return;
        };
        let message = secrets.scrub_text(&message);
        if level <= tracing::Level::WARN {
            tracing::warn!(target: "guest", request_id = id, router = name, "{message}");
        } else {
            tracing::debug!(target: "guest", request_id = id, router = name, "{message}");
        }
    })
}

impl Asked<'_> {
    /// The request as a router component sees it: bounded, and without credentials.
    pub fn questioned(&self, config: &Config) -> Questioned {
        let (head, details) = (self.head, self.details());
        let owned = |text: &str| text.to_owned();
        let routes = config.routes();
        Questioned {
            model: head.model.clone(),
            tokens: self.tokens(),
            last_usage: self.last_usage(),
            tools: details.tools.iter().map(|name| owned(name)).collect(),
            system: beginning(&details.system),
            last_user: beginning(&details.last_user),
            headers: visible(self.headers),
            project: self.directory().map(owned),
            session: self.session().map(owned),
            thinking: owned(head.thinking.name()),
            effort: head.effort.map(|effort| owned(effort.name())),
            image: head.image,
            web_search: head.web_search,
            streaming: head.stream,
            routes: routes
                .map(|(name, target)| (owned(name), target.to_string()))
                .collect(),
            extra: Vec::new(),
        }
    }
}

/// Texts one below the other, as far as a router sees them.
fn beginning(literals: &[&str]) -> String {
    let mut text = String::new();
    for literal in literals {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&plain(literal));
        if text.len() >= TEXT {
            text.truncate(text.floor_char_boundary(TEXT));
            break;
        }
    }
    text
}
