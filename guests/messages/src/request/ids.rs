//! Ids of tool calls: who checks them takes letters, digits, `_` and `-` only, and some providers give others. What does
//! not fit is changed in the call and in its result alike.

use super::content::blocks;
use sdk::edits::Edits;
use sdk::host;
use sdk::json::{Escaped, RawValue, Str, from_str};
use serde::Deserialize;
use std::fmt::Write as _;

/// Whether an id in this text may not fit: a look at the strings behind names that end in `id`.
pub(super) fn may_be_odd(text: &str) -> bool {
    text.match_indices("id\"").any(|(at, name)| {
        let value = text[at + name.len()..].trim_start().strip_prefix(':');
        let string = value.and_then(|value| value.trim_start().strip_prefix('"'));
        let id = string.and_then(|string| string.split_once('"'));
        id.is_some_and(|(id, _)| !fits(id))
    })
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Str<'a>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_use_id: Option<&'a RawValue>,
}

/// Changes the ids of calls and results in this content that do not fit.
pub(super) fn fit(edits: &mut Edits<'_>, content: Option<&RawValue>) {
    for block in blocks(content) {
        let Ok(block) = from_str::<Named<'_>>(block.get()) else {
            continue;
        };
        let raw = if block.kind.ends_with("tool_use") {
            block.id
        } else if block.kind.ends_with("tool_result") {
            block.tool_use_id
        } else {
            None
        };
        if let Some(raw) = raw {
            let id = Escaped::of(raw).map(|id| id.unescape().into_owned());
            if let Some(id) = id.filter(|id| !fits(id)) {
                let why = "an id of a tool call has letters, digits, _ and - only";
                host::note("change", "messages[*].content[*].id", why);
                edits.replace(raw.get(), format!("\"{}\"", fitted(&id)));
            }
        }
    }
}

fn fits(id: &str) -> bool {
    !id.is_empty() && id.chars().all(taken)
}

fn taken(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The same for the same id, another one for another: its end is a hash of the whole.
fn fitted(id: &str) -> String {
    let mut fitted: String = id.chars().map(|c| if taken(c) { c } else { '_' }).collect();
    let _ = write!(fitted, "_{:08x}", hash(id));
    fitted
}

/// FNV-1a: short, stable over versions. Not a secret.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_fits_costs_no_reading() {
        for text in [
            r#"{"id":"toolu_01-Ab","tool_use_id" : "toolu_01-Ab"}"#,
            r#"{"text":"\"id\":\"a.b\"","id":1,"paid":null,"id"}"#,
        ] {
            assert!(!may_be_odd(text), "{text}");
        }
        for text in [
            r#"{"id" :"a.b"}"#,
            r#""tool_use_id":"""#,
            r#"{"id":"\u0061"}"#,
        ] {
            assert!(may_be_odd(text), "{text}");
        }
    }

    #[test]
    fn ids_that_differ_stay_different() {
        assert_ne!(fitted("a.b"), fitted("a:b"));
        for id in ["", "functions.Read:0", "é\"\\"] {
            assert!(fits(&fitted(id)), "{id}");
        }
    }
}
