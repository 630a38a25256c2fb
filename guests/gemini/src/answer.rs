//! A whole answer to an Anthropic message. Where a stream was asked for without `alt=sse`, as proxies do,
//! its chunks come as one list: they are read one after another.

use crate::chunk::{self, Chunk, Tokens};
use crate::speech::Speech;
use crate::stop;
use sdk::events::StopReason;
use sdk::host::{Level, log};
use sdk::json::{Escaped, RawValue, Writer};
use sdk::whole::{Blocks as _, Whole};
use sdk::{Failure, failure};

/// Converts a 2xx body.
pub(crate) fn convert(mut speech: Speech, body: &[u8]) -> Result<String, Failure> {
    let text = String::from_utf8_lossy(body);
    let mut message = Whole::start();
    let mut reason = None;
    let mut tokens: Option<Tokens> = None;
    for text in chunks(&text) {
        let chunk = Chunk::parse(text).map_err(|_| no_json())?;
        if let Some(failure) = chunk::error(&chunk, text) {
            return Err(failure);
        }
        tokens = chunk.usage_metadata.or(tokens);
        if let Some(words) = chunk.blocked() {
            log(Level::Warn, &words);
            message.text(&Escaped::plain(&words));
            reason = Some(StopReason::Refusal);
            break;
        }
        let Some(candidate) = chunk.candidate() else {
            continue;
        };
        for part in candidate.parts() {
            speech.part(&mut message, part);
        }
        reason = stop::finish(candidate, speech.called())?.or(reason);
    }
    let reason = match reason {
        None => return Err(failure::upstream("upstream answered without a candidate")),
        Some(StopReason::EndTurn) if speech.called() => StopReason::ToolUse,
        Some(reason) => reason,
    };
    speech.end(&mut message);
    let usage = chunk::usage(tokens, &speech.context);
    Ok(message.end(&speech.context, reason, usage))
}

/// The answer to a count.
pub(crate) fn count(body: &[u8]) -> Result<String, Failure> {
    let text = String::from_utf8_lossy(body);
    let chunk = Chunk::parse(&text).map_err(|_| no_json())?;
    if let Some(failure) = chunk::error(&chunk, &text) {
        return Err(failure);
    }
    let Some(tokens) = chunk.total_tokens else {
        return Err(failure::upstream("upstream answered without a count"));
    };
    let mut out = String::new();
    let mut object = Writer::object(&mut out);
    object.number("input_tokens", tokens);
    object.end();
    Ok(out)
}

/// The body itself, or the items of a list.
fn chunks(text: &str) -> Vec<&str> {
    match sdk::json::from_str::<Vec<&RawValue>>(text) {
        Ok(list) => list.into_iter().map(RawValue::get).collect(),
        Err(_) => vec![text],
    }
}

fn no_json() -> Failure {
    failure::upstream("upstream answered with something else than JSON")
}
