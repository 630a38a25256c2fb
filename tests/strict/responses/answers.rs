//! What the Responses API answers: a response, or the events in which it is made.
//!
//! Source of the shapes: openai 3.54.0, types. A model that reasons thinks before each text or call, whether
//! it shows a summary or not.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Value, json};

use super::{AUTH, MODEL, PATH, reasons};
use crate::harness::upstream::Answer;
use crate::strict::speech::{failing_stream, short_id, stream, tokens};
use crate::strict::{Fault, Seen, Turn, Violation};

/// What only the provider can read of the reasoning of this id.
pub(super) fn encrypted(id: &str) -> String {
    let mut hasher = DefaultHasher::new();
    ("encrypted", id).hash(&mut hasher);
    format!("gAAAA{:016x}", hasher.finish())
}

pub(super) fn refuse(violations: &[Violation]) -> Answer {
    let first = &violations[0];
    if first.rule == &PATH {
        return error(404, "invalid_request_error", None, "Invalid URL");
    }
    if first.rule == &AUTH {
        let code = Some("invalid_api_key");
        return error(
            401,
            "invalid_request_error",
            code,
            "Incorrect API key provided.",
        );
    }
    if first.rule == &MODEL {
        let words = format!(
            "The model `{}` does not exist or you do not have access to it.",
            first.found
        );
        return error(
            404,
            "invalid_request_error",
            Some("model_not_found"),
            &words,
        );
    }
    let words = format!("{} at '{}': {}", first.rule.id, first.path, first.found);
    error(400, "invalid_request_error", None, &words)
}

fn error(status: u16, kind: &str, code: Option<&str>, words: &str) -> Answer {
    let error = json!({ "message": words, "type": kind, "param": null, "code": code });
    let body = json!({ "error": error }).to_string();
    let mut answer = Answer::new(status).header("content-type", "application/json");
    if status == 429 {
        answer = answer.header("retry-after", "12");
    }
    answer.length(body.len()).raw(body.as_bytes())
}

pub(super) fn speak(seen: &Seen, turn: &Turn) -> Answer {
    match &turn.fault {
        Some(Fault::ContextOverflow) => {
            let words = "Your input exceeds the context window of this model. Please adjust your input and try again.";
            error(
                400,
                "invalid_request_error",
                Some("context_length_exceeded"),
                words,
            )
        }
        Some(Fault::StreamError) if seen.streaming => {
            let mut events = Events::begin(seen);
            events.text(0, &["This answer will ".to_owned()]);
            events.0.truncate(5);
            let mut failed = response(seen, "failed");
            failed["error"] = json!({ "code": "server_error", "message": usual(500).1 });
            let failed = json!({ "type": "response.failed", "response": failed });
            failing_stream(&events.0, &event(&failed))
        }
        Some(Fault::Status(status)) => {
            let (kind, words) = usual(*status);
            error(*status, kind, None, words)
        }
        _ if seen.streaming => stream(turn, &streamed(seen, turn)),
        _ => {
            let mut whole = response(seen, "completed");
            whole["output"] = items(seen, turn).into();
            whole["usage"] = usage(seen, turn);
            Answer::json(200, &whole)
        }
    }
}

/// What the API says with a status.
fn usual(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("invalid_request_error", "Incorrect API key provided."),
        402 => ("billing_error", "Your account is not active."),
        403 => (
            "invalid_request_error",
            "Country, region, or territory not supported.",
        ),
        404 => ("invalid_request_error", "The model `x` does not exist."),
        413 => ("invalid_request_error", "The request is too large."),
        429 => ("requests", "Rate limit reached for this model."),
        500 => (
            "server_error",
            "The server had an error while processing your request.",
        ),
        503 => ("server_error", "The server is overloaded or not ready yet."),
        _ => ("invalid_request_error", "Invalid request."),
    }
}

fn response(seen: &Seen, status: &str) -> Value {
    json!({
        "id": format!("resp_{}", short_id()), "object": "response", "created_at": 1_760_000_000,
        "status": status, "error": null, "incomplete_details": null, "model": seen.model,
        "output": [], "parallel_tool_calls": true, "store": false, "usage": null,
    })
}

fn usage(seen: &Seen, turn: &Turn) -> Value {
    let arguments: usize = turn.calls.iter().map(|call| call.arguments.len()).sum();
    let input = tokens(&seen.body);
    let thought = turn.reasoning.concat().len() / 4;
    let output = (turn.whole_text().len() + arguments) / 4 + 1 + thought;
    json!({
        "input_tokens": input, "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 },
        "output_tokens": output, "output_tokens_details": { "reasoning_tokens": thought },
        "total_tokens": input + output,
    })
}

/// The items of a turn, whole.
fn items(seen: &Seen, turn: &Turn) -> Vec<Value> {
    let mut items = Vec::new();
    if reasons(&seen.model) {
        let summary = turn.reasoning.concat();
        let parts = if summary.is_empty() {
            vec![]
        } else {
            vec![summary]
        };
        items.push(reasoning(&format!("rs_{}", short_id()), &parts));
    }
    if !turn.text.is_empty() {
        items.push(message(&turn.whole_text()));
    }
    let calls = turn.calls.iter();
    items.extend(calls.map(|one| call(&one.name, &one.arguments)));
    items
}

fn reasoning(id: &str, summary: &[String]) -> Value {
    let parts = summary.iter();
    let parts: Vec<Value> = parts
        .map(|text| json!({ "type": "summary_text", "text": text }))
        .collect();
    json!({ "id": id, "type": "reasoning", "summary": parts, "encrypted_content": encrypted(id) })
}

fn message(text: &str) -> Value {
    json!({
        "id": format!("msg_{}", short_id()), "type": "message", "role": "assistant",
        "status": "completed",
        "content": [{ "type": "output_text", "text": text, "annotations": [] }],
    })
}

fn call(name: &str, arguments: &str) -> Value {
    json!({
        "id": format!("fc_{}", short_id()), "type": "function_call", "status": "completed",
        "call_id": format!("call_{}", short_id()), "name": name, "arguments": arguments,
    })
}

/// The events of a stream so far.
struct Events(Vec<Vec<u8>>);

impl Events {
    fn begin(seen: &Seen) -> Self {
        let begun = response(seen, "in_progress");
        let mut events = Self(Vec::new());
        for kind in ["response.created", "response.in_progress"] {
            events.push(&json!({ "type": kind, "response": begun }));
        }
        events
    }

    fn push(&mut self, data: &Value) {
        let mut data = data.clone();
        data["sequence_number"] = self.0.len().into();
        self.0.push(event(&data));
    }

    /// `kind` of an item: `added` or `done`.
    fn item(&mut self, index: usize, kind: &str, item: &Value) {
        let kind = format!("response.output_item.{kind}");
        self.push(&json!({ "type": kind, "output_index": index, "item": item }));
    }

    fn text(&mut self, index: usize, pieces: &[String]) {
        let whole = message(&pieces.concat());
        let id = &whole["id"];
        let mut begun = whole.clone();
        begun["content"] = json!([]);
        self.item(index, "added", &begun);
        let part = json!({ "type": "output_text", "text": "", "annotations": [] });
        self.push(&json!({
            "type": "response.content_part.added", "output_index": index, "item_id": id,
            "content_index": 0, "part": part,
        }));
        for piece in pieces {
            self.push(&json!({
                "type": "response.output_text.delta", "output_index": index, "item_id": id,
                "content_index": 0, "delta": piece, "logprobs": [], "obfuscation": short_id(),
            }));
        }
        self.push(&json!({
            "type": "response.output_text.done", "output_index": index, "item_id": id,
            "content_index": 0, "text": pieces.concat(), "logprobs": [],
        }));
        self.item(index, "done", &whole);
    }

    fn thought(&mut self, index: usize, pieces: &[String]) {
        let id = format!("rs_{}", short_id());
        let mut begun = reasoning(&id, &[]);
        // What comes at the beginning is not all of it.
        begun["encrypted_content"] = "gAAAA".into();
        self.item(index, "added", &begun);
        for piece in pieces {
            self.push(&json!({
                "type": "response.reasoning_summary_text.delta", "output_index": index,
                "item_id": id, "summary_index": 0, "delta": piece,
            }));
        }
        let summary = if pieces.is_empty() {
            vec![]
        } else {
            vec![pieces.concat()]
        };
        self.item(index, "done", &reasoning(&id, &summary));
    }

    /// Calls whose items are `first` and those behind it; their arguments as the turn delivers them.
    fn calls(&mut self, first: usize, turn: &Turn) {
        let calls: Vec<Value> = turn
            .calls
            .iter()
            .map(|one| call(&one.name, &one.arguments))
            .collect();
        for piece in turn.argument_pieces() {
            let (whole, index) = (&calls[piece.call], first + piece.call);
            if piece.first {
                let mut begun = whole.clone();
                begun["arguments"] = "".into();
                self.item(index, "added", &begun);
            }
            self.push(&json!({
                "type": "response.function_call_arguments.delta", "output_index": index,
                "item_id": whole["id"], "delta": piece.text,
            }));
            if piece.last {
                self.push(&json!({
                    "type": "response.function_call_arguments.done", "output_index": index,
                    "item_id": whole["id"], "arguments": whole["arguments"],
                }));
                self.item(index, "done", whole);
            }
        }
    }
}

fn streamed(seen: &Seen, turn: &Turn) -> Vec<Vec<u8>> {
    let mut events = Events::begin(seen);
    let mut index = 0;
    if reasons(&seen.model) {
        events.thought(index, &turn.reasoning);
        index += 1;
    }
    if !turn.text.is_empty() {
        events.text(index, &turn.text);
        index += 1;
    }
    events.calls(index, turn);
    let mut last = response(seen, "completed");
    last["usage"] = usage(seen, turn);
    events.push(&json!({ "type": "response.completed", "response": last }));
    events.0
}

fn event(data: &Value) -> Vec<u8> {
    let name = data["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into_bytes()
}
