//! JSON that was cut off: what is open is closed, so that what came of an error can be read.

use bytes::Bytes;
use serde::de::IgnoredAny;

/// The text closed where it ends, if it is the beginning of an object or a list; else as it came.
pub fn closed(body: Bytes) -> Bytes {
    let begins = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    if !begins || is_json(&body) {
        return body;
    }
    let Some(text) = body.utf8_chunks().next().map(|chunk| chunk.valid()) else {
        return body;
    };
    let open = Open::of(text);
    let rest = &text[..open.whole];
    let rest = if open.in_string {
        format!("{rest}\"")
    } else {
        rest.trim_end().trim_end_matches(',').to_owned()
    };
    let closers: String = open.brackets.iter().rev().collect();
    // A name may wait for its colon, or for its value.
    let tries = ["", "null", ":null"].map(|middle| format!("{rest}{middle}{closers}"));
    let found = tries.into_iter().find(|text| is_json(text.as_bytes()));
    found.map_or(body, Bytes::from)
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// What is open at the end of a text.
#[derive(Default)]
struct Open {
    /// What closes each, the outermost first.
    brackets: Vec<char>,
    in_string: bool,
    /// Where the last whole character ends: an escape may be cut.
    whole: usize,
}

impl Open {
    fn of(text: &str) -> Self {
        let mut open = Self::default();
        // Characters that the escape still wants.
        let mut wanted = 0;
        for (at, c) in text.char_indices() {
            match c {
                'u' if wanted == 1 && text[..at].ends_with('\\') => wanted = 4,
                _ if wanted > 0 => wanted -= 1,
                '\\' if open.in_string => wanted = 1,
                '"' => open.in_string = !open.in_string,
                '{' if !open.in_string => open.brackets.push('}'),
                '[' if !open.in_string => open.brackets.push(']'),
                '}' | ']' if !open.in_string => {
                    open.brackets.pop();
                }
                _ => {}
            }
            if wanted == 0 {
                open.whole = at + c.len_utf8();
            }
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed_text(text: &str) -> String {
        let closed = closed(Bytes::copy_from_slice(text.as_bytes()));
        String::from_utf8_lossy(&closed).into_owned()
    }

    #[test]
    fn json_that_was_cut_anywhere_is_json_again() {
        let whole = r#"{"error": {"message": "too \"l\u00f6ng\" \\", "n": [1, {"a": null}], "b": {}}, "in": "x"}"#;
        for end in 1..whole.len() {
            let cut = &whole[..end];
            let closed = closed_text(cut);
            // A word such as null cannot be told from a wrong one.
            if !["n", "nu", "nul"]
                .iter()
                .any(|word| cut.ends_with(&format!(": {word}")))
            {
                assert!(is_json(closed.as_bytes()), "{cut} -> {closed}");
            }
        }
        assert_eq!(closed_text(whole), whole);
    }

    #[test]
    fn what_came_of_a_text_stays() {
        let cut = "{\"error\":{\"message\":\"prompt is too long: par";
        assert_eq!(closed_text(cut), format!("{cut}\"}}}}"));
    }

    #[test]
    fn what_is_no_json_is_left_as_it_is() {
        for text in ["", "prompt is too long", "<html>", "{no json"] {
            assert_eq!(closed_text(text), text);
        }
    }
}
