//! Each rule fires on the stream that breaks it, and none on a proper one.

use super::*;

fn start() -> Event {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": { "input_tokens": 1, "output_tokens": 0 },
    });
    event(json!({ "type": "message_start", "message": message }))
}

fn event(data: Value) -> Event {
    Event::new(data["type"].as_str().unwrap(), &data)
}

fn open(index: u64, block: Value) -> Event {
    event(json!({ "type": "content_block_start", "index": index, "content_block": block }))
}

fn delta(index: u64, delta: Value) -> Event {
    event(json!({ "type": "content_block_delta", "index": index, "delta": delta }))
}

fn text(index: u64, text: &str) -> Event {
    delta(index, json!({ "type": "text_delta", "text": text }))
}

fn arguments(index: u64, text: &str) -> Event {
    delta(
        index,
        json!({ "type": "input_json_delta", "partial_json": text }),
    )
}

fn close(index: u64) -> Event {
    event(json!({ "type": "content_block_stop", "index": index }))
}

fn finish(reason: &str) -> Event {
    event(json!({
        "type": "message_delta",
        "delta": { "stop_reason": reason, "stop_sequence": null },
        "usage": { "output_tokens": 3 },
    }))
}

fn stop() -> Event {
    event(json!({ "type": "message_stop" }))
}

fn tool(id: &str) -> Value {
    json!({ "type": "tool_use", "id": id, "name": "Bash", "input": {} })
}

fn plain() -> Value {
    json!({ "type": "text", "text": "" })
}

fn checked(events: &[Event], end: End) -> Report {
    let body = events.iter().flat_map(Event::to_bytes).collect();
    check(&Reply {
        status: 200,
        head: super::super::wire::Head::default(),
        body,
        pieces: Vec::new(),
        end,
    })
}

fn complete(events: &[Event]) -> Report {
    checked(events, End::Complete)
}

#[track_caller]
fn breaks(rule: u8, events: &[Event]) {
    let report = complete(events);
    let prefix = format!("{rule}:");
    assert!(
        report
            .violations
            .iter()
            .any(|found| found.starts_with(&prefix)),
        "rule {rule} did not fire: {:?}",
        report.violations
    );
}

fn proper() -> Vec<Event> {
    vec![
        start(),
        event(json!({ "type": "ping" })),
        open(
            0,
            json!({ "type": "thinking", "thinking": "", "signature": "" }),
        ),
        delta(0, json!({ "type": "thinking_delta", "thinking": "hm" })),
        delta(0, json!({ "type": "signature_delta", "signature": "" })),
        close(0),
        open(1, plain()),
        text(1, "a"),
        text(1, "b"),
        close(1),
        open(2, tool("t1")),
        arguments(2, ""),
        arguments(2, "{\"a\":"),
        arguments(2, "1}"),
        close(2),
        finish("tool_use"),
        stop(),
    ]
}

#[test]
fn a_proper_stream_is_read_whole() {
    let report = complete(&proper());
    report.assert_clean();
    assert_eq!(report.told, Told::Complete);
    assert_eq!(
        (report.text().as_str(), report.thinking().as_str()),
        ("ab", "hm")
    );
    assert_eq!(report.tools(), [("Bash".to_owned(), json!({ "a": 1 }))]);
    assert_eq!(
        report.message["usage"],
        json!({ "input_tokens": 1, "output_tokens": 3 })
    );
}

#[test]
fn rule_1_message_start_is_first_single_and_whole() {
    breaks(1, &[finish("end_turn"), stop()]);
    breaks(1, &[start(), start(), finish("end_turn"), stop()]);
    let mut bare = start().json();
    bare["message"]["usage"] = Value::Null;
    breaks(1, &[event(bare), finish("end_turn"), stop()]);
}

#[test]
fn rule_1_message_ids_differ_between_answers() {
    let events = proper();
    let reply = Reply {
        status: 200,
        head: super::super::wire::Head::default(),
        body: events.iter().flat_map(Event::to_bytes).collect(),
        pieces: Vec::new(),
        end: End::Complete,
    };
    let reports = check_all(&[reply.clone(), reply]);
    assert!(reports[0].violations.is_empty());
    assert!(reports[1].violations[0].starts_with("1:"));
}

#[test]
fn rule_2_blocks_follow_one_another() {
    let end = [finish("end_turn"), stop()];
    let stream = |events: &[Event]| [&[start()], events, &end].concat();
    breaks(2, &stream(&[open(1, plain()), text(1, "a"), close(1)]));
    breaks(
        2,
        &stream(&[
            open(0, plain()),
            text(0, "a"),
            open(1, plain()),
            text(1, "b"),
            close(1),
        ]),
    );
    breaks(2, &stream(&[open(0, plain()), text(1, "a"), close(0)]));
    breaks(2, &stream(&[text(0, "a")]));
    breaks(2, &stream(&[open(0, plain()), text(0, "a")]));
    breaks(2, &stream(&[open(0, tool("t")), text(0, "a"), close(0)]));
}

#[test]
fn rule_3_tool_blocks_are_complete() {
    let end = [finish("tool_use"), stop()];
    let stream = |events: &[Event]| [&[start()], events, &end].concat();
    breaks(
        3,
        &stream(&[open(0, tool("")), arguments(0, "{}"), close(0)]),
    );
    breaks(3, &stream(&[open(0, tool("t")), close(0)]));
    breaks(
        3,
        &stream(&[open(0, tool("t")), arguments(0, "{\"a\":"), close(0)]),
    );
    let twice = [
        open(0, tool("t")),
        arguments(0, ""),
        close(0),
        open(1, tool("t")),
        arguments(1, ""),
        close(1),
    ];
    breaks(3, &stream(&twice));
    let whole = json!({ "type": "tool_use", "id": "t", "name": "Bash", "input": { "a": 1 } });
    breaks(3, &stream(&[open(0, whole), arguments(0, ""), close(0)]));
}

#[test]
fn rule_4_nothing_empty_and_thinking_first() {
    let end = [finish("end_turn"), stop()];
    let stream = |events: &[Event]| [&[start()], events, &end].concat();
    breaks(4, &stream(&[open(0, plain()), text(0, ""), close(0)]));
    breaks(4, &stream(&[open(0, plain()), close(0)]));
    let thinking = json!({ "type": "thinking", "thinking": "", "signature": "" });
    breaks(
        4,
        &stream(&[
            open(0, plain()),
            text(0, "a"),
            close(0),
            open(1, thinking),
            close(1),
        ]),
    );
}

#[test]
fn rule_5_one_message_delta_that_fits() {
    breaks(5, &[start(), stop()]);
    breaks(
        5,
        &[start(), finish("end_turn"), finish("end_turn"), stop()],
    );
    breaks(5, &[start(), finish("stop"), stop()]);
    breaks(5, &[start(), finish("tool_use"), stop()]);
    breaks(
        5,
        &[
            start(),
            open(0, tool("t")),
            arguments(0, ""),
            close(0),
            finish("end_turn"),
            stop(),
        ],
    );
    breaks(
        5,
        &[
            start(),
            event(json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } })),
            stop(),
        ],
    );
}

#[test]
fn rule_6_the_body_ends_properly_after_message_stop() {
    let report = checked(&proper(), End::Broken("cut".to_owned()));
    assert!(report.violations[0].starts_with("6:"));
    let mut more = proper();
    more.push(event(json!({ "type": "ping" })));
    breaks(6, &more);
}

#[test]
fn rule_7_the_name_is_the_type() {
    let mut events = proper();
    events[3].name = String::new();
    breaks(7, &events);
}

#[test]
fn rule_8_pings_are_only_pings() {
    let mut events = proper();
    events[1] = event(json!({ "type": "ping", "more": 1 }));
    breaks(8, &events);
}

#[test]
fn rule_10_a_broken_stream_is_told() {
    breaks(10, &[start(), open(0, plain()), text(0, "a"), close(0)]);
    let error = event(json!({ "type": "error", "error": { "type": "api_error", "message": "x" } }));
    breaks(10, &[start(), error.clone(), finish("end_turn"), stop()]);
    breaks(
        10,
        &[
            start(),
            event(json!({ "type": "error", "error": { "type": "oops", "message": "x" } })),
        ],
    );
    let report = complete(&[start(), error]);
    assert_eq!((report.told, report.violations.len()), (Told::Error, 0));
    let report = checked(
        &[start(), open(0, plain()), text(0, "a")],
        End::Broken("cut".to_owned()),
    );
    assert_eq!((report.told, report.violations.len()), (Told::Cut, 0));
    assert_eq!(report.text(), "a");
}
