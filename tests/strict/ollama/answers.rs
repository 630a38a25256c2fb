//! What Ollama answers: one JSON text, or one a line; errors are an object with the words alone.
//!
//! Source of the shapes: `ollama/ollama` docs/openapi.yaml (ChatResponse, ChatStreamEvent) and its page on
//! tool calling. A call is never cut: its arguments come whole, in one line.

use serde_json::{Value, json};

use super::{AUTH, MODEL, PATH};
use crate::harness::upstream::Answer;
use crate::strict::speech::{failing_stream, short_id, stream, tokens};
use crate::strict::{Fault, Seen, Turn, Violation};

pub(super) fn refuse(violations: &[Violation]) -> Answer {
    let first = &violations[0];
    if first.rule == &PATH {
        return error(404, "404 page not found");
    }
    if first.rule == &AUTH {
        return error(401, "unauthorized");
    }
    if first.rule == &MODEL {
        return error(404, &format!("model '{}' not found", first.found));
    }
    error(400, &format!("{}: {}", first.path, first.found))
}

fn error(status: u16, words: &str) -> Answer {
    Answer::json(status, &json!({ "error": words }))
}

pub(super) fn speak(seen: &Seen, turn: &Turn) -> Answer {
    match &turn.fault {
        Some(Fault::ContextOverflow) => error(400, "the input length exceeds the context length"),
        Some(Fault::StreamError) if seen.streaming => {
            let words = "an error was encountered while running the model: unexpected EOF";
            let before = [said(seen, &json!({ "content": "This answer will " }))];
            failing_stream(&before, &line(&json!({ "error": words })))
        }
        Some(Fault::Status(status)) => error(*status, usual(*status)),
        _ if seen.streaming => stream(turn, &streamed(seen, turn)),
        _ => Answer::json(200, &whole(seen, turn)),
    }
}

/// What the server says with a status.
fn usual(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        402 => "you have reached your usage limit",
        403 => "this model requires a subscription",
        404 => "model 'x' not found",
        413 => "request body too large",
        429 => "too many concurrent requests",
        500 => "model runner has unexpectedly stopped",
        503 => "server busy, please try again. maximum pending requests exceeded",
        _ => "invalid request",
    }
}

fn streamed(seen: &Seen, turn: &Turn) -> Vec<Vec<u8>> {
    let thinking = turn.reasoning.iter();
    let thinking = thinking.map(|piece| json!({ "content": "", "thinking": piece }));
    let text = turn.text.iter().map(|piece| json!({ "content": piece }));
    let calls = calls(turn).into_iter();
    let calls = calls.map(|call| json!({ "content": "", "tool_calls": [call] }));
    let mut lines: Vec<Vec<u8>> = thinking
        .chain(text)
        .chain(calls)
        .map(|message| said(seen, &message))
        .collect();
    lines.push(line(&last(seen, turn, &json!({ "content": "" }))));
    lines
}

fn whole(seen: &Seen, turn: &Turn) -> Value {
    let mut message = json!({ "content": turn.whole_text() });
    if !turn.reasoning.is_empty() {
        message["thinking"] = turn.reasoning.concat().into();
    }
    if !turn.calls.is_empty() {
        message["tool_calls"] = calls(turn).into();
    }
    last(seen, turn, &message)
}

fn calls(turn: &Turn) -> Vec<Value> {
    let calls = turn.calls.iter().enumerate();
    let call = |(at, call): (usize, &crate::strict::Call)| {
        let arguments: Value = serde_json::from_str(&call.arguments).expect("arguments are JSON");
        json!({
            "id": format!("call_{}", short_id()),
            "function": { "index": at, "name": call.name, "arguments": arguments },
        })
    };
    calls.map(call).collect()
}

/// One line before the last.
fn said(seen: &Seen, message: &Value) -> Vec<u8> {
    line(&answer(seen, message, false))
}

fn answer(seen: &Seen, message: &Value, done: bool) -> Value {
    let mut message = message.clone();
    message["role"] = "assistant".into();
    json!({
        "model": seen.model,
        "created_at": "2026-11-01T10:00:00.000001Z",
        "message": message,
        "done": done,
    })
}

fn last(seen: &Seen, turn: &Turn, message: &Value) -> Value {
    let mut last = answer(seen, message, true);
    let arguments: usize = turn.calls.iter().map(|call| call.arguments.len()).sum();
    last["done_reason"] = "stop".into();
    last["total_duration"] = 1_203_004_005_u64.into();
    last["prompt_eval_count"] = tokens(&seen.body).into();
    last["eval_count"] = ((turn.whole_text().len() + arguments) / 4 + 1).into();
    last
}

fn line(text: &Value) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}
