//! Calls in parallel, in every way in which servers write them: none is lost, none is merged with another.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use chat::{Chat, Dialect, Profile};
use sdk::{Context, Ending, Exchange as _, Head, Next, Output, Transformer as _};
use serde_json::{Value, json};

struct Plain;

impl Dialect for Plain {
    const NAME: &'static str = "plain";
    const VERSION: &'static str = "1";

    fn profile() -> Profile {
        Profile::default()
    }
}

/// How a server counts its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    Own,
    AlwaysZero,
    Missing,
}

/// How it names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    Once,
    OnEveryPiece,
    NewOnEveryPiece,
    Missing,
}

/// How it writes arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arguments {
    Whole,
    Object,
    Pieces,
    BeforeTheName,
}

type Style = (Index, Id, Arguments);

const NAMES: [&str; 3] = ["Read", "Bash", "Read"];

fn styles() -> Vec<Style> {
    let mut all = Vec::new();
    for index in [Index::Own, Index::AlwaysZero, Index::Missing] {
        for id in [Id::Once, Id::OnEveryPiece, Id::NewOnEveryPiece, Id::Missing] {
            for arguments in [
                Arguments::Whole,
                Arguments::Object,
                Arguments::Pieces,
                Arguments::BeforeTheName,
            ] {
                all.push((index, id, arguments));
            }
        }
    }
    all
}

fn input(call: usize) -> Value {
    json!({ "command": format!("say {call} {{\"}} é"), "n": [call] })
}

/// The entries of `tool_calls` that a call is written in, one a chunk.
fn entries(call: usize, style: Style) -> Vec<Value> {
    entries_named(call, NAMES[call], style)
}

fn entries_named(call: usize, name: &'static str, (index, id, arguments): Style) -> Vec<Value> {
    let text = input(call).to_string();
    let (first, second) = text.split_at(9);
    let pieces = match arguments {
        Arguments::Whole => vec![(Some(name), Value::from(text))],
        Arguments::Object => vec![(Some(name), input(call))],
        Arguments::Pieces => vec![
            (Some(name), Value::from("")),
            (None, first.into()),
            (None, second.into()),
        ],
        Arguments::BeforeTheName => vec![(None, first.into()), (Some(name), second.into())],
    };
    let pieces = pieces.into_iter().enumerate();
    let entry = |(at, (name, arguments)): (usize, (Option<&str>, Value))| {
        let mut entry = json!({ "type": "function", "function": { "arguments": arguments } });
        if let Some(name) = name {
            entry["function"]["name"] = name.into();
        }
        match index {
            Index::Own => entry["index"] = call.into(),
            Index::AlwaysZero => entry["index"] = 0.into(),
            Index::Missing => {}
        }
        match id {
            Id::Once if at == 0 => entry["id"] = format!("call_{call}").into(),
            Id::OnEveryPiece => entry["id"] = format!("call_{call}").into(),
            Id::NewOnEveryPiece => entry["id"] = format!("call_{call}_{at}").into(),
            Id::Once | Id::Missing => {}
        }
        entry
    };
    pieces.map(entry).collect()
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    format!("data: {}\n\n", json!({ "id": "c", "choices": [choice] }))
}

/// Name and input of each call that the client gets.
fn heard(frames: &[String]) -> Result<Vec<(String, Value)>, String> {
    let (chat, _) = Chat::<Plain>::configure(chat::Overrides::default()).unwrap();
    let mut exchange = chat.exchange(Context {
        exchange_id: "0123456789abcdefghijABCD".to_owned(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        requested_model: "p,m".to_owned(),
        operation: "messages".to_owned(),
        streaming: true,
        input_estimate: 1,
        headers: Vec::new(),
        limits: Vec::new(),
        extra: Vec::new(),
    });
    let head = Head {
        status: 200,
        headers: Vec::new(),
    };
    exchange.begin(head).unwrap();
    let mut out = Vec::new();
    let mut next = Next::More;
    for frame in frames {
        let pushed = exchange.push(frame.clone().into_bytes(), 0);
        if let Output::Replace(bytes) = pushed.out {
            out.extend(bytes);
        }
        next = pushed.next;
    }
    if next != Next::Done {
        let pushed = exchange.finish(Ending::Complete);
        if let Output::Replace(bytes) = pushed.out {
            out.extend(bytes);
        }
        next = pushed.next;
    }
    if next != Next::Done {
        return Err(format!("{next:?}"));
    }
    let out = String::from_utf8(out).unwrap();
    let mut calls: Vec<(String, String)> = Vec::new();
    for frame in sdk::sse::frames(&out) {
        let data: Value = serde_json::from_str(&frame.data.unwrap()).unwrap();
        if let Some(name) = data["content_block"]["name"].as_str() {
            calls.push((name.to_owned(), String::new()));
        }
        if let Some(piece) = data["delta"]["partial_json"].as_str() {
            calls
                .last_mut()
                .ok_or("input without a call")?
                .1
                .push_str(piece);
        }
    }
    let parsed = calls.into_iter().map(|(name, input)| {
        let value = serde_json::from_str(&input).map_err(|error| format!("{input}: {error}"))?;
        Ok((name, value))
    });
    parsed.collect()
}

fn wanted(calls: usize) -> Vec<(String, Value)> {
    wanted_named(&NAMES[..calls])
}

fn wanted_named(names: &[&str]) -> Vec<(String, Value)> {
    let calls = names.iter().enumerate();
    calls
        .map(|(call, name)| ((*name).to_owned(), input(call)))
        .collect()
}

/// The frames of calls in these styles, one after another.
fn in_turn(styles: &[Style]) -> Vec<String> {
    named(styles, &NAMES)
}

fn named(styles: &[Style], names: &[&'static str]) -> Vec<String> {
    let calls = styles.iter().zip(names).enumerate();
    let entries = calls.flat_map(|(call, (style, name))| entries_named(call, name, *style));
    entries
        .map(|entry| chunk(&json!({ "tool_calls": [entry] }), None))
        .collect()
}

fn end(mut frames: Vec<String>) -> Vec<String> {
    frames.push(chunk(&json!({}), Some("tool_calls")));
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

#[test]
fn calls_one_after_another_are_all_heard() {
    let mut wrong = Vec::new();
    for style in styles() {
        let styles = [style; 3];
        let heard = heard(&end(in_turn(&styles)));
        if heard != Ok(wanted(3)) {
            wrong.push(format!("{style:?}: {heard:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn calls_in_two_styles_are_all_heard() {
    let mut wrong = Vec::new();
    for first in styles() {
        for second in styles() {
            let counts = |style: Style| style.0 == Index::Own;
            // A server counts its calls or does not.
            if counts(first) != counts(second) {
                continue;
            }
            for names in [["Read", "Bash"], ["Read", "Read"]] {
                let heard = heard(&end(named(&[first, second], &names)));
                let wanted = wanted_named(&names);
                if heard.as_ref() != Ok(&wanted) {
                    wrong.push(format!("{first:?}, {second:?} {names:?}: {heard:?}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn calls_with_text_before_between_and_behind_are_all_heard() {
    let text = |text: &str| chunk(&json!({ "content": text }), None);
    let mut wrong = Vec::new();
    for style in styles() {
        let mut frames = vec![text("Before. ")];
        frames.extend(in_turn(&[style]));
        frames.push(text("Between. "));
        let both = in_turn(&[style; 2]);
        frames.extend_from_slice(&both[both.len() / 2..]);
        frames.push(text("Behind."));
        let heard = heard(&end(frames));
        if heard != Ok(wanted(2)) {
            wrong.push(format!("{style:?}: {heard:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn calls_in_one_delta_and_in_the_chunk_of_the_finish_are_all_heard() {
    let whole = |style: &Style| matches!(style.2, Arguments::Whole | Arguments::Object);
    let mut wrong = Vec::new();
    for style in styles().into_iter().filter(whole) {
        let all: Vec<Value> = (0..3).flat_map(|call| entries(call, style)).collect();
        let together = json!({ "tool_calls": all });
        let last = json!({ "tool_calls": [all[2]] });
        let done = "data: [DONE]\n\n".to_owned();
        let one_delta = end(vec![chunk(&together, None)]);
        let with_the_finish = vec![chunk(&together, Some("tool_calls")), done.clone()];
        let mut last_with_the_finish = in_turn(&[style; 2]);
        last_with_the_finish.extend([chunk(&last, Some("stop")), done]);
        for frames in [one_delta, with_the_finish, last_with_the_finish] {
            let heard = heard(&frames);
            if heard != Ok(wanted(3)) {
                wrong.push(format!("{style:?}: {heard:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only servers that count their calls can let their pieces take turns.
#[test]
fn calls_whose_pieces_take_turns_are_all_heard() {
    for id in [Id::Once, Id::OnEveryPiece, Id::NewOnEveryPiece, Id::Missing] {
        for arguments in [Arguments::Pieces, Arguments::BeforeTheName] {
            let style = (Index::Own, id, arguments);
            let (first, second) = (entries(0, style), entries(1, style));
            let turns = first.into_iter().zip(second);
            let entries = turns.flat_map(|(first, second)| [first, second]);
            let frames = entries.map(|entry| chunk(&json!({ "tool_calls": [entry] }), None));
            assert_eq!(heard(&end(frames.collect())), Ok(wanted(2)), "{style:?}");
        }
    }
}
