//! The request converter: no body makes it panic, and what it makes of one is JSON in which calls and results pair up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sdk::{Draft, Exchange as _, Output, Plan, Transformer as _};
use serde_json::Value;
use std::collections::BTreeSet;

fuzz_target!(|body: &[u8]| {
    for options in [
        "{}",
        r#"{"profile":"mistral"}"#,
        r#"{"profile":"openrouter","force_tools":true}"#,
    ] {
        let options =
            sdk::options::parse(chat::Overrides::default(), options.as_bytes()).expect("options");
        let (transformer, _) = openai::Transformer::configure(options).expect("a profile");
        let mut exchange = transformer.exchange(sdk::test_context("m", false));
        let draft = Draft {
            path: None,
            headers: Vec::new(),
        };
        let Ok(Plan::Forward(forward)) = exchange.request(draft, body.to_vec()) else {
            continue;
        };
        let Output::Replace(sent) = forward.body else {
            panic!("a conversion replaces the body");
        };
        let sent: Value = serde_json::from_slice(&sent).expect("JSON");
        paired(&sent);
    }
});

/// Each call has its result right behind it, and each result its call.
fn paired(body: &Value) {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let messages = body["messages"].as_array().expect("messages");
    assert!(!messages.is_empty());
    for message in messages {
        if message["role"] == "tool" {
            assert!(
                open.remove(message["tool_call_id"].as_str().expect("an id")),
                "{body}"
            );
            continue;
        }
        assert!(open.is_empty(), "{body}");
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            assert!(open.insert(call["id"].as_str().expect("an id")), "{body}");
        }
    }
}
