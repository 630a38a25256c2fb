//! What is left of a chunk that was cut off: whether something was said in it.

/// The members by which a chunk says something.
const MEMBERS: [&str; 8] = [
    "\"content\"",
    "\"reasoning_content\"",
    "\"reasoning\"",
    "\"reasoning_text\"",
    "\"thinking\"",
    "\"refusal\"",
    "\"tool_calls\"",
    "\"function_call\"",
];

/// Whether text, thinking or a call had begun in `chunk` when it was cut off.
pub(super) fn says_something(chunk: &str) -> bool {
    let values = |member: &'static str| {
        let places = chunk.match_indices(member);
        places.map(move |(at, _)| &chunk[at + member.len()..])
    };
    MEMBERS.into_iter().flat_map(values).any(holds_something)
}

/// Whether behind a member's name a value begins that is neither `null` nor empty.
fn holds_something(behind: &str) -> bool {
    let Some(value) = behind.trim_start().strip_prefix(':') else {
        return false;
    };
    let mut value = value.trim_start().chars();
    let end = match value.next() {
        Some('"') => '"',
        Some('[') => ']',
        Some('{') => '}',
        _ => return false,
    };
    let first = value.as_str().trim_start().chars().next();
    first.is_some_and(|first| first != end)
}

#[cfg(test)]
mod tests {
    use super::says_something;

    #[test]
    fn only_a_value_that_has_begun_counts() {
        for cut in [
            r#"{"delta":{"content":"I will no"#,
            r#"{"delta":{"content": "","reasoning" : "H"#,
            r#"{"delta":{"tool_calls":[{"in"#,
        ] {
            assert!(says_something(cut), "{cut}");
        }
        for cut in [
            r#"{"delta":{"cont"#,
            r#"{"delta":{"content"#,
            r#"{"delta":{"role":"assistant","content":""#,
            r#"{"delta":{"content":"","tool_calls":[],"reasoning":null,"fin"#,
        ] {
            assert!(!says_something(cut), "{cut}");
        }
    }
}
