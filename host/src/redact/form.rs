//! What the forms of values are made of.

use regex::Regex;

/// A slash: plain, escaped in JSON, or as an address has it.
pub(super) const SLASH: &str = r"(?:\\*/|\\+u002[fF]|%(?:25)*2[fF])";

/// A regular expression that is known to be one.
pub(super) fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("invariant: an escaped literal, or a constant that a test compiles")
}

/// Words with hyphens and names of variables have none.
pub(super) fn has_no_digit(value: &str) -> bool {
    !value.bytes().any(|byte| byte.is_ascii_digit())
}

/// What was drawn at random has digits or capitals in it.
pub(super) fn is_a_word(value: &str) -> bool {
    let random = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    !value.bytes().any(random)
}

/// Nobody would write it by chance: it can be taken out wherever it stands. `stream` and `128000` are
/// words and numbers that stand for other things elsewhere.
pub(super) fn looks_drawn(value: &str) -> bool {
    let number = value.bytes().all(|byte| byte.is_ascii_digit());
    let least = if number { 9 } else { 8 };
    value.len() >= least && !has_no_digit(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_round_numbers_do_not_look_drawn() {
        for value in ["8812345678", "acct-9911-qq", "d103f05b-071a"] {
            assert!(looks_drawn(value), "{value}");
        }
        for value in ["stream", "max_tokens", "128000", "20000000", "a1b2c3"] {
            assert!(!looks_drawn(value), "{value}");
        }
    }
}
