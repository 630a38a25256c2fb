//! Edits of requests to endpoints that speak the Messages API: no body makes them panic, overlap, or leave what is no
//! JSON of one that was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sdk::{Draft, Exchange as _, Output, Plan, Transformer as _};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let options = br#"{"mid_system":"fold","images":false,"documents":false,"sampling":"clamp",
        "effort_set":["low"],"extra_body":{"top_k":1}}"#;
    let options = sdk::options::parse(messages::Overrides::default(), options).expect("options");
    let (transformer, _) = zai::Zai::configure(options).expect("options that fit");
    let mut exchange = transformer.exchange(sdk::test_context("m", false));
    let draft = Draft {
        path: None,
        headers: Vec::new(),
    };
    let Ok(Plan::Forward(forward)) = exchange.request(draft, body.to_vec()) else {
        return;
    };
    if let Output::Edit(edits) = &forward.body {
        let ordered = edits.windows(2).all(|pair| pair[0].end <= pair[1].start);
        assert!(ordered, "{edits:?}");
    }
    let sent = sdk::edits::apply(&forward.body, body).expect("edits inside the body");
    serde_json::from_slice::<Value>(&sent).expect("JSON");
});
