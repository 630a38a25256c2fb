//! Tools and which of them must be used.

use crate::json::{RawValue, Str};
use crate::wire::wire;

wire! {
    /// A tool.
    pub struct Tool<'a> {
        /// Absent or `custom` for tools of the client, else a tool with a built-in meaning.
        kind as "type": Option<&'a RawValue>,
        /// Its name.
        name: Str<'a>,
        /// What it does.
        description: Option<&'a RawValue>,
        /// JSON schema.
        input_schema: Option<&'a RawValue>,
        /// Offered only after a search.
        defer_loading: Option<bool>,
    }
}

wire! {
    /// Which tool must be used.
    pub struct ToolChoice<'a> {
        /// `auto`, `any`, `tool` or `none`.
        kind as "type": Str<'a>,
        /// Of `tool`.
        name: Str<'a>,
        /// At most one call a turn.
        disable_parallel_tool_use: Option<bool>,
    }
}

impl Tool<'_> {
    /// Its type, empty for tools of the client.
    pub fn server_kind(&self) -> &str {
        let kind = self.kind.map_or("", RawValue::get).trim_matches('"');
        if matches!(kind, "custom" | "null") {
            ""
        } else {
            kind
        }
    }
}
