//! A conversation whose signatures the upstream refuses goes on without them, once.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use gemini::Gemini;
use sdk::{Draft, Exchange as _, Head, Output, Plan, Transformer as _, Verdict, envelope};

const REFUSED: &str = r#"{"error":{"code":400,"message":"Corrupted thought signature.","status":"INVALID_ARGUMENT"}}"#;

fn head() -> Head {
    Head {
        status: 400,
        headers: Vec::new(),
    }
}

fn text(output: Output) -> String {
    let Output::Replace(body) = output else {
        panic!("{output:?}");
    };
    String::from_utf8(body).unwrap()
}

/// An exchange whose conversation holds a call with this before it, and what it sent.
fn sent(data: &str) -> (gemini::Exchange, String) {
    let (gemini, _) = Gemini::configure(gemini::Options::default()).unwrap();
    let mut exchange = gemini.exchange(sdk::test_context("gemini-3.8-flash", true));
    let body = format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"go"}},{{"role":"assistant","content":[{{"type":"redacted_thinking","data":"{data}"}},{{"type":"tool_use","id":"t","name":"A","input":{{}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t","content":"1"}}]}}]}}"#
    );
    let draft = Draft {
        path: None,
        headers: Vec::new(),
    };
    let plan = exchange.request(draft, body.into_bytes()).unwrap();
    let Plan::Forward(forward) = plan else {
        panic!("{plan:?}");
    };
    (exchange, text(forward.body))
}

#[test]
fn what_is_refused_is_left_out_once() {
    let context = sdk::test_context("gemini-3.8-flash", true);
    let sealed = envelope::seal(&context, "thought_signature", r#""c2ln""#);
    let (mut exchange, first) = sent(&sealed);
    assert!(first.contains(r#""thoughtSignature":"c2ln""#), "{first}");
    let Verdict::Resend(again) = exchange.explain(head(), REFUSED.into()) else {
        panic!("not sent again");
    };
    let path = again.path.as_deref().unwrap_or_default();
    assert!(path.ends_with(":streamGenerateContent?alt=sse"), "{path}");
    let second = text(again.body);
    assert!(
        second.contains("skip_thought_signature_validator"),
        "{second}"
    );
    assert!(!second.contains("c2ln"), "{second}");
    let verdict = exchange.explain(head(), REFUSED.into());
    assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
}

#[test]
fn where_nothing_was_signed_nothing_is_sent_again() {
    let (mut exchange, _) = sent("EqQBCg");
    let verdict = exchange.explain(head(), REFUSED.into());
    assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
}
