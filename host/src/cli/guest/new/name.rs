//! What a transformer may be called: its name is that of a crate and of a component file.

use crate::registry::builtin_names;

/// What a configuration means by untouched passthrough.
const PASSTHROUGH: &str = "anthropic";

/// The most characters.
const LENGTH_MOST: usize = 64;

/// Crates that a scaffold depends on, and those of Rust.
const TAKEN: [&str; 9] = [
    "alloc",
    "chat",
    "core",
    "fixtures",
    "proc_macro",
    "sdk",
    "std",
    "test",
    "transom",
];

/// Keywords of Rust in lower case.
const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "yield",
];

/// A name that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// Errors: why it cannot be used, with the remedy.
    pub(super) fn new(given: &str) -> Result<Self, String> {
        if fits(given) {
            return match taken(given) {
                None => Ok(Self(given.to_owned())),
                Some(why) => Err(format!(
                    "`{given}` {why}: choose another name, such as `my_{given}`"
                )),
            };
        }
        let word = given.to_ascii_lowercase().replace(['-', '.', ' '], "_");
        let instead = if fits(&word) && taken(&word).is_none() {
            format!(", such as `{word}`")
        } else {
            String::new()
        };
        Err(format!(
            "`{given}` cannot be the name of a crate and of a component file: \
             use up to {LENGTH_MOST} of a-z, 0-9 and _, a letter first{instead}"
        ))
    }

    /// The name.
    pub(super) fn get(&self) -> &str {
        &self.0
    }

    /// The name of the type: `my_provider` is `MyProvider`.
    pub(super) fn type_name(&self) -> String {
        let words = self.0.split('_').filter(|word| !word.is_empty());
        words
            .map(|word| word[..1].to_ascii_uppercase() + &word[1..])
            .collect()
    }
}

fn fits(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    word.len() <= LENGTH_MOST
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(plain)
}

/// Why a word that fits stands for something else already.
fn taken(word: &str) -> Option<&'static str> {
    if builtin_names().any(|name| name == word) {
        Some("is built in, and a file of that name would stand before it")
    } else if word == PASSTHROUGH {
        Some("in a configuration means untouched passthrough")
    } else if TAKEN.contains(&word) || KEYWORDS.contains(&word) {
        Some("is a word of Rust's, or a crate that the scaffold uses")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_a_crate_and_of_a_type() {
        let name = Name::new("my_provider2").unwrap();
        assert_eq!(
            (name.get(), name.type_name().as_str()),
            ("my_provider2", "MyProvider2")
        );
    }

    #[test]
    fn what_cannot_be_used_is_told_with_another_name() {
        for (given, says) in [
            ("My-Provider", "such as `my_provider`"),
            ("2nd", "a letter first"),
            ("../x", "a letter first"),
            ("", "a letter first"),
            ("cerebras", "is built in"),
            ("anthropic", "untouched passthrough"),
            ("sdk", "such as `my_sdk`"),
            ("match", "such as `my_match`"),
        ] {
            let said = Name::new(given).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
    }
}
