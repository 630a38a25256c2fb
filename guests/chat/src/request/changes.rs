//! Tools that come and go amid a conversation: `tool_addition` and `tool_removal` in its system messages.
//! A chat completion has one list of tools, so the list is made as it is at the end.

use sdk::anthropic::{Content, Request, ToolChange};
use sdk::host;
use sdk::json::{RawValue, Str};

/// Puts the changes of the conversation into the request's list of tools.
pub(super) fn apply(request: &mut Request<'_>) {
    let mut removed: Vec<Str<'_>> = Vec::new();
    let mut tools = request.tools.take().unwrap_or_default();
    for message in &request.messages {
        // Most messages have none: they are not read twice.
        let holds = |raw: &&RawValue| raw.get().contains("\"tool_");
        let content = message.content.filter(holds);
        let Some(content) = content.filter(|_| message.role == "system") else {
            continue;
        };
        let Ok(Content::Blocks(blocks)) = Content::of(Some(content)) else {
            continue;
        };
        for block in &blocks {
            let Some(change) = ToolChange::of(block) else {
                continue;
            };
            removed.retain(|name| *name != *change.name());
            match change {
                ToolChange::Removed(name) => removed.push(name),
                ToolChange::Defined { tool, .. } => {
                    tools.retain(|known| known.name != *tool.name);
                    tools.push(*tool);
                }
                ToolChange::Added(_) => {}
            }
        }
    }
    if !removed.is_empty() {
        host::note("drop", "tools", "they were removed amid the conversation");
        tools.retain(|tool| !removed.contains(&tool.name));
    }
    request.tools = Some(tools);
}
