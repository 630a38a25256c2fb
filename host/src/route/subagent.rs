//! `<CCR-SUBAGENT-MODEL>provider,model</CCR-SUBAGENT-MODEL>` in a system text: what it names, and
//! taking it out of the bytes that go on, so that no model reads it.

use crate::head::{Details, SUBAGENT_TAG, plain, range_in};

use super::edits::Edit;

const END: &str = "</CCR-SUBAGENT-MODEL>";

/// What the first tag names.
pub(super) fn named(details: &Details<'_>) -> Option<String> {
    details.system.iter().find_map(|literal| {
        let text = plain(literal);
        let (_, rest) = text.split_once(SUBAGENT_TAG)?;
        let (name, _) = rest.split_once(END)?;
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    })
}

/// Takes every tag out.
pub(super) fn removals(body: &[u8], details: &Details<'_>) -> Vec<Edit> {
    let texts = details.system.iter();
    texts
        .flat_map(|literal| removals_in(body, literal))
        .collect()
}

fn removals_in(body: &[u8], literal: &str) -> Vec<Edit> {
    let text = plain(literal);
    let tags = text.matches(SUBAGENT_TAG).count();
    if tags == 0 {
        return Vec::new();
    }
    let mut edits = Vec::new();
    let mut rest = literal;
    while let Some(start) = rest.find(SUBAGENT_TAG) {
        let Some(end) = rest[start..].find(END) else {
            break;
        };
        let tag = &rest[start..start + end + END.len()];
        edits.push(Edit {
            range: range_in(body, tag),
            with: Vec::new(),
        });
        rest = &rest[start + tag.len()..];
    }
    if edits.len() == tags {
        return edits;
    }
    // Written with escapes, such as `\/`: the string is written anew, the others stay.
    vec![Edit {
        range: range_in(body, literal),
        with: serde_json::Value::from(without(&text))
            .to_string()
            .into_bytes(),
    }]
}

fn without(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(start) = text.find(SUBAGENT_TAG)
        && let Some(end) = text[start..].find(END)
    {
        text.replace_range(start..start + end + END.len(), "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::edits;

    fn cut(body: &str) -> (Option<String>, String) {
        let bytes = bytes::Bytes::from(body.to_owned());
        let details = Details::read(&bytes);
        let after = edits::apply(&bytes, removals(&bytes, &details));
        (named(&details), String::from_utf8(after.to_vec()).unwrap())
    }

    #[test]
    fn the_tag_is_cut_out_and_every_other_byte_stays() {
        let tag = "<CCR-SUBAGENT-MODEL>a, b/c</CCR-SUBAGENT-MODEL>";
        let body = |tag: &str| {
            format!(
                r#"{{ "system":[{{"text":"\u00e9"}},{{"text":"x{tag}\ny"}}], "messages":[{{"role":"system","content":"{tag}z"}}]}}"#
            )
        };
        let (named, after) = cut(&body(tag));
        assert_eq!(named.as_deref(), Some("a, b/c"));
        assert_eq!(after, body(""));
    }

    #[test]
    fn a_tag_that_is_written_with_escapes_is_found_too() {
        let (named, after) = cut(
            r#"{"system":"\u003cCCR-SUBAGENT-MODEL>a,b<\/CCR-SUBAGENT-MODEL>\tgo","messages":[]}"#,
        );
        assert_eq!(named.as_deref(), Some("a,b"));
        assert_eq!(after, r#"{"system":"\tgo","messages":[]}"#);
    }

    #[test]
    fn a_tag_without_an_end_is_text() {
        let body = r#"{"system":"<CCR-SUBAGENT-MODEL>a,b","messages":[]}"#;
        assert_eq!(cut(body), (None, body.to_owned()));
    }
}
