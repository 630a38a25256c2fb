//! What the houses answer: whole, streamed, and their errors, which are wrapped as OpenAI's.

use serde_json::{Value, json};

use super::houses::{Counts, House};
use super::{AUTH, MODEL, PATH, overflow, thinking};
use crate::harness::upstream::Answer;
use crate::strict::speech::{failing_stream, stream, tokens, unique};
use crate::strict::{Fault, Seen, Turn, Violation};

pub(super) fn refuse(violations: &[Violation]) -> Answer {
    let first = &violations[0];
    let (status, code) = if first.rule == &PATH {
        (404, "not_found")
    } else if first.rule == &AUTH {
        (401, "invalid_api_key")
    } else if first.rule == &MODEL {
        (404, "model_not_found")
    } else {
        (400, "invalid_value")
    };
    let message = format!("{}: {}", first.path, first.found);
    error(status, "invalid_request_error", code, &message)
}

fn error(status: u16, kind: &str, code: &str, message: &str) -> Answer {
    let body =
        json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
    let body = body.to_string();
    let answer = Answer::new(status).header("content-type", "application/json");
    let answer = match status {
        429 => answer.header("retry-after", "12"),
        _ => answer,
    };
    answer.length(body.len()).raw(body.as_bytes())
}

pub(super) fn speak(house: &'static House, seen: &Seen, turn: &Turn) -> Answer {
    match &turn.fault {
        Some(Fault::ContextOverflow) => overflow::answer(house.name),
        Some(Fault::StreamError) if seen.streaming => {
            let chunks = Chunks::new(seen);
            let error = json!({ "error": {
                "message": "The server had an error while processing your request.",
                "type": "server_error", "param": null, "code": null,
            } });
            let before = [
                chunks.delta(&json!({ "role": "assistant", "content": "" })),
                chunks.delta(&json!({ "content": "This answer will " })),
            ];
            failing_stream(&before, &event(&error))
        }
        Some(Fault::Status(status)) => usual(*status),
        _ if seen.streaming => stream(turn, &streamed(house, seen, turn)),
        _ => Answer::json(200, &whole(house, seen, turn)),
    }
}

/// What is said with a status.
fn usual(status: u16) -> Answer {
    let (kind, code, message) = match status {
        401 => (
            "invalid_request_error",
            "invalid_api_key",
            "Incorrect API key provided.",
        ),
        402 => ("billing_error", "payment_required", "Payment required."),
        403 => (
            "permission_error",
            "forbidden",
            "You may not use this model.",
        ),
        404 => (
            "invalid_request_error",
            "model_not_found",
            "The model does not exist.",
        ),
        413 => (
            "invalid_request_error",
            "request_too_large",
            "Request too large.",
        ),
        429 => ("requests", "rate_limit_exceeded", "Rate limit reached."),
        500 => (
            "server_error",
            "internal",
            "The server had an error while processing your request.",
        ),
        503 => (
            "server_error",
            "overloaded",
            "The engine is currently overloaded.",
        ),
        _ => ("invalid_request_error", "invalid_value", "A bad request."),
    };
    error(status, kind, code, message)
}

fn finish_reason(turn: &Turn) -> &'static str {
    if turn.calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    }
}

fn usage(seen: &Seen, turn: &Turn) -> Value {
    let prompt = tokens(&seen.body);
    let arguments: usize = turn.calls.iter().map(|call| call.arguments.len()).sum();
    let reasoning = turn.reasoning.concat().len() / 4;
    let completion = (turn.whole_text().len() + arguments) / 4 + 1 + reasoning;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": prompt / 2 },
        "completion_tokens_details": { "reasoning_tokens": reasoning },
    })
}

/// Ids of a turn's calls, as the house makes them.
fn ids(house: &'static House, turn: &Turn) -> Vec<String> {
    let reasoning = turn.reasoning.concat();
    let made = turn.calls.iter().map(|_| thinking::call_id(&reasoning));
    made.map(|id| format!("{}{id}", house.id_prefix)).collect()
}

fn whole(house: &'static House, seen: &Seen, turn: &Turn) -> Value {
    let mut message = json!({ "role": "assistant", "content": turn.whole_text() });
    if let Some(thinking) = house.thinking.filter(|_| !turn.reasoning.is_empty()) {
        thinking.put(&mut message, &turn.reasoning.concat());
    }
    if !turn.calls.is_empty() {
        let calls = turn.calls.iter().zip(ids(house, turn)).map(|(call, id)| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "id": id, "type": "function", "function": function })
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": format!("chatcmpl-{:016x}", unique()),
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": seen.model,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish_reason(turn) }],
        "usage": usage(seen, turn),
    })
}

fn streamed(house: &'static House, seen: &Seen, turn: &Turn) -> Vec<Vec<u8>> {
    let chunks = Chunks::new(seen);
    let mut deltas = vec![json!({ "role": "assistant", "content": "" })];
    if let Some(thinking) = house.thinking.filter(|_| !turn.reasoning.is_empty()) {
        let [before, behind] = thinking.around(&turn.reasoning.concat());
        deltas.extend(before);
        deltas.extend(turn.reasoning.iter().map(|piece| thinking.delta(piece)));
        deltas.extend(behind);
    }
    deltas.extend(turn.text.iter().map(|piece| json!({ "content": piece })));
    let ids = ids(house, turn);
    for piece in turn.argument_pieces() {
        let mut call = json!({ "index": piece.call, "function": { "arguments": piece.text } });
        if piece.first {
            call["id"] = ids[piece.call].as_str().into();
            call["type"] = "function".into();
            call["function"]["name"] = turn.calls[piece.call].name.as_str().into();
        }
        deltas.push(json!({ "tool_calls": [call] }));
    }
    let mut events: Vec<Vec<u8>> = deltas.iter().map(|delta| chunks.delta(delta)).collect();
    chunks.end(
        house.counts,
        finish_reason(turn),
        &usage(seen, turn),
        &mut events,
    );
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

/// What is the same in every chunk of an answer.
struct Chunks {
    id: String,
    model: String,
}

impl Chunks {
    fn new(seen: &Seen) -> Self {
        Self {
            id: format!("chatcmpl-{:016x}", unique()),
            model: seen.model.clone(),
        }
    }

    fn chunk(&self, choices: &Value) -> Value {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": 1_760_000_000,
            "model": self.model, "choices": choices,
        })
    }

    fn delta(&self, delta: &Value) -> Vec<u8> {
        event(&self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": null }])))
    }

    /// The finish and the counts, where the house has them.
    fn end(&self, counts: Counts, reason: &str, usage: &Value, events: &mut Vec<Vec<u8>>) {
        let mut finish = self.chunk(&json!([{ "index": 0, "delta": {}, "finish_reason": reason }]));
        match counts {
            Counts::WithTheFinish => finish["usage"] = usage.clone(),
            Counts::InTheChoice => finish["choices"][0]["usage"] = usage.clone(),
            Counts::OfGroq => finish["x_groq"] = json!({ "id": "req_1", "usage": usage }),
            Counts::Behind | Counts::Nowhere => {}
        }
        let behind = (counts == Counts::Behind).then(|| {
            let mut chunk = self.chunk(&json!([]));
            chunk["usage"] = usage.clone();
            event(&chunk)
        });
        events.push(event(&finish));
        events.extend(behind);
    }
}

fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}
