//! A whole answer to an Anthropic message.

use crate::event::{Response, Tokens};
use crate::items::Items;
use crate::stop;
use sdk::events::StopReason;
use sdk::json::Writer;
use sdk::whole::Whole;
use sdk::{Failure, failure};

/// Converts a 2xx body.
pub(crate) fn convert(mut items: Items, body: &str) -> Result<String, Failure> {
    let response: Response<'_> = sdk::json::from_str(body).map_err(|_| no_json())?;
    if response.output.is_none() && response.error.is_none() {
        return Err(failure::upstream("upstream answered without an output"));
    }
    items.unsaid(&response)?;
    let reason = stop::finish(&response, items.will_call(), items.refused)?;
    let mut message = Whole::start();
    items.write(&mut message, true, reason == StopReason::MaxTokens)?;
    let usage = response.usage(&items.context);
    Ok(message.end(&items.context, reason, usage))
}

/// The answer to a count.
pub(crate) fn count(body: &str) -> Result<String, Failure> {
    let tokens: Tokens = sdk::json::from_str(body).map_err(|_| no_json())?;
    let Some(tokens) = tokens.input_tokens else {
        return Err(failure::upstream("upstream answered without a count"));
    };
    let mut out = String::new();
    let mut object = Writer::object(&mut out);
    object.number("input_tokens", tokens);
    object.end();
    Ok(out)
}

fn no_json() -> Failure {
    failure::upstream("upstream answered with something else than JSON")
}
