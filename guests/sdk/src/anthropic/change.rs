//! Tools that come and go amid a conversation: `tool_addition` and `tool_removal` blocks of system messages.

use super::{Block, Tool};
use crate::json::{RawValue, Str};

/// What a block says of a tool.
pub enum ToolChange<'a> {
    /// A tool is added, with all that is to be known of it.
    Defined {
        /// The tool.
        tool: Box<Tool<'a>>,
        /// The same as it stands in the body.
        raw: &'a RawValue,
    },
    /// A tool that is declared elsewhere can be called now.
    Added(Str<'a>),
    /// A tool cannot be called any more.
    Removed(Str<'a>),
}

impl<'a> ToolChange<'a> {
    /// None: the block is about no tool, or in a form that is not known, as those of MCP servers.
    pub fn of(block: &Block<'a>) -> Option<Self> {
        let removes = match block.kind.as_ref() {
            "tool_addition" => false,
            "tool_removal" => true,
            _ => return None,
        };
        let tool: Block<'a> = crate::json::from_str(block.rest.get("tool")?.get()).ok()?;
        match tool.kind.as_ref() {
            "tool_reference" if removes => Some(Self::Removed(tool.name)),
            "tool_reference" => Some(Self::Added(tool.name)),
            "tool_definition" => {
                let raw = tool.rest.get("definition")?;
                let tool: Tool<'a> = crate::json::from_str(raw.get()).ok()?;
                Some(if removes {
                    Self::Removed(tool.name)
                } else {
                    Self::Defined {
                        tool: Box::new(tool),
                        raw,
                    }
                })
            }
            _ => None,
        }
    }

    /// The tool's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Defined { tool, .. } => &tool.name,
            Self::Added(name) | Self::Removed(name) => name,
        }
    }

    /// The change in words: a model reads the conversation in order.
    pub fn in_words(&self) -> String {
        let can = match self {
            Self::Defined { .. } | Self::Added(_) => "can be called now",
            Self::Removed(_) => "cannot be called any more",
        };
        format!("The tool {} {can}.", self.name())
    }
}
