//! All that a component made of a case as one JSON value, so that two runs can be compared by path.

use serde_json::{Value, json};

use super::compare::events;
use super::play::{Answered, Asked, Play, Sent};
use crate::error::ApiError;

/// `request…` as the upstream gets it, `answer…` as the client does.
pub(super) fn shape(play: &Play) -> Value {
    let mut whole = json!({ "request": asked(&play.asked) });
    if let Asked::Answer(answer) = &play.asked {
        whole = json!({ "request": "answered locally", "answer": value_of(answer) });
    }
    match &play.answered {
        Answered::Nothing => {}
        Answered::Whole(Ok(body)) => whole["answer"] = value_of(body),
        Answered::Whole(Err(error)) => whole["answer"] = said(error),
        Answered::Unjudged(why) => whole["answer"] = json!(why),
        Answered::Stream(stream) => {
            let end = match &stream.error {
                Some(error) => said(error),
                None => json!(stream.ends.word()),
            };
            whole["answer"] = json!({ "events": listed(&stream.bytes), "end": end });
        }
    }
    if let Some(fault) = &play.fault {
        whole["fault"] = json!(fault);
    }
    whole
}

fn asked(asked: &Asked) -> Value {
    match asked {
        Asked::Refused(problems) => json!({ "options refused": problems }),
        Asked::Failed(error) => said(error),
        Asked::Unsupported => json!("unsupported"),
        Asked::Answer(_) => json!("answered locally"),
        Asked::Forward(sent) => forwarded(sent),
    }
}

fn forwarded(sent: &Sent) -> Value {
    let headers: serde_json::Map<String, Value> = sent
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({"path": sent.path, "headers": headers, "reply": sent.reply, "body": value_of(&sent.body)})
}

/// An event is its data, unless its name says something else.
fn listed(stream: &[u8]) -> Value {
    match events(stream) {
        Ok(events) => events
            .into_iter()
            .map(|(name, data)| {
                if data.get("type").and_then(Value::as_str) == Some(name.as_str()) {
                    data
                } else {
                    json!({ "event": name, "data": data })
                }
            })
            .collect(),
        Err(_) => json!(String::from_utf8_lossy(stream)),
    }
}

/// JSON by value, anything else as text.
fn value_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(bytes)))
}

fn said(error: &ApiError) -> Value {
    json!({"error": {
        "status": error.status, "type": error.kind, "message": error.message,
        "retry_after_ms": error.retry_after_ms, "should_retry": error.should_retry,
    }})
}
