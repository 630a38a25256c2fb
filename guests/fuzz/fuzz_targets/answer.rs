//! No answer makes a converter panic, whole or an error; a whole one becomes a message.
#![no_main]

use fuzz::{ask, exchange, ok};
use libfuzzer_sys::fuzz_target;
use sdk::{Head, Output};
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let &[choice, status, ref body @ ..] = input else {
        return;
    };
    let (name, mut converter) = exchange(choice, false);
    ask(converter.as_mut());
    if let Ok(Output::Replace(message)) = converter.respond(ok(), body.to_vec()) {
        let message = serde_json::from_slice::<Value>(&message);
        let kind = message
            .as_ref()
            .ok()
            .and_then(|message| message.get("type"));
        assert_eq!(kind, Some(&Value::from("message")), "{name}: {message:?}");
    }
    let (_, mut refused) = exchange(choice, false);
    ask(refused.as_mut());
    let head = Head {
        status: 400 + u16::from(status) % 200,
        headers: Vec::new(),
    };
    let _ = refused.explain(head, body.to_vec());
});
