//! Words of the formats themselves. A user or a machine may be called like one of them, and a fixture in
//! which it is replaced where the format means it would be wrong.

use super::body::Under;

/// Members that hold one of a few words: of the Messages API, chat completions, the Responses API, Gemini,
/// Ollama, JSON schema, and of cases.
const MEMBERS: [&str; 26] = [
    "action",
    "budget",
    "detail",
    "done_reason",
    "effort",
    "encoding",
    "ends",
    "event",
    "finishReason",
    "finish_reason",
    "format",
    "kind",
    "level",
    "mode",
    "native_finish_reason",
    "object",
    "operation",
    "reasoning_effort",
    "reply",
    "role",
    "service_tier",
    "status",
    "stop_reason",
    "tool_choice",
    "truncation",
    "type",
];

/// What those members hold, as far as it is one word.
const WORDS: [&str; 84] = [
    "adaptive",
    "add",
    "allowed",
    "any",
    "array",
    "assistant",
    "audio",
    "auto",
    "base64",
    "batch",
    "bearer",
    "boolean",
    "change",
    "chat",
    "citation",
    "complete",
    "completed",
    "completion",
    "concise",
    "content",
    "critic",
    "custom",
    "default",
    "delta",
    "detailed",
    "developer",
    "disabled",
    "document",
    "drop",
    "embedding",
    "enabled",
    "ephemeral",
    "error",
    "failed",
    "file",
    "flex",
    "function",
    "grammar",
    "high",
    "image",
    "incomplete",
    "integer",
    "interrupted",
    "json",
    "length",
    "list",
    "load",
    "low",
    "max",
    "medium",
    "message",
    "messages",
    "minimal",
    "model",
    "none",
    "null",
    "number",
    "object",
    "ping",
    "priority",
    "queued",
    "reasoning",
    "refusal",
    "required",
    "response",
    "safety",
    "sse",
    "standard",
    "stop",
    "string",
    "summary",
    "system",
    "text",
    "thinking",
    "tool",
    "unload",
    "unsupported",
    "untouched",
    "url",
    "usage",
    "user",
    "video",
    "whole",
    "xhigh",
];

/// Members whose strings are names of other things: of members of a schema, of what ends an answer.
const NAMING: [&str; 8] = [
    "allowedFunctionNames",
    "allowed_function_names",
    "enum",
    "propertyOrdering",
    "required",
    "stop",
    "stopSequences",
    "stop_sequences",
];

/// What holds a tool, or a call of one: its `name` is the tool's.
const TOOLS: [&str; 13] = [
    "content",
    "content_block",
    "custom",
    "function",
    "functionCall",
    "functionDeclarations",
    "functionResponse",
    "function_call",
    "input",
    "item",
    "output",
    "tool_choice",
    "tools",
];

/// Members that name a model.
const MODELS: [&str; 5] = [
    "model",
    "modelVersion",
    "model_name",
    "model_version",
    "requested_model",
];

/// Members of events that bring a text piece by piece, in the formats that we know.
const IN_PIECES: [&str; 10] = [
    "arguments",
    "content",
    "delta",
    "partial_json",
    "reasoning",
    "reasoning_content",
    "refusal",
    "response",
    "text",
    "thinking",
];

/// The value is the format's, not a name.
pub(super) fn is_of_format(under: &Under<'_>, value: &str) -> bool {
    let Some(member) = under.member.as_deref() else {
        return false;
    };
    let is_tools = || {
        under
            .parent
            .as_deref()
            .is_some_and(|parent| TOOLS.contains(&parent))
    };
    (is_fixed(under) && is_word(value))
        || NAMING.contains(&member)
        || (member == "name" && is_identifier(value) && is_tools())
        || (member == "tool_name" && is_identifier(value))
}

/// One of a few words stands here.
pub(super) fn is_fixed(under: &Under<'_>) -> bool {
    let member = under.member.as_deref();
    member.is_some_and(|member| MEMBERS.contains(&member))
}

/// Each event has a piece of a text here.
pub(super) fn is_told_in_pieces(under: &Under<'_>) -> bool {
    let member = under.member.as_deref();
    member.is_some_and(|member| IN_PIECES.contains(&member))
}

/// The name of a model stands here.
pub(super) fn holds_model(under: &Under<'_>) -> bool {
    let member = under.member.as_deref();
    member.is_some_and(|member| MODELS.contains(&member))
}

/// The name of a model that is one word: no file in somebody's home.
pub(super) fn is_model(name: &str) -> bool {
    let is_place = ["/home/", "/Users/"].iter().any(|home| name.contains(home));
    let address = name
        .rsplit_once('@')
        .is_some_and(|(_, after)| after.contains('.'));
    !is_place && !address && !name.contains(|c: char| c == '\\' || c.is_whitespace())
}

/// No value of an account: `"session_id": "string"` is somebody's example.
pub(super) fn is_word(value: &str) -> bool {
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// It could be the name that a format gave a member.
pub(super) fn is_identifier(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-$.".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}
