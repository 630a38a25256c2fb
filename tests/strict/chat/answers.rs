//! What such an upstream answers: whole, streamed, and its errors. The role comes alone, then reasoning, content and
//! calls, a chunk with the reason, and where the provider does so the counts in one of their own.

use serde_json::{Value, json};

use super::Provider;
use crate::harness::upstream::Answer;
use crate::strict::speech::{failing_stream, short_id, stream, tokens, unique};
use crate::strict::{Fault, Seen, Turn, Violation};

pub(super) fn refuse(violations: &[Violation]) -> Answer {
    let first = &violations[0];
    let message = format!("{}: {}: {}", first.rule.id, first.path, first.found);
    error(400, &message)
}

fn error(status: u16, message: &str) -> Answer {
    let kind = if status < 500 {
        "invalid_request_error"
    } else {
        "server_error"
    };
    let error = json!({ "message": message, "type": kind, "param": null, "code": null });
    let body = json!({ "error": error }).to_string();
    let answer = Answer::new(status).header("content-type", "application/json");
    let answer = match status {
        429 => answer.header("retry-after", "12"),
        _ => answer,
    };
    answer.length(body.len()).raw(body.as_bytes())
}

pub(super) fn speak(provider: &Provider, seen: &Seen, turn: &Turn) -> Answer {
    let id = format!("chatcmpl-{:016x}", unique());
    let chunk = |delta: &Value| chunk(&id, delta, None);
    match &turn.fault {
        Some(Fault::ContextOverflow) => {
            let (status, body) = provider.overflow();
            Answer::json(status, &body)
        }
        Some(Fault::StreamError) if seen.streaming => {
            let said =
                json!({ "error": { "message": "Internal server error", "type": "server_error" } });
            let before = [
                event(&chunk(&json!({ "role": "assistant", "content": "" }))),
                event(&chunk(&json!({ "content": "This answer will " }))),
            ];
            failing_stream(&before, &event(&said))
        }
        Some(Fault::Status(500)) => error(500, "Internal server error"),
        Some(Fault::Status(status)) => error(*status, "An error of the provider's."),
        _ if seen.streaming => stream(turn, &streamed(provider, &id, seen, turn)),
        _ => Answer::json(200, &whole(provider, &id, seen, turn)),
    }
}

fn reason(turn: &Turn) -> &'static str {
    if turn.calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    }
}

fn usage(seen: &Seen, turn: &Turn) -> Value {
    let prompt = tokens(&seen.body);
    let completion = turn.whole_text().len() / 4 + 1;
    json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": prompt / 2 },
    })
}

/// Reasoning as this provider gives it.
fn thought(provider: &Provider, text: &str) -> Value {
    match provider.reasoning {
        "reasoning_details" => json!({ "reasoning": text, "reasoning_details": [
            { "type": "reasoning.text", "text": text, "format": "anthropic-claude-v1", "index": 0 },
        ] }),
        "<think>" => json!({ "content": text }),
        member => json!({ member: text }),
    }
}

fn tags(provider: &Provider, turn: &Turn) -> (&'static str, &'static str) {
    let tagged = provider.reasoning == "<think>" && !turn.reasoning.is_empty();
    if tagged {
        ("<think>", "</think>\n")
    } else {
        ("", "")
    }
}

/// An id as this provider makes them.
fn call_id(provider: &Provider) -> String {
    if provider.nine_character_ids {
        short_id()
    } else {
        format!("call_{:016x}", unique())
    }
}

fn whole(provider: &Provider, id: &str, seen: &Seen, turn: &Turn) -> Value {
    let (open, close) = tags(provider, turn);
    let thinking = turn.reasoning.concat();
    let mut message = json!({ "role": "assistant", "content": null });
    let mut text = turn.whole_text();
    if !open.is_empty() {
        text = format!("{open}{thinking}{close}{text}");
    } else if !thinking.is_empty() {
        let said = thought(provider, &thinking);
        for (name, value) in said.as_object().into_iter().flatten() {
            message[name] = value.clone();
        }
    }
    if !text.is_empty() {
        message["content"] = text.into();
    }
    if !turn.calls.is_empty() {
        let calls = turn.calls.iter().map(|call| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "id": call_id(provider), "type": "function", "function": function })
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": id, "object": "chat.completion", "created": 1_760_000_000, "model": seen.model,
        "choices": [{ "index": 0, "message": message, "finish_reason": reason(turn) }],
        "usage": usage(seen, turn),
    })
}

fn streamed(provider: &Provider, id: &str, seen: &Seen, turn: &Turn) -> Vec<Vec<u8>> {
    let (open, close) = tags(provider, turn);
    let text = |text: &str| json!({ "content": text });
    let mut deltas = vec![json!({ "role": "assistant", "content": "" }), text(open)];
    deltas.extend(turn.reasoning.iter().map(|piece| thought(provider, piece)));
    deltas.push(text(close));
    deltas.extend(turn.text.iter().map(|piece| text(piece)));
    let ids: Vec<String> = turn.calls.iter().map(|_| call_id(provider)).collect();
    for piece in turn.argument_pieces() {
        let mut call = json!({ "index": piece.call, "function": { "arguments": piece.text } });
        if piece.first {
            call["id"] = ids[piece.call].as_str().into();
            call["type"] = "function".into();
            call["function"]["name"] = turn.calls[piece.call].name.as_str().into();
        }
        deltas.push(json!({ "tool_calls": [call] }));
    }
    let mut events: Vec<Vec<u8>> = deltas
        .iter()
        .map(|delta| event(&chunk(id, delta, None)))
        .collect();
    let mut last = chunk(id, &json!({}), Some(reason(turn)));
    let counts = usage(seen, turn);
    if provider.usage_behind {
        events.push(event(&last));
        events.push(event(&json!({ "id": id, "choices": [], "usage": counts })));
    } else {
        last["usage"] = counts;
        events.push(event(&last));
    }
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

fn chunk(id: &str, delta: &Value, reason: Option<&str>) -> Value {
    json!({
        "id": id, "object": "chat.completion.chunk", "created": 1_760_000_000,
        "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }],
    })
}

fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}
