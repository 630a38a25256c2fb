//! What is found where nothing should be any more, as far as it may be told.

use super::Kind;
use super::body::Under;

/// One find. Knows no more than the beginning of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What it is.
    pub kind: Kind,
    /// The first characters of it.
    pub begin: String,
    /// The names that it stands under, such as `headers.Authorization`; empty for none.
    pub member: String,
}

/// So much of what is found may be told, in characters.
pub(super) const SHOWN: usize = 3;

impl Left {
    pub(super) fn of(kind: Kind, value: &str, under: &Under<'_>) -> Self {
        let names = [&under.parent, &under.member];
        let names: Vec<&str> = names.into_iter().flatten().map(|name| &**name).collect();
        Self {
            kind,
            begin: value.chars().take(SHOWN).collect(),
            member: names.join("."),
        }
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            begin,
            member,
        } = self;
        write!(f, "{} that begins with `{begin}`", kind.one())?;
        if !member.is_empty() {
            write!(f, " (under `{member}`)")?;
        }
        Ok(())
    }
}
