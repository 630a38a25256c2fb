//! What `faulty` does is what its name for it says: the host's tests rest on that.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use faulty::{Exchange, Faulty};
use sdk::edits::apply;
use sdk::{Context, Draft, Ending, Exchange as _, Next, Output, Plan, Transformer as _};

fn exchange(fault: &str) -> Exchange {
    exchange_of(format!("{{\"fault\":\"{fault}\",\"secret\":\"s3cret\"}}").as_bytes())
}

fn exchange_of(options: &[u8]) -> Exchange {
    let options = sdk::options::parse(Faulty::defaults(), options).unwrap();
    let (faulty, _) = Faulty::configure(options).unwrap();
    faulty.exchange(Context {
        exchange_id: "0123456789abcdefghijABCD".to_owned(),
        provider: "p".to_owned(),
        model: "new".to_owned(),
        requested_model: "p,new".to_owned(),
        operation: "messages".to_owned(),
        streaming: true,
        input_estimate: 1,
        headers: Vec::new(),
        limits: Vec::new(),
        extra: Vec::new(),
    })
}

fn plan(fault: &str, body: &str) -> Plan {
    let draft = Draft {
        path: None,
        headers: Vec::new(),
    };
    exchange(fault).request(draft, body.into()).unwrap()
}

#[test]
fn the_model_is_replaced_by_a_legal_edit() {
    let body = r#"{"a":1, "model": "old", "b":2}"#;
    let Plan::Forward(forward) = plan("edit-keep-model", body) else {
        panic!("not forwarded");
    };
    assert!(matches!(forward.body, Output::Edit(_)));
    let edited = apply(&forward.body, body.as_bytes()).unwrap();
    assert_eq!(edited, br#"{"a":1, "model": "new", "b":2}"#);
}

#[test]
fn illegal_edits_are_illegal() {
    for fault in ["edit-out-of-range", "edit-overlap", "edit-descending"] {
        let pushed = exchange(fault).push(b"data: x\n\n".to_vec(), 0);
        assert_eq!(apply(&pushed.out, b"data: x\n\n"), None, "{fault}");
    }
}

#[test]
fn the_dump_holds_what_was_given() {
    let Plan::Answer(answer) = plan("answer-dump", r#"{"given":"body"}"#) else {
        panic!("not answered");
    };
    let answer = String::from_utf8(answer).unwrap();
    for part in ["s3cret", "0123456789abcdefghijABCD", "given", "environment"] {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
}

#[test]
fn a_path_and_a_header_are_forwarded_as_told() {
    let Plan::Forward(forward) = plan("path=//evil.example/x", "{}") else {
        panic!("not forwarded");
    };
    assert_eq!(forward.path.as_deref(), Some("//evil.example/x"));
    let Plan::Forward(forward) = plan("header=host:evil.example", "{}") else {
        panic!("not forwarded");
    };
    let header = ("host".to_owned(), Some("evil.example".to_owned()));
    assert_eq!(forward.headers, [header]);
}

#[test]
fn a_break_is_told_as_a_clean_end_only_when_asked_for() {
    let broken = || Ending::Broken("reset".to_owned());
    assert_eq!(
        exchange("clean-after-break").finish(broken()).next,
        Next::Done
    );
    assert!(matches!(
        exchange("none").finish(broken()).next,
        Next::Failed(_)
    ));
}

#[test]
fn json_lines_become_a_stream() {
    let mut exchange = exchange("json-lines");
    let head = sdk::Head {
        status: 200,
        headers: Vec::new(),
    };
    exchange.begin(head).unwrap();
    let pushed = exchange.push(b"{\"text\":\"a\"}\n{\"done\":true}\n".to_vec(), 0);
    assert_eq!(pushed.next, Next::Done);
}

#[test]
fn an_unknown_fault_is_refused() {
    let options = sdk::options::parse(Faulty::defaults(), br#"{"fault":"x"}"#).unwrap();
    assert!(Faulty::configure(options).is_err());
}

#[test]
fn a_link_marks_what_it_is_given_and_shreds_what_it_returns() {
    let options = br#"{"mark":"A","shred":true,"headers":[["x-a","1"],["x-b",null]]}"#;
    let mut link = exchange_of(options);
    let draft = Draft {
        path: Some("/left".to_owned()),
        headers: vec![("x-b".to_owned(), "2".to_owned())],
    };
    let Plan::Forward(forward) = link.request(draft, b"{\"b\":1}".to_vec()).unwrap() else {
        panic!("not forwarded");
    };
    let marked = br#"{"A":"/left x-b=2","b":1}"#;
    assert_eq!(forward.body, Output::Replace(marked.to_vec()));
    let out = |pushed: sdk::Pushed| apply(&pushed.out, b"").unwrap();
    let first = out(link.push(b"data: 1\n\n".to_vec(), 0));
    assert_eq!(first, b": A begun=0 bytes=9 whole=true\n\ndata");
    let rest = out(link.finish(Ending::Complete));
    assert_eq!(rest, b": 1\n\n: A finished\n\n");
}
