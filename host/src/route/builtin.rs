//! The rules that every configuration has, in the order of claude-code-router: whether one applies to
//! a request, and why.

use super::{Asked, subagent};
use crate::config::{Router, Target};
use crate::head::Thinking;

/// A conversation that was long counts as long from this many tokens on, so that a small side
/// request of it does not.
const LONG_BY_USAGE: u32 = 20_000;

/// A rule that every configuration has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builtin {
    LongContext,
    Subagent,
    Background,
    WebSearch,
    Image,
    Think,
}

impl Builtin {
    /// The first that applies and has a target decides.
    pub(super) const ORDER: [Self; 6] = [
        Self::LongContext,
        Self::Subagent,
        Self::Background,
        Self::WebSearch,
        Self::Image,
        Self::Think,
    ];

    /// As `x-transom-route` tells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LongContext => "long_context",
            Self::Subagent => "subagent",
            Self::Background => "background",
            Self::WebSearch => "web_search",
            Self::Image => "image",
            Self::Think => "think",
        }
    }

    /// Where it leads; the subagent's tag names that itself.
    pub(super) fn target(self, table: &Router) -> Option<&Target> {
        match self {
            Self::LongContext => table.long_context.as_ref(),
            Self::Subagent => None,
            Self::Background => table.background.as_ref(),
            Self::WebSearch => table.web_search.as_ref(),
            Self::Image => table.image.as_ref(),
            Self::Think => table.think.as_ref(),
        }
    }

    pub(super) fn applies(self, table: &Router, asked: &Asked<'_>) -> bool {
        let head = asked.head;
        match self {
            Self::LongContext => is_long(table, asked),
            Self::Subagent => head.subagent && subagent::named(asked.details()).is_some(),
            Self::Background => is_haiku(&head.model) || is_title(asked) || asked.side_request(),
            Self::WebSearch => head.web_search,
            Self::Image => head.image,
            Self::Think => {
                head.thinking == Thinking::Enabled
                    || (head.thinking != Thinking::Disabled
                        && table.think_effort.is_some()
                        && head.effort >= table.think_effort)
            }
        }
    }

    /// What was found, in a clause.
    pub(super) fn why(self, table: &Router, asked: &Asked<'_>) -> String {
        let head = asked.head;
        match self {
            Self::LongContext => why_long(table, asked),
            Self::Subagent => match subagent::named(asked.details()) {
                Some(name) => format!("a system text names `{name}`"),
                None => "no system text has the tag".to_owned(),
            },
            Self::Background => {
                if is_haiku(&head.model) {
                    format!("`{}` has haiku in its name", head.model)
                } else if is_title(asked) {
                    "it asks for a title: an object with `title`, no tools, no thinking".to_owned()
                } else if asked.side_request() {
                    "Claude Code asks, without tools and thinking, for something small".to_owned()
                } else {
                    "the model is no haiku, and it is no side request".to_owned()
                }
            }
            Self::WebSearch if head.web_search => "a tool is a web search".to_owned(),
            Self::WebSearch => "no tool is a web search".to_owned(),
            Self::Image if head.image => "the last message of the user has an image".to_owned(),
            Self::Image => "the last message of the user has no image".to_owned(),
            Self::Think => why_think(table, asked),
        }
    }
}

fn is_haiku(model: &str) -> bool {
    model.to_ascii_lowercase().contains("haiku")
}

fn is_title(asked: &Asked<'_>) -> bool {
    let head = asked.head;
    head.title && !head.tools && head.thinking.is_none()
}

fn is_long(table: &Router, asked: &Asked<'_>) -> bool {
    let threshold = table.long_context_threshold;
    if asked.longer_than(threshold) {
        return true;
    }
    asked.seems_longer_than(LONG_BY_USAGE)
        && asked
            .last_usage()
            .is_some_and(|last| last > u64::from(threshold))
}

fn why_long(table: &Router, asked: &Asked<'_>) -> String {
    let (threshold, most) = (table.long_context_threshold, asked.head.most_tokens);
    if most <= threshold {
        return format!("{most} bytes of text are surely no more than {threshold} tokens");
    }
    let counted = format!(
        "about {} tokens, and long is over {threshold}",
        asked.tokens()
    );
    match asked.last_usage() {
        Some(last) => format!("{counted}; the last answer told {last} input tokens"),
        None => counted,
    }
}

fn why_think(table: &Router, asked: &Asked<'_>) -> String {
    let effort = asked
        .head
        .effort
        .map_or("none", crate::config::Effort::name);
    let from = match table.think_effort {
        Some(least) => format!("counts from {}", least.name()),
        None => "does not count without `think_effort`".to_owned(),
    };
    format!(
        "thinking is {}; effort is {effort}, which {from}",
        asked.head.thinking.name()
    )
}
