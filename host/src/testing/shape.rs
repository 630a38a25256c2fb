//! All that a component made of a case as one JSON value, so that two runs can be compared by path.

use serde_json::{Value, json};

use super::play::{Answered, Asked, Play, Sent};
use crate::recorder::shape::{self, listed, said, value_of};

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
    let headers = sent.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let headers = shape::headers(headers);
    json!({"path": sent.path, "headers": headers, "reply": sent.reply, "body": value_of(&sent.body)})
}
