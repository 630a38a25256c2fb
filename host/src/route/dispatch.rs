//! From a client's body to the provider's: the choice, and the changes of the bytes that it brings.

use bytes::Bytes;
use http::HeaderMap;

use super::{Advice, Asked, Choice, Usages, choose, edits, images, subagent, system_prompt};
use crate::config::{Config, Provider};
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

/// Chooses and makes the changes that hold whichever provider serves the request.
///
/// Errors: those of [`choose`].
pub fn dispatch<'c>(
    config: &'c Config,
    headers: &HeaderMap,
    usages: Option<&Usages>,
    (head, body): (RequestHead, Bytes),
    advice: Option<&Advice>,
) -> Result<Routed<'c>, ApiError> {
    let choice = choose(config, &Asked::new(&head, &body, headers, usages), advice)?;
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
    /// only, with words in the place of images. To be asked for each target that is tried.
    pub fn fitted(
        &self,
        provider: &Provider,
        model: &str,
    ) -> Result<Option<(RequestHead, Bytes)>, ApiError> {
        if !self.head.any_image || !images::is_blind(provider, model) {
            return Ok(None);
        }
        let body = edits::apply(&self.body, images::words(&self.body, model));
        let head = RequestHead::peek(&body)?;
        Ok(Some((head, body)))
    }
}
