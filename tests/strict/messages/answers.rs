//! What an Anthropic-shaped upstream answers: whole and streamed.
//!
//! The stream follows the Messages API reference, with one exception that a script can ask for:
//! [`Delivery::Interleaved`](crate::strict::Delivery) leaves two tool blocks open at once.

use serde_json::{Value, json};

use super::signature;
use crate::harness::sse::Event;
use crate::harness::upstream::Answer;
use crate::strict::speech::{failing_stream, stream, tokens, unique};
use crate::strict::{Fault, Seen, Turn};

/// The envelope of an error.
pub(in crate::strict) fn error(status: u16, kind: &str, message: &str) -> Answer {
    let body = json!({
        "type": "error",
        "error": { "type": kind, "message": message },
        "request_id": format!("req_{:016x}", unique()),
    });
    let body = body.to_string();
    let answer = Answer::new(status)
        .header("content-type", "application/json")
        .header("request-id", "req_of_the_upstream");
    let answer = match status {
        429 => answer.header("retry-after", "12"),
        _ => answer,
    };
    answer.length(body.len()).raw(body.as_bytes())
}

pub(in crate::strict) fn speak(seen: &Seen, turn: &Turn) -> Answer {
    match &turn.fault {
        Some(Fault::ContextOverflow) => {
            let message = "prompt is too long: 212345 tokens > 200000 maximum";
            error(400, "invalid_request_error", message)
        }
        Some(Fault::StreamError) if seen.streaming => {
            let error = json!({
                "type": "error",
                "error": { "type": "api_error", "message": "Internal server error" },
            });
            let mut writer = Writer::new(seen, turn);
            let block = writer.open(&json!({ "type": "text", "text": "" }));
            writer.delta(
                block,
                &json!({ "type": "text_delta", "text": "This answer will " }),
            );
            failing_stream(&writer.events, &Event::new("error", &error).to_bytes())
        }
        Some(Fault::Status(status)) => usual(*status),
        _ if seen.streaming => stream(turn, &streamed(seen, turn)),
        _ => Answer::json(200, &whole(seen, turn)),
    }
}

/// What the provider says with a status.
fn usual(status: u16) -> Answer {
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "Your credit balance is too low."),
        403 => ("permission_error", "Your API key may not use this."),
        404 => ("not_found_error", "model: model-1"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your rate limit.",
        ),
        503 | 529 => ("overloaded_error", "Overloaded"),
        500.. => ("api_error", "Internal server error"),
        _ => ("invalid_request_error", "A bad request."),
    };
    error(status, kind, message)
}

fn stop_reason(turn: &Turn) -> &'static str {
    if turn.calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    }
}

fn envelope(seen: &Seen) -> Value {
    json!({
        "id": format!("msg_{:016x}", unique()),
        "type": "message",
        "role": "assistant",
        "model": seen.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": {
            "input_tokens": tokens(&seen.body),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 1,
        },
    })
}

fn output_tokens(turn: &Turn) -> usize {
    let arguments: usize = turn.calls.iter().map(|call| call.arguments.len()).sum();
    (turn.whole_text().len() + arguments) / 4 + 1
}

fn tool_id() -> String {
    format!("toolu_{:016x}", unique())
}

fn whole(seen: &Seen, turn: &Turn) -> Value {
    let mut content = Vec::new();
    if !turn.reasoning.is_empty() {
        let thinking = turn.reasoning.concat();
        let signature = if turn.unsigned {
            String::new()
        } else {
            signature(&thinking)
        };
        content.push(json!({ "type": "thinking", "thinking": thinking, "signature": signature }));
    }
    if !turn.text.is_empty() {
        content.push(json!({ "type": "text", "text": turn.whole_text() }));
    }
    for call in &turn.calls {
        let input: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let id = tool_id();
        content.push(json!({ "type": "tool_use", "id": id, "name": call.name, "input": input }));
    }
    let mut message = envelope(seen);
    message["content"] = Value::Array(content);
    message["stop_reason"] = stop_reason(turn).into();
    message["usage"]["output_tokens"] = output_tokens(turn).into();
    message
}

fn streamed(seen: &Seen, turn: &Turn) -> Vec<Vec<u8>> {
    let mut writer = Writer::new(seen, turn);
    if !turn.reasoning.is_empty() {
        let block = writer.open(&json!({ "type": "thinking", "thinking": "", "signature": "" }));
        for piece in &turn.reasoning {
            writer.delta(
                block,
                &json!({ "type": "thinking_delta", "thinking": piece }),
            );
        }
        if !turn.unsigned {
            let signature = signature(&turn.reasoning.concat());
            writer.delta(
                block,
                &json!({ "type": "signature_delta", "signature": signature }),
            );
        }
        writer.close(block);
    }
    if !turn.text.is_empty() {
        let block = writer.open(&json!({ "type": "text", "text": "" }));
        for piece in &turn.text {
            writer.delta(block, &json!({ "type": "text_delta", "text": piece }));
        }
        writer.close(block);
    }
    writer.calls();
    writer.push(&json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason(turn), "stop_sequence": null },
        "usage": { "output_tokens": output_tokens(turn) },
    }));
    writer.push(&json!({ "type": "message_stop" }));
    writer.events
}

/// Writes the events of one answer and counts its blocks.
struct Writer<'a> {
    turn: &'a Turn,
    events: Vec<Vec<u8>>,
    blocks: usize,
}

impl<'a> Writer<'a> {
    fn new(seen: &Seen, turn: &'a Turn) -> Self {
        let mut writer = Self {
            turn,
            events: Vec::new(),
            blocks: 0,
        };
        writer.push(&json!({ "type": "message_start", "message": envelope(seen) }));
        writer.push(&json!({ "type": "ping" }));
        writer
    }

    fn push(&mut self, data: &Value) {
        let name = data["type"].as_str().unwrap_or_default();
        self.events.push(Event::new(name, data).to_bytes());
    }

    fn open(&mut self, block: &Value) -> usize {
        let index = self.blocks;
        self.blocks += 1;
        let start =
            json!({ "type": "content_block_start", "index": index, "content_block": block });
        self.push(&start);
        index
    }

    fn delta(&mut self, index: usize, delta: &Value) {
        self.push(&json!({ "type": "content_block_delta", "index": index, "delta": delta }));
    }

    fn close(&mut self, index: usize) {
        self.push(&json!({ "type": "content_block_stop", "index": index }));
    }

    fn calls(&mut self) {
        let mut open = vec![0; self.turn.calls.len()];
        for piece in self.turn.argument_pieces() {
            if piece.first {
                let name = &self.turn.calls[piece.call].name;
                let block =
                    json!({ "type": "tool_use", "id": tool_id(), "name": name, "input": {} });
                open[piece.call] = self.open(&block);
                let nothing = json!({ "type": "input_json_delta", "partial_json": "" });
                self.delta(open[piece.call], &nothing);
            }
            let delta = json!({ "type": "input_json_delta", "partial_json": piece.text });
            self.delta(open[piece.call], &delta);
            if piece.last {
                self.close(open[piece.call]);
            }
        }
    }
}
