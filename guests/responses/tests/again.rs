//! A conversation whose sealed thoughts the upstream refuses goes on without them, once.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use responses::Responses;
use sdk::{Draft, Exchange as _, Head, Output, Plan, Transformer as _, Verdict, envelope};

const REFUSED: &str = r#"{"error":{"message":"The encrypted content could not be verified.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}"#;

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
fn sent(data: &str) -> (responses::Exchange, String) {
    let (responses, _) = Responses::configure(responses::Options::default()).unwrap();
    let mut exchange = responses.exchange(sdk::test_context("gpt-5.4", true));
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
    let context = sdk::test_context("gpt-5.4", true);
    let sealed = envelope::seal(
        &context,
        "reasoning_item",
        r#"{"items":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}]}"#,
    );
    let (mut exchange, first) = sent(&sealed);
    assert!(first.contains(r#""encrypted_content":"gAAA""#), "{first}");
    let Verdict::Resend(again) = exchange.explain(head(), REFUSED.into()) else {
        panic!("not sent again");
    };
    assert_eq!(again.path.as_deref(), Some("/responses"));
    let second = text(again.body);
    assert!(second.contains("function_call_output"), "{second}");
    assert!(!second.contains("gAAA"), "{second}");
    let verdict = exchange.explain(head(), REFUSED.into());
    assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
}

#[test]
fn where_nothing_was_signed_nothing_is_sent_again() {
    let (mut exchange, _) = sent("EqQBCg");
    let verdict = exchange.explain(head(), REFUSED.into());
    assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
}
