//! Thinking of other providers is taken out, and nothing else: whatever stands around it stays byte for byte.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::panic, reason = "a test that cannot go on")]

use messages::{Dialect, Messages};
use proptest::prelude::*;
use sdk::{Exchange as _, Output, Plan, Transformer as _, envelope};
use serde_json::{Value, json};

struct Plain;

impl Dialect for Plain {
    const NAME: &'static str = "plain";
    const VERSION: &'static str = "1";
}

/// What becomes of a body.
fn output(body: &str) -> Output {
    let (transformer, _) = Messages::<Plain>::configure(messages::Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut exchange = transformer.exchange(sdk::test_context("m", false));
    let draft = sdk::Draft {
        path: None,
        headers: Vec::new(),
    };
    match exchange.request(draft, body.as_bytes().to_vec()) {
        Ok(Plan::Forward(forward)) => forward.body,
        other => panic!("{other:?}"),
    }
}

/// Any JSON that a client may send in a member that nobody knows.
fn unknown() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\ {}\\[\\],:é🙂\n]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A block of an assistant's message, and whether it is another provider's thinking.
fn block() -> impl Strategy<Value = (Value, bool)> {
    let sealed = || envelope::seal(&sdk::test_context("n", true), "k", r#"["p"]"#);
    let fixed = prop_oneof![
        Just((
            json!({"type": "thinking", "thinking": "t", "signature": sealed()}),
            true
        )),
        Just((
            json!({"type": "thinking", "thinking": "t", "signature": ""}),
            true
        )),
        Just((json!({"type": "thinking", "thinking": ""}), true)),
        Just((json!({"type": "redacted_thinking", "data": sealed()}), true)),
        Just((
            json!({"type": "thinking", "thinking": "t", "signature": "EqQBCg"}),
            false
        )),
        Just((json!({"type": "redacted_thinking", "data": "EmwK"}), false)),
        Just((
            json!({"type": "text", "text": "th1. \"signature\":\"\" thinking"}),
            false
        )),
        Just((
            json!({"type": "tool_use", "id": "a", "name": "b", "input": {"type": "thinking"}}),
            false
        )),
    ];
    (fixed, unknown()).prop_map(|((mut block, foreign), extra)| {
        block["x"] = extra;
        (block, foreign)
    })
}

/// A message with the blocks that are to be left of it; none: the message goes.
fn message() -> impl Strategy<Value = (Value, Option<Value>)> {
    let assistant = prop::collection::vec(block(), 1..5).prop_map(|blocks| {
        let all: Vec<Value> = blocks.iter().map(|(block, _)| block.clone()).collect();
        let left: Vec<Value> = blocks
            .into_iter()
            .filter_map(|(block, foreign)| (!foreign).then_some(block))
            .collect();
        let message = |content: Vec<Value>| json!({"role": "assistant", "content": content});
        let stays = (!left.is_empty()).then(|| message(left));
        (message(all), stays)
    });
    let user = unknown().prop_map(|extra| {
        let user =
            json!({"role": "user", "content": [{"type": "text", "text": "thinking", "y": extra}]});
        (user.clone(), Some(user))
    });
    prop_oneof![assistant, user]
}

proptest! {
    #[test]
    fn only_thinking_of_others_is_taken_out(
        messages in prop::collection::vec(message(), 0..6),
        extra in unknown(),
        pretty in any::<bool>(),
    ) {
        let hello = json!({"role": "user", "content": "hi"});
        let body = |messages: Vec<Value>| json!({"model": "m", "messages": messages, "new": extra});
        let with_hello = |messages: Vec<Value>| [vec![hello.clone()], messages].concat();
        let all: Vec<Value> = messages.iter().map(|(all, _)| all.clone()).collect();
        let left: Vec<Value> = messages.into_iter().filter_map(|(_, left)| left).collect();
        let untouched = all == left;
        let before = body(with_hello(all));
        let text = if pretty { format!("{before:#}") } else { before.to_string() };
        let output = output(&text);
        match &output {
            Output::Keep => prop_assert!(untouched),
            Output::Edit(edits) => {
                // What is only deleted, and leaves these values, was nothing but the blocks.
                prop_assert!(edits.iter().all(|edit| edit.replacement.is_empty()));
            }
            other => prop_assert!(false, "{other:?}"),
        }
        let after = sdk::edits::apply(&output, text.as_bytes()).unwrap_or_default();
        let after: Value = serde_json::from_slice(&after)?;
        prop_assert_eq!(after, body(with_hello(left)));
    }
}
