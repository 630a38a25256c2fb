//! The requests that the load generator sends: a small one, and one with the make-up and size of
//! a Claude Code turn (system blocks, twelve tools, a conversation with a tool call).

use std::net::SocketAddr;

use bytes::Bytes;
use serde_json::{Value, json};

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// About 150 bytes.
    Small,
    /// About 60 KB.
    ClaudeCode,
}

/// Head and body of a `POST`, ready to be written.
pub(crate) fn post(
    address: SocketAddr,
    path: &str,
    model: &str,
    size: Size,
    stream: bool,
) -> Bytes {
    let mut body = match size {
        Size::Small => {
            json!({"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello."}]})
        }
        Size::ClaudeCode => claude_code(model),
    };
    if stream {
        body["stream"] = Value::Bool(true);
    }
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         anthropic-version: 2023-06-01\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into()
}

const TOOLS: [&str; 12] = [
    "Agent",
    "Bash",
    "Edit",
    "Glob",
    "Grep",
    "Read",
    "Skill",
    "Task",
    "TodoWrite",
    "WebFetch",
    "NotebookEdit",
    "Write",
];

fn claude_code(model: &str) -> Value {
    let cached = json!({"type": "ephemeral"});
    json!({
        "model": model,
        "max_tokens": 32000,
        "system": [
            {"type": "text", "text": "You are a coding agent that works in a terminal."},
            {"type": "text", "text": prose(7_000), "cache_control": cached},
        ],
        "tools": TOOLS.map(tool),
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": prose(600)}, {"type": "text", "text": "Why does the test fail?"}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "I will read the test first."},
                {"type": "tool_use", "id": "toolu_01BenchBenchBenchBenchB1", "name": "Read", "input": {"file_path": "/src/lib.rs", "limit": 400}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_01BenchBenchBenchBenchB1", "content": source(14_000), "cache_control": cached},
            ]},
        ],
    })
}

fn tool(name: &str) -> Value {
    let property =
        |what: &str| json!({"type": "string", "description": format!("{what}. {}", prose(160))});
    json!({
        "name": name,
        "description": prose(2_000),
        "input_schema": {
            "type": "object",
            "properties": {
                "path": property("The absolute path"),
                "pattern": property("What to look for"),
                "limit": {"type": "number", "description": "How many lines at most"},
                "mode": {"type": "string", "enum": ["content", "files_with_matches", "count"]},
            },
            "required": ["path"],
            "additionalProperties": false,
        },
    })
}

/// Text with line breaks and quotes, so that JSON escapes occur as often as in prompts.
fn prose(len: usize) -> String {
    fill(
        "Use this tool when the \"user\" asks for it; never guess a path, and say what you did.\n",
        len,
    )
}

/// Text like a listing: quotes, tabs and backslashes in every line.
fn source(len: usize) -> String {
    fill(
        "    let text = format!(\"{name}\\t{value}\\n\"); // one line of it\n",
        len,
    )
}

fn fill(line: &str, len: usize) -> String {
    line.chars().cycle().take(len).collect()
}
