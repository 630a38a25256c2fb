//! From a client's body to the provider's: the choice, and the changes of the bytes that it brings.

use bytes::Bytes;
use http::HeaderMap;

use super::{
    Advice, Asked, Choice, Usages, choose, edits, ids, images, subagent, system_prompt, thinking,
};
use crate::config::{Config, Provider, Transformer};
use crate::error::ApiError;
use crate::head::{Details, RequestHead};

/// A request that is ready to go.
#[derive(Debug)]
pub struct Routed<'c> {
    /// Where to.
    pub choice: Choice<'c>,
    /// Of `body`.
    pub head: RequestHead,
    /// The client's, without tags for the router, with what rules set and with the configuration's own
    /// system prompt.
    pub body: Bytes,
}

/// What becomes of a request whose tokens nobody has counted.
#[derive(Debug)]
pub enum Dispatched<'c> {
    /// It is ready.
    Ready(Box<Routed<'c>>),
    /// A rule depends on its tokens, and an estimate is not enough: to be asked again with a count.
    Close(Box<RequestHead>, Bytes),
}

/// Chooses by the estimate of the tokens, if that leaves no doubt.
///
/// Errors: those of [`choose`].
pub fn dispatch<'c>(
    config: &'c Config,
    headers: &HeaderMap,
    usages: Option<&Usages>,
    (head, body): (RequestHead, Bytes),
    advice: Option<&Advice>,
) -> Result<Dispatched<'c>, ApiError> {
    let asked = Asked::new(&head, &body, headers, usages);
    let choice = choose(config, &asked, advice)?;
    let close = asked.is_close();
    drop(asked);
    if close {
        return Ok(Dispatched::Close(Box::new(head), body));
    }
    let routed = ready(config, choice, (head, body))?;
    Ok(Dispatched::Ready(Box::new(routed)))
}

/// The same with a count; none: the request cannot be counted, so the estimate decides after all.
///
/// Errors: those of [`choose`].
pub fn dispatch_counted<'c>(
    config: &'c Config,
    headers: &HeaderMap,
    usages: Option<&Usages>,
    (head, body): (RequestHead, Bytes),
    advice: Option<&Advice>,
    tokens: Option<u32>,
) -> Result<Routed<'c>, ApiError> {
    let asked = Asked::new(&head, &body, headers, usages).counted(tokens);
    let choice = choose(config, &asked, advice)?;
    drop(asked);
    ready(config, choice, (head, body))
}

/// Makes the changes that hold whichever provider serves the request.
fn ready<'c>(
    config: &Config,
    choice: Choice<'c>,
    (head, body): (RequestHead, Bytes),
) -> Result<Routed<'c>, ApiError> {
    let prompt = config.system_prompt.as_ref();
    let prompt = prompt.filter(|prompt| !prompt.text.is_empty());
    if choice.set.is_empty() && !head.subagent && prompt.is_none() {
        return Ok(Routed { choice, head, body });
    }
    let mut changes = edits::set(&body, &choice.set);
    if head.subagent {
        changes.extend(subagent::removals(&body, &Details::read(&body)));
    }
    let mut body = edits::apply(&body, changes);
    if let Some(prompt) = prompt {
        // A tag stands where words are replaced: these come second.
        body = edits::apply(&body, system_prompt::replaced(&body, prompt));
    }
    let head = RequestHead::peek(&body)?;
    Ok(Routed { choice, head, body })
}

impl Routed<'_> {
    /// The request as this model can take it, if that is another one: of a model that reads text
    /// only, with words in the place of images; of a provider that is given it untouched, without the
    /// thinking of others and with ids of tool calls that it takes. To be asked for each target that is tried.
    pub fn fitted(
        &self,
        provider: &Provider,
        model: &str,
    ) -> Result<Option<(RequestHead, Bytes)>, ApiError> {
        let mut changes = Vec::new();
        if self.head.any_image && images::is_blind(provider, model) {
            changes.extend(images::words(&self.body, model));
        }
        let untouched = matches!(provider.transformer, Transformer::Passthrough);
        if untouched && self.head.foreign_thinking {
            changes.extend(thinking::removals(&self.body));
        }
        if untouched && self.head.odd_ids {
            changes.extend(ids::fitted(&self.body));
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let body = edits::apply(&self.body, changes);
        let head = RequestHead::peek(&body)?;
        Ok(Some((head, body)))
    }
}
