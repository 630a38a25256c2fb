//! A conversation whose sealed thoughts, or whose wish for a summary, the upstream refuses goes on without, once.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use responses::Responses;
use sdk::{Draft, Exchange as _, Head, Output, Plan, Transformer as _, Verdict, envelope};

const REFUSED: &str = r#"{"error":{"message":"The encrypted content could not be verified.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}"#;

const UNVERIFIED: &str = r#"{"error":{"message":"Your organization must be verified to generate reasoning summaries. Please go to: https://platform.openai.com/settings/organization/general and click on Verify Organization.","type":"invalid_request_error","param":"reasoning.summary","code":"unsupported_value"}}"#;

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
    let body = format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"go"}},{{"role":"assistant","content":[{{"type":"redacted_thinking","data":"{data}"}},{{"type":"tool_use","id":"t","name":"A","input":{{}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t","content":"1"}}]}}]}}"#
    );
    begun(body)
}

/// An exchange, and what it sent for a body.
fn begun(body: String) -> (responses::Exchange, String) {
    let (responses, _) = Responses::configure(responses::Options::default()).unwrap();
    let mut exchange = responses.exchange(sdk::test_context("gpt-5.4", true));
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

/// A request that says this of thinking.
fn thinking(said: &str) -> (responses::Exchange, String) {
    begun(format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"go"}}],"output_config":{{"effort":"high"}}{said}}}"#
    ))
}

#[test]
fn an_organisation_that_gets_no_summaries_is_asked_for_none() {
    let (mut exchange, first) = thinking(r#","thinking":{"type":"adaptive"}"#);
    assert!(first.contains(r#""summary":"auto""#), "{first}");
    let Verdict::Resend(again) = exchange.explain(head(), UNVERIFIED.into()) else {
        panic!("not sent again");
    };
    let second = text(again.body);
    assert!(
        second.contains(r#""reasoning":{"effort":"high"}"#),
        "{second}"
    );
    let verdict = exchange.explain(head(), UNVERIFIED.into());
    assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
}

#[test]
fn where_no_summary_was_asked_for_nothing_is_sent_again() {
    let (mut exchange, _) = thinking("");
    let verdict = exchange.explain(head(), UNVERIFIED.into());
    assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
}
