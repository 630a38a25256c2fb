//! Tools that come and go amid a conversation: `tool_addition` and `tool_removal` in its system messages.
//! A chat completion has one list of tools, so the list is made as it is at the end.

use sdk::anthropic::{Block, Content, Request, Tool};
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
            match (block.kind.as_ref(), Change::of(block)) {
                ("tool_removal", Some(change)) => removed.push(change.into_name()),
                ("tool_addition", Some(change)) => {
                    removed.retain(|name| *name != *change.name());
                    if let Change::Definition(tool) = change {
                        tools.retain(|known| known.name != *tool.name);
                        tools.push(*tool);
                    }
                }
                _ => {}
            }
        }
    }
    if !removed.is_empty() {
        host::note("drop", "tools", "they were removed amid the conversation");
        tools.retain(|tool| !removed.contains(&tool.name));
    }
    request.tools = Some(tools);
}

/// What a block says of a tool.
pub(super) enum Change<'a> {
    /// The whole tool.
    Definition(Box<Tool<'a>>),
    /// A tool that is declared elsewhere.
    Named(Str<'a>),
}

impl<'a> Change<'a> {
    /// Of `tool_addition` and `tool_removal`. None: it is a form that is not known, as those of MCP servers.
    pub(super) fn of(block: &Block<'a>) -> Option<Self> {
        let tool: Block<'a> = sdk::json::from_str(block.rest.get("tool")?.get()).ok()?;
        match tool.kind.as_ref() {
            "tool_reference" => Some(Change::Named(tool.name)),
            "tool_definition" => {
                let definition = tool.rest.get("definition")?;
                let tool = sdk::json::from_str(definition.get()).ok()?;
                Some(Change::Definition(Box::new(tool)))
            }
            _ => None,
        }
    }

    /// The tool's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Change::Definition(tool) => &tool.name,
            Change::Named(name) => name,
        }
    }

    fn into_name(self) -> Str<'a> {
        match self {
            Change::Definition(tool) => tool.name,
            Change::Named(name) => name,
        }
    }
}
