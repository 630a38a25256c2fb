//! What Gemini answers: a `GenerateContentResponse`, or one an event, with CRLF; errors as Google's APIs say
//! them.
//!
//! Source of the shapes: google-genai 3.4.0, types.py; Google's pages on thinking and on thought signatures;
//! issues of gemini-cli for the errors. A call is never cut: its arguments come whole.

use serde_json::{Value, json};

use super::{AUTH, MODEL, PATH, signatures};
use crate::harness::upstream::Answer;
use crate::strict::speech::{failing_stream, short_id, stream, tokens};
use crate::strict::{Fault, Seen, Turn, Violation};

pub(super) fn refuse(violations: &[Violation]) -> Answer {
    let first = &violations[0];
    if first.rule == &PATH || first.rule == &MODEL {
        let words = format!("{} is not found for API version v1beta", first.found);
        return error(404, "NOT_FOUND", &words);
    }
    if first.rule == &AUTH {
        let words = "API key not valid. Please pass a valid API key.";
        let mut body = error_body(400, "INVALID_ARGUMENT", words);
        body["error"]["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID", "domain": "googleapis.com",
        }]);
        return Answer::json(400, &body);
    }
    let words = format!("{} at '{}': {}", first.rule.id, first.path, first.found);
    error(400, "INVALID_ARGUMENT", &words)
}

fn error(code: u16, status: &str, words: &str) -> Answer {
    Answer::json(code, &error_body(code, status, words))
}

fn error_body(code: u16, status: &str, words: &str) -> Value {
    json!({ "error": { "code": code, "message": words, "status": status } })
}

pub(super) fn speak(seen: &Seen, turn: &Turn) -> Answer {
    match &turn.fault {
        Some(Fault::ContextOverflow) => {
            let words = "The input token count (1091639) exceeds the maximum number of tokens allowed (1048576).";
            error(400, "INVALID_ARGUMENT", words)
        }
        Some(Fault::StreamError) if seen.streaming => {
            let before = chunk(&[json!({ "text": "This answer will " })], None, seen);
            let error = error_body(500, "INTERNAL", usual(500).1);
            failing_stream(&[event(&before)], &event(&error))
        }
        Some(Fault::Status(code)) => {
            let (status, words) = usual(*code);
            let mut body = error_body(*code, status, words);
            if *code == 429 {
                body["error"]["details"] = json!([{
                    "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12s",
                }]);
            }
            Answer::json(*code, &body)
        }
        _ if seen.streaming => stream(turn, &streamed(seen, turn)),
        _ => {
            let parts = [thoughts(turn), texts(turn), calls(seen, turn)].concat();
            Answer::json(200, &chunk(&parts, Some(usage(seen, turn)), seen))
        }
    }
}

/// What the API says with a status.
fn usual(code: u16) -> (&'static str, &'static str) {
    match code {
        401 => ("UNAUTHENTICATED", "API keys are not supported by this API."),
        402 => (
            "FAILED_PRECONDITION",
            "Please enable billing on the project.",
        ),
        403 => ("PERMISSION_DENIED", "The caller does not have permission."),
        404 => ("NOT_FOUND", "models/x is not found for API version v1beta."),
        413 => (
            "INVALID_ARGUMENT",
            "Request payload size exceeds the limit: 20971520 bytes.",
        ),
        429 => (
            "RESOURCE_EXHAUSTED",
            "Resource has been exhausted (e.g. check quota).",
        ),
        500 => (
            "INTERNAL",
            "An internal error has occurred. Please retry or report.",
        ),
        503 => (
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        ),
        504 => (
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
        ),
        _ => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    }
}

fn streamed(seen: &Seen, turn: &Turn) -> Vec<Vec<u8>> {
    let said = [thoughts(turn), texts(turn)].concat();
    let mut events: Vec<Vec<u8>> = said
        .iter()
        .map(|part| event(&chunk(std::slice::from_ref(part), None, seen)))
        .collect();
    // Calls that were made together come together, or each in a chunk.
    let calls = calls(seen, turn);
    if seen.number.is_multiple_of(2) {
        events.extend(calls.chunks(1).map(|one| event(&chunk(one, None, seen))));
    } else if !calls.is_empty() {
        events.push(event(&chunk(&calls, None, seen)));
    }
    // A text is signed behind its end, on a part of nothing.
    let mut last = json!({ "text": "" });
    if calls.is_empty() && signatures::signs(&seen.model) {
        last["thoughtSignature"] = json!(signatures::sign(""));
    }
    events.push(event(&chunk(&[last], Some(usage(seen, turn)), seen)));
    events
}

fn thoughts(turn: &Turn) -> Vec<Value> {
    let pieces = turn.reasoning.iter();
    pieces
        .map(|piece| json!({ "text": piece, "thought": true }))
        .collect()
}

fn texts(turn: &Turn) -> Vec<Value> {
    turn.text
        .iter()
        .map(|piece| json!({ "text": piece }))
        .collect()
}

/// The first of them signed, where the model signs; ids from Gemini 3 on.
fn calls(seen: &Seen, turn: &Turn) -> Vec<Value> {
    let signs = signatures::signs(&seen.model);
    let call = |(at, call): (usize, &crate::strict::Call)| {
        let arguments: Value = serde_json::from_str(&call.arguments).expect("arguments are JSON");
        let mut part = json!({ "functionCall": { "name": call.name, "args": arguments } });
        if signs {
            part["functionCall"]["id"] = short_id().into();
        }
        if signs && at == 0 {
            part["thoughtSignature"] = signatures::sign(&call.name).into();
        }
        part
    };
    turn.calls.iter().enumerate().map(call).collect()
}

/// `usage`: this chunk is the last one.
fn chunk(parts: &[Value], usage: Option<Value>, seen: &Seen) -> Value {
    let mut candidate = json!({ "content": { "role": "model", "parts": parts }, "index": 0 });
    let prompt = tokens(&seen.body);
    let so_far = json!({ "promptTokenCount": prompt, "totalTokenCount": prompt });
    if usage.is_some() {
        candidate["finishReason"] = "STOP".into();
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": usage.unwrap_or(so_far),
        "modelVersion": seen.model,
        "responseId": "8f3kaZ3vBo",
    })
}

fn usage(seen: &Seen, turn: &Turn) -> Value {
    let arguments: usize = turn.calls.iter().map(|call| call.arguments.len()).sum();
    let prompt = tokens(&seen.body);
    let said = (turn.whole_text().len() + arguments) / 4 + 1;
    let thought = turn.reasoning.concat().len() / 4;
    json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": thought,
        "totalTokenCount": prompt + said + thought,
    })
}

fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\r\n\r\n").into_bytes()
}
