//! What a configuration says about routes. Knows no request: whether a rule applies is `route`'s to say.

use std::collections::BTreeMap;

use serde_json::Value;

/// What counts as a long conversation unless told otherwise, in tokens.
const DEFAULT_LONG_CONTEXT: u32 = 60_000;

/// A provider and one of its models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The provider's name as configured.
    pub provider: String,
    /// The model as the provider names it.
    pub model: String,
}

/// The routes of the configuration, of a project or of a conversation.
#[derive(Debug, Clone)]
pub struct Router {
    /// A model that one provider alone lists goes there, past the rules that follow.
    pub listed: bool,
    /// For whatever no other rule takes.
    pub default: Option<Target>,
    /// For small side requests.
    pub background: Option<Target>,
    /// For requests with extended thinking.
    pub think: Option<Target>,
    /// The effort from which a request counts as one with extended thinking, whatever its
    /// `thinking` says; none: efforts do not count.
    pub think_effort: Option<Effort>,
    /// For long conversations.
    pub long_context: Option<Target>,
    /// In tokens: what counts as long.
    pub long_context_threshold: u32,
    /// For requests with a web search tool.
    pub web_search: Option<Target>,
    /// For requests whose last message carries an image.
    pub image: Option<Target>,
    /// The rules of the user's own, in order.
    pub rules: Vec<Rule>,
    /// The router component that is asked first, by name. Of the main routes only.
    pub component: Option<String>,
    /// Its options, a JSON object as text.
    pub component_options: bytes::Bytes,
    /// What to try next when a route's target fails, by route name.
    pub fallback: BTreeMap<String, Vec<Target>>,
}

impl Default for Router {
    fn default() -> Self {
        Self {
            listed: true,
            default: None,
            background: None,
            think: None,
            think_effort: None,
            long_context: None,
            long_context_threshold: DEFAULT_LONG_CONTEXT,
            web_search: None,
            image: None,
            rules: Vec::new(),
            component: None,
            component_options: bytes::Bytes::from_static(b"{}"),
            fallback: BTreeMap::new(),
        }
    }
}

/// Routes for the requests of one project.
#[derive(Debug, Clone)]
pub struct Project {
    /// The path of its folder, or the folder's name.
    pub key: String,
    /// In place of the main ones, whole.
    pub router: Router,
}

/// A rule of the user's own.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Told in `x-transom-route`. Unique, and of no other route.
    pub name: String,
    /// All of it must hold.
    pub when: When,
    /// Where the request goes; none: the rule only changes it, and the next one is looked at.
    pub route: Option<Target>,
    /// What is changed of the request.
    pub set: Vec<Change>,
}

/// The conditions of a rule; what is not said holds always.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Of the client's model.
    pub model: Option<Pattern>,
    /// More tokens than this.
    pub over: Option<u32>,
    /// Fewer tokens than this.
    pub under: Option<u32>,
    /// Each of them is the name of a tool.
    pub tools: Vec<Pattern>,
    /// `thinking.type` is `enabled` or `adaptive`, or is not.
    pub thinking: Option<bool>,
    /// `output_config.effort` is this or more.
    pub effort: Option<Effort>,
    /// Header in lower case, and what its value is like.
    pub headers: Vec<(String, Pattern)>,
    /// A text of the system's holds this.
    pub system: Option<String>,
    /// The project, as the keys of `projects` name it.
    pub project: Option<String>,
    /// The last message of the user carries an image, or does not.
    pub image: Option<bool>,
    /// A tool is a web search of the server's, or none is.
    pub web_search: Option<bool>,
}

/// A field of the request and its new value.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The member, and the member in it if there are two.
    pub path: Vec<String>,
    /// In its place.
    pub value: Value,
}

/// Text with `*` for any characters, compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Of its text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` is like it.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.to_lowercase(), text.to_lowercase());
        let Some((first, rest)) = pattern.split_once('*') else {
            return pattern == text;
        };
        let Some(mut text) = text.strip_prefix(first) else {
            return false;
        };
        let mut parts: Vec<&str> = rest.split('*').collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let Some(at) = text.find(part) else {
                return false;
            };
            text = &text[at + part.len()..];
        }
        text.ends_with(last)
    }
}

/// `output_config.effort`, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `xhigh`
    Xhigh,
    /// `max`
    Max,
}

impl Effort {
    /// All, by name.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("xhigh", Self::Xhigh),
        ("max", Self::Max),
    ];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::NAMES.into_iter();
        all.find_map(|(known, effort)| (known == name).then_some(effort))
    }

    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text_and_no_case() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).matches(text);
        assert!(matches("*haiku*", "claude-Haiku-4-5"));
        assert!(matches("mcp__*__read", "mcp__files__read"));
        assert!(matches("*", "") && matches("a*", "A"));
        assert!(!matches("haiku", "claude-haiku"));
        assert!(!matches("a*a", "a"));
        assert!(!matches("*x*y", "y-x"));
    }
}
