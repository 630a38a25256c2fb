//! `$VAR`, `${VAR}` and `${VAR:-default}` in strings. Does not know where variables come from.

use super::Env;

/// Why a string could not be made whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// This variable is not set, or empty, and has no default.
    Unset(String),
    /// `${` without a name and `}`.
    Malformed,
}

/// Puts the values of variables in their places. `$$` is a dollar sign. A bare `$NAME` is a
/// variable only if its name is in capitals, so that `$ref` and `$5` stay what they are.
/// A variable that is set but empty counts as not set, as in the shell's `:-`.
pub(super) fn interpolate(text: &str, env: Env<'_>) -> Result<String, Flaw> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (inside, after) = after.split_once('}').ok_or(Flaw::Malformed)?;
            out.push_str(&braced(inside, env)?);
            rest = after;
        } else {
            let name = bare_name(rest);
            if name.is_empty() {
                out.push('$');
            } else {
                out.push_str(&value(name, env).ok_or_else(|| Flaw::Unset(name.to_owned()))?);
            }
            rest = &rest[name.len()..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn braced(inside: &str, env: Env<'_>) -> Result<String, Flaw> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !valid {
        return Err(Flaw::Malformed);
    }
    value(name, env)
        .or_else(|| default.map(str::to_owned))
        .ok_or_else(|| Flaw::Unset(name.to_owned()))
}

/// The longest name at the start of `text`: `[A-Z_][A-Z0-9_]*`, else nothing.
fn bare_name(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    &text[..end]
}

fn value(name: &str, env: Env<'_>) -> Option<String> {
    env(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("k1".to_owned()),
            "lower" => Some("l1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn made(text: &str) -> Result<String, Flaw> {
        interpolate(text, &env)
    }

    #[test]
    fn the_three_forms_give_the_variables_value() {
        assert_eq!(made("a-$KEY/b").unwrap(), "a-k1/b");
        assert_eq!(made("${KEY}${lower}").unwrap(), "k1l1");
        assert_eq!(made("${NONE:-x:-y}").unwrap(), "x:-y");
        assert_eq!(made("${KEY:-x}").unwrap(), "k1");
    }

    #[test]
    fn what_is_no_variable_stays_as_it_is() {
        assert_eq!(made("$ref $5 a$ $$KEY").unwrap(), "$ref $5 a$ $KEY");
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        assert_eq!(made("${EMPTY:-x}").unwrap(), "x");
        assert_eq!(made("$EMPTY"), Err(Flaw::Unset("EMPTY".to_owned())));
    }

    #[test]
    fn a_brace_that_is_not_closed_is_said() {
        assert_eq!(made("${KEY"), Err(Flaw::Malformed));
        assert_eq!(made("${}"), Err(Flaw::Malformed));
        assert_eq!(made("${a b}"), Err(Flaw::Malformed));
    }
}
