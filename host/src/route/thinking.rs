//! Thinking that other providers gave, on its way to one that takes the Messages API untouched: it checks the
//! signatures of thinking, and refuses a conversation for one that is not its own. Transformers see to this
//! themselves.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

use super::edits::Edit;
use crate::head::{Message, is_foreign_signature, range_in};

/// Takes out each block of thinking that has an envelope of transom's own or no signature, and each message of which
/// nothing is left then. All other bytes stay.
pub(super) fn removals(body: &[u8]) -> Vec<Edit> {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        messages: Vec<&'b RawValue>,
    }
    let Ok(Body { messages }) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let mut edits = Vec::new();
    let mut whole: Vec<(&str, bool)> = Vec::with_capacity(messages.len());
    for message in messages {
        let mut blocks = blocks(message);
        let nothing_left = !blocks.is_empty() && blocks.iter().all(|(_, gone)| *gone);
        whole.push((message.get(), nothing_left));
        if nothing_left {
            blocks.clear();
        }
        edits.extend(without(body, &blocks));
    }
    if whole.iter().any(|(_, gone)| !gone) {
        edits.extend(without(body, &whole));
    }
    edits
}

/// The blocks of an assistant's message, and whether each goes.
fn blocks(message: &RawValue) -> Vec<(&str, bool)> {
    let Ok(message) = serde_json::from_str::<Message<'_>>(message.get()) else {
        return Vec::new();
    };
    let content = message
        .content
        .filter(|_| message.role.as_deref() == Some("assistant"));
    let list = content.map(|content| serde_json::from_str::<Vec<&RawValue>>(content.get()));
    let list = list.and_then(Result::ok).unwrap_or_default();
    list.into_iter()
        .map(|raw| (raw.get(), is_foreign(raw)))
        .collect()
}

fn is_foreign(block: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Block<'b> {
        #[serde(borrow, rename = "type")]
        kind: Option<Cow<'b, str>>,
        #[serde(borrow)]
        signature: Option<Cow<'b, str>>,
        #[serde(borrow)]
        data: Option<Cow<'b, str>>,
    }
    let Ok(block) = serde_json::from_str::<Block<'_>>(block.get()) else {
        return false;
    };
    match block.kind.as_deref() {
        Some("thinking") => block.signature.is_none_or(|own| is_foreign_signature(&own)),
        Some("redacted_thinking") => {
            let data = block.data.unwrap_or_default();
            !data.is_empty() && is_foreign_signature(&data)
        }
        _ => false,
    }
}

/// Removes items of a list, all of whose items are given in order, with the commas between.
fn without(body: &[u8], items: &[(&str, bool)]) -> Vec<Edit> {
    let range = |at: usize| range_in(body, items[at].0);
    let mut edits = Vec::new();
    let mut at = 0;
    while at < items.len() {
        let run = items[at..].iter().take_while(|(_, gone)| *gone).count();
        if run > 0 {
            let last = at + run - 1;
            let range = match (last + 1 < items.len(), at.checked_sub(1)) {
                (true, _) => range(at).start..range(last + 1).start,
                (false, Some(before)) => range(before).end..range(last).end,
                (false, None) => range(at).start..range(last).end,
            };
            edits.push(Edit {
                range,
                with: Vec::new(),
            });
        }
        at += run + 1;
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::RequestHead;
    use crate::route::edits;

    fn after(messages: &str) -> (bool, String) {
        let body = format!(r#"{{"model":"m", "messages" : [{messages}] ,"é":1.0}}"#);
        let bytes = bytes::Bytes::from(body);
        let foreign = RequestHead::peek(&bytes).unwrap().foreign_thinking;
        let after = edits::apply(&bytes, removals(&bytes));
        let after = String::from_utf8(after.to_vec()).unwrap();
        let inside = after
            .strip_prefix(r#"{"model":"m", "messages" : ["#)
            .and_then(|rest| rest.strip_suffix(r#"] ,"é":1.0}"#));
        (foreign, inside.unwrap().to_owned())
    }

    fn said(blocks: &str) -> String {
        format!(r#"{{"role":"user","content":"u"}}, {{"content": [{blocks}],"role":"assistant"}}"#)
    }

    #[test]
    fn thinking_without_a_signature_of_the_provider_is_taken_out() {
        const TEXT: &str = r#"{"type":"text","text":"\u0041"}"#;
        for foreign in [
            r#"{"type":"thinking","thinking":"t","signature":"th1.e30"}"#,
            r#"{"signature":"\u0074h1.x","type":"thinking","thinking":"t"}"#,
            r#"{"type":"thinking","thinking":"t","signature":""}"#,
            r#"{"type":"thinking","thinking":"t"}"#,
            r#"{"data":"th1.e30","type":"redacted_thinking"}"#,
        ] {
            let (seen, left) = after(&said(&format!("{foreign} , {TEXT}")));
            assert!(seen, "{foreign}");
            assert_eq!(left, said(TEXT));
            assert_eq!(after(&said(&format!("{TEXT},\n{foreign}"))).1, said(TEXT));
            assert_eq!(
                after(&said(foreign)).1,
                r#"{"role":"user","content":"u"}"#,
                "nothing is left of that message"
            );
        }
    }

    #[test]
    fn what_the_provider_signed_and_what_only_looks_like_thinking_stays() {
        for own in [
            r#"{"type":"thinking","thinking":"","signature":"EqQB"}"#,
            r#"{"type":"redacted_thinking","data":"Emw"}"#,
            r#"{"type":"redacted_thinking","data":""}"#,
            r#"{"type":"text","text":"th1.","signature":""}"#,
            r#"{"type":"tool_use","id":"a","name":"b","input":{"type":"thinking","signature":""}}"#,
        ] {
            assert_eq!(after(&said(own)), (false, said(own)));
        }
        let user = r#"{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"x"}]}]}"#;
        assert_eq!(after(user), (false, user.to_owned()));
    }
}
