//! Ids of tool calls that other providers gave, such as Kimi's `functions.Read:0`, on their way to one that takes the
//! Messages API untouched: Anthropic refuses a conversation for an id with other characters than letters, digits, `_`
//! and `-`. Transformers see to this themselves.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::edits::Edit;
use crate::head::{Message, is_odd_id, plain, range_in};

/// Bytes of the hash that tells ids apart which have become alike.
const HASH_BYTES: usize = 4;

/// Gives each call and each result whose id would be refused one that fits, the same to both. All other bytes stay.
pub(super) fn fitted(body: &[u8]) -> Vec<Edit> {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        messages: Vec<Message<'b>>,
    }
    let Ok(Body { messages }) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let contents = messages.into_iter().filter_map(|message| message.content);
    let ids = contents.flat_map(ids);
    ids.filter_map(|literal| {
        let id = plain(literal);
        is_odd_id(&id).then(|| Edit {
            range: range_in(body, literal),
            with: format!("\"{}\"", fitting(&id)).into_bytes(),
        })
    })
    .collect()
}

/// The JSON strings that are ids of calls, or name the call of a result.
fn ids(content: &RawValue) -> Vec<&str> {
    #[derive(Deserialize)]
    struct Block<'b> {
        #[serde(borrow, rename = "type")]
        kind: Option<Cow<'b, str>>,
        #[serde(borrow)]
        id: Option<&'b RawValue>,
        #[serde(borrow)]
        tool_use_id: Option<&'b RawValue>,
    }
    let blocks: Vec<&RawValue> = serde_json::from_str(content.get()).unwrap_or_default();
    let ids = blocks.into_iter().filter_map(|block| {
        let block: Block<'_> = serde_json::from_str(block.get()).ok()?;
        match block.kind.as_deref()? {
            call if call.ends_with("tool_use") => block.id,
            result if result.ends_with("tool_result") => block.tool_use_id,
            _ => None,
        }
    });
    let literals = ids.map(RawValue::get);
    literals.filter(|id| id.starts_with('"')).collect()
}

fn fitting(id: &str) -> String {
    let known = |c: char| !is_odd_id(c.encode_utf8(&mut [0; 4]));
    let plain: String = id.chars().map(|c| if known(c) { c } else { '_' }).collect();
    let hash = Sha256::digest(id);
    let hash = hash.iter().take(HASH_BYTES);
    let hash = hash.fold(0_u32, |hash, byte| hash << 8 | u32::from(*byte));
    format!("{plain}_{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::RequestHead;
    use crate::route::edits;

    fn after(messages: &str) -> (bool, String) {
        let body = bytes::Bytes::from(format!(
            r#"{{"model":"m","messages":[{messages}],"é":1.0}}"#
        ));
        let odd = RequestHead::peek(&body).unwrap().odd_ids;
        let after = edits::apply(&body, fitted(&body));
        (odd, String::from_utf8(after.to_vec()).unwrap())
    }

    fn turn(call: &str, result: &str) -> String {
        format!(
            r#"{{"content": [{{"id" :"{call}","type":"tool_use","name":"b","input":{{"id":"a.b"}}}},
            {{"type":"text","text":"t","id":"a.b"}}],"role":"assistant"}},
            {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{result}","content":"x"}}]}}"#
        )
    }

    #[test]
    fn an_id_that_anthropic_refuses_is_changed_in_call_and_result_alike() {
        for (odd, begins) in [
            ("functions.Read:0", "functions_Read_0_"),
            ("sessions_history:183", "sessions_history_183_"),
            ("é\\u002e\\\"", "____"),
            ("", "_"),
        ] {
            let (seen, left) = after(&turn(odd, odd));
            assert!(seen, "{odd}");
            let mut strings = left.split('"');
            let id = strings.find(|string| string.starts_with(begins)).unwrap();
            assert!(!is_odd_id(id), "{id}");
            assert_eq!(left, after(&turn(id, id)).1, "nothing else has changed");
        }
        let one = |id: &str| after(&turn(id, id)).1;
        assert_ne!(one("a.b"), one("a:b"), "what differed differs");
    }

    #[test]
    fn tools_that_ran_elsewhere_and_their_results_count() {
        let said = |id: &str| {
            format!(
                r#"{{"role":"assistant","content":[{{"type":"server_tool_use","id":"{id}","name":"s","input":{{}}}},
                {{"type":"web_search_tool_result","tool_use_id":"{id}","content":[]}}]}}"#
            )
        };
        let (seen, left) = after(&said("ws:1"));
        assert!(seen && !left.contains("ws:1"));
        assert_eq!(left.matches("\"ws_1_").count(), 2);
    }

    #[test]
    fn what_anthropic_gave_stays_byte_for_byte() {
        for own in [
            turn("toolu_01-Ab", "toolu_01-Ab"),
            turn("toolu_\\u0041", "toolu_A"),
        ] {
            let (seen, left) = after(&own);
            assert!(!seen);
            assert_eq!(
                left,
                format!(r#"{{"model":"m","messages":[{own}],"é":1.0}}"#)
            );
        }
    }
}
