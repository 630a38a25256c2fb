//! No request makes a converter panic; what it sends on is JSON, and the same every time.
#![no_main]

use fuzz::{draft, exchange};
use libfuzzer_sys::fuzz_target;
use sdk::{Plan, edits};
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else {
        return;
    };
    // The host has read it before: it is JSON.
    if serde_json::from_slice::<Value>(body).is_err() {
        return;
    }
    let convert = || {
        let (name, mut exchange) = exchange(*choice, true);
        (name, exchange.request(draft(), body.to_vec()))
    };
    let (name, plan) = convert();
    assert_eq!(convert().1, plan, "{name} is not sure of it");
    let sent = match plan {
        Ok(Plan::Forward(forward)) => edits::apply(&forward.body, body).expect("edits that fit"),
        Ok(Plan::Answer(message)) => message,
        Ok(Plan::Unsupported) | Err(_) => return,
    };
    let sent = serde_json::from_slice::<Value>(&sent);
    assert!(sent.is_ok(), "{name}: {sent:?}");
});
