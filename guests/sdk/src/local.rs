//! Requests that only Anthropic itself could serve, and the answer to them: a provider that does not know what they
//! are would make something up.

use crate::events::StopReason;
use crate::{Context, host, message};

/// What the beginning of a tool's type says of a search of the web.
const WEB_SEARCH: &str = "web_search_";

/// The answer, if the request is one of these: `max_tokens` 0 only warms a prompt cache; and Claude Code searches the
/// web by a request of its own whose only tool is Anthropic's search. `tools` are the types of all tools, empty for
/// those of the client.
pub fn answer<'t>(
    context: &Context,
    max_tokens: Option<u64>,
    tools: impl IntoIterator<Item = &'t str>,
) -> Option<Vec<u8>> {
    if max_tokens == Some(0) {
        return Some(message(context, "", StopReason::MaxTokens));
    }
    let mut tools = tools.into_iter().peekable();
    tools.peek()?;
    if !tools.all(|kind| kind.starts_with(WEB_SEARCH)) {
        return None;
    }
    host::note("drop", "tools", "the provider has no web search");
    let text = "Web search is not available through this provider.";
    Some(message(context, text, StopReason::EndTurn))
}
