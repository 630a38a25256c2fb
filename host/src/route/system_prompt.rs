//! Words of the configuration in place of the beginning of the client's system prompt.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::edits::Edit;
use crate::config::SystemPrompt;
use crate::head::{plain, range_in, texts};

/// In each text of `system` that holds the mark, what stands before the last one is replaced.
pub(super) fn replaced(body: &[u8], prompt: &SystemPrompt) -> Vec<Edit> {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        system: Option<&'b RawValue>,
    }
    let Ok(Body { system }) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let literals = system.map(texts).unwrap_or_default();
    let edits = literals.into_iter().filter_map(|literal| {
        let text = plain(literal);
        let (_, kept) = text.split_at(text.rfind(&prompt.before)?);
        let with = serde_json::Value::from(format!("{}{kept}", prompt.text));
        Some(Edit {
            range: range_in(body, literal),
            with: with.to_string().into_bytes(),
        })
    });
    edits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::edits;

    fn after(body: &str) -> String {
        let prompt = SystemPrompt {
            file: "prompt.txt".into(),
            before: "<env>".to_owned(),
            text: "Be \"brief\".\n".to_owned(),
        };
        let bytes = bytes::Bytes::from(body.to_owned());
        let after = edits::apply(&bytes, replaced(&bytes, &prompt));
        String::from_utf8(after.to_vec()).unwrap()
    }

    #[test]
    fn what_stands_before_the_last_mark_is_replaced_and_every_other_byte_stays() {
        let body = |text: &str| {
            format!(
                r#"{{ "system":[{{"type":"text","text":"\u00e9"}}, {{"text":"{text}","cache_control":{{}}}}],"messages":[{{"role":"user","content":"a <env>"}}]}}"#
            )
        };
        assert_eq!(
            after(&body(r"You are <env>1\n<env>\nhere")),
            body(r#"Be \"brief\".\n<env>\nhere"#)
        );
        assert_eq!(after(&body("You are")), body("You are"));
        assert_eq!(
            after(r#"{"system":"old\u003cenv>x","messages":[]}"#),
            r#"{"system":"Be \"brief\".\n<env>x","messages":[]}"#
        );
        assert_eq!(after(r#"{"messages":[]}"#), r#"{"messages":[]}"#);
    }
}
