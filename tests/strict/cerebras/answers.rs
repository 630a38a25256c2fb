//! What Cerebras answers: whole, streamed as it was recorded, and its flat errors.
//!
//! Source of the stream's shape: recorded zai-glm-4.7 traffic of 97 chunks. The role comes alone,
//! then reasoning, then content, then each tool call whole in one delta, then an empty delta with
//! `finish_reason`, `usage` and `time_info` in one chunk; `finish_reason` is absent before. Other
//! hosts of the same format cut and interleave arguments: [`Delivery`] says which is played.
//!
//! [`Delivery`]: crate::strict::Delivery

use serde_json::{Value, json};

use super::{AUTH, MODEL, PATH};
use crate::harness::upstream::Answer;
use crate::strict::speech::{failing_stream, short_id, stream, tokens, unique};
use crate::strict::{Fault, Seen, Turn, Violation};

pub(super) fn refuse(violations: &[Violation]) -> Answer {
    let first = &violations[0];
    let (status, kind, param, code, message) = if first.rule == &PATH {
        (
            404,
            "not_found_error",
            "path",
            "not_found",
            "Not Found".to_owned(),
        )
    } else if first.rule == &AUTH {
        (
            401,
            "invalid_request_error",
            "api_key",
            "wrong_api_key",
            "Wrong API Key".to_owned(),
        )
    } else if first.rule == &MODEL {
        let message = "Model does not exist or you do not have access to it.".to_owned();
        (404, "not_found_error", "model", "model_not_found", message)
    } else {
        let message = format!("{}: {}", dotted(&first.path), first.found);
        (
            400,
            "invalid_request_error",
            "validation_error",
            "wrong_api_format",
            message,
        )
    };
    flat(status, kind, param, code, &message)
}

/// What comes with a 429: the minute's tokens are used up, the day's requests are not. Seconds until
/// a reset are decimal numbers.
const RATE_HEADERS: [(&str, &str); 6] = [
    ("x-ratelimit-limit-requests-day", "14400"),
    ("x-ratelimit-remaining-requests-day", "14370"),
    ("x-ratelimit-reset-requests-day", "40251.94"),
    ("x-ratelimit-limit-tokens-minute", "64000"),
    ("x-ratelimit-remaining-tokens-minute", "0"),
    ("x-ratelimit-reset-tokens-minute", "11.382867"),
];

/// The provider's errors have no `error` wrapper.
fn flat(status: u16, kind: &str, param: &str, code: &str, message: &str) -> Answer {
    let body = json!({ "message": message, "type": kind, "param": param, "code": code });
    let body = body.to_string();
    let answer = Answer::new(status).header("content-type", "application/json");
    let answer = match status {
        429 => RATE_HEADERS
            .iter()
            .fold(answer, |answer, (name, value)| answer.header(name, value)),
        _ => answer,
    };
    answer.length(body.len()).raw(body.as_bytes())
}

/// `messages[2].content` as the provider writes it: `messages.2.content`.
fn dotted(path: &str) -> String {
    path.replace('[', ".").replace(']', "")
}

pub(super) fn speak(seen: &Seen, turn: &Turn) -> Answer {
    match &turn.fault {
        Some(Fault::ContextOverflow) => {
            let message = "Please reduce the length of the messages or completion. \
                           Current length is 142328 while limit is 131072";
            flat(
                400,
                "invalid_request_error",
                "messages",
                "context_length_exceeded",
                message,
            )
        }
        Some(Fault::StreamError) if seen.streaming => {
            let chunks = Chunks::new(seen);
            let error = json!({
                "error": {
                    "id": "", "code": "internal_server_error", "param": null,
                    "message": "Encountered a server error, please try again.",
                    "type": "server_error",
                },
                "status_code": 500,
            });
            let before = [
                chunks.delta(&json!({ "role": "assistant" })),
                chunks.delta(&json!({ "content": "This answer will " })),
            ];
            failing_stream(&before, &event(&error))
        }
        Some(Fault::Status(status)) => usual(*status),
        _ if seen.streaming => stream(turn, &streamed(seen, turn)),
        _ => Answer::json(200, &whole(seen, turn)),
    }
}

/// What the provider says with a status.
fn usual(status: u16) -> Answer {
    let (kind, param, code, message) = match status {
        401 => (
            "invalid_request_error",
            "api_key",
            "wrong_api_key",
            "Wrong API Key",
        ),
        402 => (
            "payment_required",
            "quota",
            "payment_required",
            "Payment required.",
        ),
        403 => (
            "permission_error",
            "model",
            "forbidden",
            "You may not use this model.",
        ),
        404 => {
            let message = "Model does not exist or you do not have access to it.";
            ("not_found_error", "model", "model_not_found", message)
        }
        413 => (
            "invalid_request_error",
            "body",
            "request_too_large",
            "Request too large.",
        ),
        429 => {
            let message = "Requests per minute limit exceeded - too many requests sent.";
            (
                "too_many_requests_error",
                "quota",
                "request_quota_exceeded",
                message,
            )
        }
        500 => (
            "server_error",
            "",
            "internal",
            "Encountered a server error, please try again.",
        ),
        503 => (
            "server_error",
            "queue",
            "queue_exceeded",
            "We're experiencing high traffic right now!",
        ),
        _ => (
            "invalid_request_error",
            "validation_error",
            "wrong_api_format",
            "A bad request.",
        ),
    };
    flat(status, kind, param, code, message)
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
    let completion = (turn.whole_text().len() + arguments) / 4 + 1;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": prompt / 2 },
        "completion_tokens_details": { "reasoning_tokens": turn.reasoning.concat().len() / 4 },
    })
}

fn time_info() -> Value {
    json!({
        "queue_time": 0.0001, "prompt_time": 0.002, "completion_time": 0.01, "total_time": 0.013,
        "created": 1_760_000_000.5,
    })
}

fn whole(seen: &Seen, turn: &Turn) -> Value {
    let mut message = json!({ "role": "assistant" });
    if !turn.reasoning.is_empty() {
        message["reasoning"] = turn.reasoning.concat().into();
    }
    // With tools only there is no content key.
    if !turn.text.is_empty() {
        message["content"] = turn.whole_text().into();
    }
    if !turn.calls.is_empty() {
        let calls = turn.calls.iter().map(|call| {
            json!({
                "id": short_id(), "type": "function",
                "function": { "name": call.name, "arguments": call.arguments },
            })
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": format!("chatcmpl-{:016x}", unique()),
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": seen.model,
        "system_fingerprint": "fp_strict",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish_reason(turn) }],
        "usage": usage(seen, turn),
        "time_info": time_info(),
    })
}

fn streamed(seen: &Seen, turn: &Turn) -> Vec<Vec<u8>> {
    let chunks = Chunks::new(seen);
    let mut events = vec![chunks.delta(&json!({ "role": "assistant" }))];
    let reasoning = turn
        .reasoning
        .iter()
        .map(|piece| json!({ "reasoning": piece }));
    let content = turn.text.iter().map(|piece| json!({ "content": piece }));
    events.extend(reasoning.chain(content).map(|delta| chunks.delta(&delta)));
    let ids: Vec<String> = turn.calls.iter().map(|_| short_id()).collect();
    for piece in turn.argument_pieces() {
        let mut call = json!({ "index": piece.call, "function": { "arguments": piece.text } });
        if piece.first {
            call["id"] = ids[piece.call].as_str().into();
            call["type"] = "function".into();
            call["function"]["name"] = turn.calls[piece.call].name.as_str().into();
        }
        events.push(chunks.delta(&json!({ "tool_calls": [call] })));
    }
    let mut last = chunks.chunk(&json!({}));
    last["choices"][0]["finish_reason"] = finish_reason(turn).into();
    last["usage"] = usage(seen, turn);
    last["time_info"] = time_info();
    events.push(event(&last));
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

    fn chunk(&self, delta: &Value) -> Value {
        json!({
            "id": self.id,
            "choices": [{ "delta": delta, "index": 0 }],
            "created": 1_760_000_000,
            "model": self.model,
            "system_fingerprint": "fp_strict",
            "object": "chat.completion.chunk",
        })
    }

    fn delta(&self, delta: &Value) -> Vec<u8> {
        event(&self.chunk(delta))
    }
}

fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}
