//! What a model may be called. Clients and texts of theirs (a subagent's tag) name models, and the name goes
//! into headers, log lines and labels of `/metrics`.

use crate::error::ApiError;
use crate::visible;

/// In bytes. The longest names in use have fewer than 100; the Messages API itself takes 256 characters.
const LONGEST_NAME: usize = 256;

/// Whether this can be the name of a model, with or without its provider's before it.
///
/// Errors: 400 for one that is too long, or holds what a terminal would act on.
pub(crate) fn check_model(name: &str) -> Result<(), ApiError> {
    if name.len() > LONGEST_NAME {
        return Err(ApiError::invalid(format!(
            "model: the name has {} bytes, and {LONGEST_NAME} is the most",
            name.len()
        )));
    }
    match name.chars().find(|c| visible::acts(*c)) {
        None => Ok(()),
        Some(c) => Err(ApiError::invalid(format!(
            "model: the name holds the control character U+{:04X}",
            u32::from(c)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_length_and_characters_of_names() {
        let refused = |name: &str| check_model(name).unwrap_err().message;
        assert!(check_model("p,Qwen/Qwen3-Coder-480B-A35B:free ü").is_ok());
        assert!(check_model(&"m".repeat(256)).is_ok());
        assert!(refused(&"m".repeat(257)).contains("257 bytes"));
        assert!(refused("m\n2026 INFO").contains("U+000A"));
        assert!(refused("m\u{1b}[2J").contains("U+001B"));
        assert!(refused("m\u{202e}").contains("U+202E"));
    }
}
