//! Tool names: providers take 64 characters of `[a-zA-Z0-9_-]`, Anthropic more. Names that do not fit
//! are shortened with a hash of the whole name and mapped back in the answer.

use sdk::host;
use std::borrow::Cow;
use std::fmt::Write as _;

const MOST: usize = 64;

/// The shortened names of one exchange.
#[derive(Debug, Default)]
pub struct Names {
    shortened: Vec<(String, String)>,
    letter_first: bool,
    /// The tool by which the model says a text.
    answering: Option<String>,
}

impl Names {
    /// Names for a provider that wants a letter or `_` at their beginning.
    pub fn beginning_with_a_letter() -> Self {
        Self {
            letter_first: true,
            ..Self::default()
        }
    }

    /// These names, for a model that says its texts by this tool.
    pub(super) fn answering_by(&mut self, tool: Option<String>) {
        self.answering = tool;
    }

    /// Whether the model says a text by calling this tool.
    pub(crate) fn says_text(&self, name: &str) -> bool {
        self.answering.as_deref() == Some(name)
    }

    /// The name to send for `name`.
    pub fn outgoing<'n>(&mut self, name: &'n str) -> Cow<'n, str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let other = |c: char| c != '_' && !c.is_ascii_alphabetic();
        let begins_wrongly = self.letter_first && name.starts_with(other);
        let fitting = (1..=MOST).contains(&name.len()) && name.chars().all(fits);
        if fitting && !begins_wrongly {
            return Cow::Borrowed(name);
        }
        if let Some((short, _)) = self.shortened.iter().find(|(_, long)| long == name) {
            return Cow::Owned(short.clone());
        }
        let fitted = name.chars().map(|c| if fits(c) { c } else { '_' });
        let first = begins_wrongly.then_some('_');
        let mut short: String = first.into_iter().chain(fitted).take(MOST - 9).collect();
        let _ = write!(short, "_{:08x}", hash(name) as u32);
        let why = "a name of more than 64 characters, or of others than letters, digits, _ and -, is shortened";
        host::note("change", "tools[*].name", why);
        self.shortened.push((short.clone(), name.to_owned()));
        Cow::Owned(short)
    }

    /// The client's name for a name in the answer.
    pub fn incoming<'n>(&'n self, name: &'n str) -> &'n str {
        let long = self.shortened.iter().find(|(short, _)| short == name);
        long.map_or(name, |(_, long)| long)
    }
}

/// FNV-1a: short, stable over versions. Not a secret.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_comes_back_as_it_was() {
        let long = format!("mcp__{}", "x".repeat(80));
        let mut names = Names::default();
        let short = names.outgoing(&long).into_owned();
        assert_eq!(short.len(), MOST);
        assert_eq!(names.outgoing(&long), short);
        assert_eq!(names.incoming(&short), long);
        assert_eq!(names.incoming("Read"), "Read");
    }

    #[test]
    fn a_name_gets_a_letter_at_its_beginning_where_one_is_wanted() {
        assert_eq!(Names::default().outgoing("3d"), "3d");
        let mut names = Names::beginning_with_a_letter();
        let fitted = names.outgoing("3d").into_owned();
        assert!(fitted.starts_with("_3d_"), "{fitted}");
        assert_eq!(names.incoming(&fitted), "3d");
        assert_eq!(names.outgoing("_3d"), "_3d");
    }
}
