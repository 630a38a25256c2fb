//! One thing that is looked for: where it stands in a text, and what stands there afterwards.

use std::cmp::Reverse;
use std::ops::Range;

use regex::{Captures, Regex};

use super::edge::Edge;
use super::form::compiled;
use super::names::{Names, is_placeholder};
use super::{Kind, literal};
use crate::config::Redaction;

/// What is looked for.
pub(super) struct Rule {
    pub(super) kind: Kind,
    regex: Regex,
    becomes: Becomes,
    edge: Edge,
}

enum Becomes {
    /// This value, wherever it stands, gets the placeholder of `named`.
    Literal { value: String, named: String },
    /// This value becomes this.
    Fixed { value: String, placeholder: String },
    /// The group `value` of the match gets a placeholder, unless it tells nobody.
    Found(fn(&str) -> bool),
    /// By a rule of one's own.
    Expanded(String),
}

impl Rule {
    /// A known value.
    pub(super) fn literal(kind: Kind, value: &str, named: &str) -> Self {
        let folder = matches!(kind, Kind::Home | Kind::Directory);
        // `/root` is part of many paths; a longer one is taken out wherever it stands.
        let short = folder && value.matches('/').count() < 2;
        let regex = literal::pattern(value);
        let regex = match kind {
            // Names of machines have no case, and users are written as one likes. A short name may be any word.
            Kind::Host => format!("(?i){regex}"),
            Kind::User if value.chars().count() >= 4 => format!("(?i){regex}"),
            _ => regex,
        };
        Self {
            kind,
            regex: compiled(&regex),
            becomes: Becomes::Literal {
                value: value.to_owned(),
                named: named.to_owned(),
            },
            edge: match kind {
                Kind::User | Kind::Host => Edge::Word,
                Kind::Key => Edge::Anything,
                _ if short => Edge::Folder,
                _ if folder => Edge::Anything,
                _ => Edge::Letters,
            },
        }
    }

    /// A folder's path as Claude Code makes a folder's name of it: `-home-alice-work`. None for a
    /// path whose name could be anything.
    pub(super) fn folder_as_name(kind: Kind, path: &str, placeholder: &str) -> Option<Self> {
        if kind == Kind::User || path.matches('/').count() < 2 {
            return None;
        }
        let as_name = |path: &str| -> String {
            let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            path.chars().map(letter).collect()
        };
        let value = as_name(path);
        Some(Self {
            kind,
            regex: compiled(&literal::pattern(&value)),
            becomes: Becomes::Fixed {
                value,
                placeholder: as_name(placeholder),
            },
            edge: Edge::Anything,
        })
    }

    /// A form: the group `value` is taken out unless `tells_nobody` says so.
    pub(super) fn form(kind: Kind, pattern: &str, tells_nobody: fn(&str) -> bool) -> Self {
        Self {
            kind,
            regex: compiled(pattern),
            becomes: Becomes::Found(tells_nobody),
            edge: Edge::Anything,
        }
    }

    /// Errors: a sentence, if it is no regular expression.
    pub(super) fn own(rule: &Redaction) -> Result<Self, String> {
        let regex = Regex::new(&rule.pattern)
            .map_err(|error| format!("`{}` is not a regular expression: {error}", rule.pattern))?;
        Ok(Self {
            kind: Kind::Own,
            regex,
            becomes: Becomes::Expanded(rule.with.clone()),
            edge: Edge::Anything,
        })
    }

    /// A name or an id that is known by itself, not by where it stands: it may be a word of a format.
    pub(super) fn is_word(&self) -> bool {
        let is_name = matches!(self.kind, Kind::User | Kind::Host);
        (is_name && matches!(self.becomes, Becomes::Literal { .. })) || self.is_id()
    }

    /// An id that was recognised in the exchange.
    pub(super) fn is_id(&self) -> bool {
        self.kind.is_id() && matches!(self.becomes, Becomes::Literal { .. })
    }

    pub(super) fn is_of(&self, of: Kind, text: &str) -> bool {
        matches!(&self.becomes, Becomes::Literal { value, .. } if self.kind == of && value == text)
    }

    /// A known value that is exactly this.
    pub(super) fn is_for(&self, text: &str) -> bool {
        matches!(&self.becomes, Becomes::Literal { value, .. } if value == text)
    }

    /// Kinds in order, long values before those that they may hold.
    pub(super) fn order(&self) -> (u8, Reverse<usize>) {
        let length = match &self.becomes {
            Becomes::Literal { value, .. } | Becomes::Fixed { value, .. } => value.len(),
            Becomes::Found(_) | Becomes::Expanded(_) => 0,
        };
        let group = match self.kind {
            Kind::Home | Kind::Directory => 1,
            Kind::User | Kind::Host => 2,
            _ => 0,
        };
        (group, Reverse(length))
    }

    /// Where it stands in a text and what becomes of it, in order. What would stay the same is left out.
    pub(super) fn matches(&self, text: &str, names: &mut Names) -> Vec<(Range<usize>, String)> {
        let mut found = Vec::new();
        for captures in self.regex.captures_iter(text) {
            let Some(value) = captures.name("value").or_else(|| captures.get(0)) else {
                continue;
            };
            if !self.edge.allows(text, &value.range()) {
                continue;
            }
            let range = match &self.becomes {
                // The whole match is replaced, whatever groups the rule's author gave a name.
                Becomes::Expanded(_) => {
                    captures.get(0).map_or(value.range(), |whole| whole.range())
                }
                _ => value.range(),
            };
            if let Some(with) = self.replacement(value.as_str(), &captures, names)
                && text.get(range.clone()) != Some(with.as_str())
            {
                found.push((range, with));
            }
        }
        found
    }

    fn replacement(
        &self,
        value: &str,
        captures: &Captures<'_>,
        names: &mut Names,
    ) -> Option<String> {
        match &self.becomes {
            Becomes::Literal { named, .. } => Some(names.of(self.kind, named)),
            Becomes::Fixed { placeholder, .. } => Some(placeholder.clone()),
            Becomes::Found(tells_nobody) => {
                let stays = tells_nobody(value) || is_placeholder(value) || names.gave(value);
                (!stays).then(|| names.of(self.kind, value))
            }
            Becomes::Expanded(with) => {
                let mut text = String::new();
                captures.expand(with, &mut text);
                Some(text)
            }
        }
    }
}
