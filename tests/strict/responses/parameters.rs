//! Parameters and tools.

use serde_json::Value;

use super::{TYPE, UNKNOWN, reasons, text};
use crate::strict::{Findings, Rule, each, join};

static LIMIT: Rule = Rule {
    id: "least-output",
    source: "refused in words: Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16",
};
static SAMPLING: Rule = Rule {
    id: "sampling",
    source: "refused in words: Unsupported parameter: 'temperature' is not supported with this model",
};
static REASONING: Rule = Rule {
    id: "reasoning",
    source: "openai 3.54.0, Reasoning; refused in words: Unsupported parameter: 'reasoning.effort' is not \
             supported with this model; Unsupported value: 'max'",
};
static STORED: Rule = Rule {
    id: "nothing-is-stored",
    source: "our own rule: store is false, and a model that reasons is asked for what is needed then",
};
static NAME: Rule = Rule {
    id: "function-name",
    source: "refused in words: Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$', of 64 at most",
};
static STRICT: Rule = Rule {
    id: "strict-schema",
    source: "refused in words: Invalid schema for function 'x': 'additionalProperties' is required to be \
             supplied and to be false; where strict is left out it is taken for true (from memory)",
};
static CHOICE: Rule = Rule {
    id: "tool-choice",
    source: "openai 3.54.0, ToolChoiceOptions and ToolChoiceFunctionParam; refused in words: Tool choice \
             'x' not found in 'tools' parameter",
};

const MEMBERS: &[&str] = &[
    "model",
    "instructions",
    "input",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "max_output_tokens",
    "temperature",
    "top_p",
    "store",
    "include",
    "prompt_cache_key",
    "stream",
];

pub(super) fn check(model: &str, body: &Value, findings: &mut Findings) {
    findings.only(&UNKNOWN, "", body, MEMBERS);
    if let Some(instructions) = body.get("instructions") {
        findings.expect(instructions.is_string(), &TYPE, "instructions", "no text");
    }
    if let Some(limit) = body.get("max_output_tokens") {
        let proper = limit.as_u64().is_some_and(|limit| limit >= 16);
        findings.expect(proper, &LIMIT, "max_output_tokens", limit.to_string());
    }
    for name in ["temperature", "top_p"] {
        let absent = body.get(name).is_none();
        findings.expect(absent || !reasons(model), &SAMPLING, name, model);
    }
    let stored = body["store"] != false;
    findings.expect(!stored, &STORED, "store", body["store"].to_string());
    let included = body["include"] == serde_json::json!(["reasoning.encrypted_content"]);
    findings.expect(
        included == reasons(model),
        &STORED,
        "include",
        body["include"].to_string(),
    );
    if let Some(reasoning) = body.get("reasoning") {
        findings.only(&UNKNOWN, "reasoning", reasoning, &["effort", "summary"]);
        let efforts = ["none", "low", "medium", "high", "xhigh"];
        let effort = reasoning.get("effort");
        let known = effort.is_none_or(|effort| efforts.iter().any(|known| effort == known));
        let proper = reasons(model) && known;
        findings.expect(proper, &REASONING, "reasoning", reasoning.to_string());
    }
    if let Some(format) = body.pointer("/text/format") {
        let known = ["type", "name", "schema", "strict"];
        findings.only(&UNKNOWN, "text.format", format, &known);
        let open = format["strict"] == true && format["schema"]["additionalProperties"] != false;
        findings.expect(!open, &STRICT, "text.format", "not closed");
    }
}

pub(super) fn check_tools(body: &Value, findings: &mut Findings) {
    let mut names = Vec::new();
    for (path, tool) in each(body, "", "tools") {
        let known = ["type", "name", "description", "parameters", "strict"];
        findings.only(&UNKNOWN, &path, tool, &known);
        text(tool, &path, "name", findings);
        let name = tool["name"].as_str().unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let proper = (1..=64).contains(&name.len()) && name.chars().all(fits);
        findings.expect(proper, &NAME, path.as_str(), name);
        names.push(name);
        let function = tool["type"] == "function" && tool["parameters"]["type"] == "object";
        findings.expect(function, &TYPE, path.as_str(), tool["type"].to_string());
        let strict = tool["strict"] != false && tool["parameters"]["additionalProperties"] != false;
        findings.expect(!strict, &STRICT, join(&path, "strict"), name);
    }
    if let Some(choice) = body.get("tool_choice") {
        let words = ["auto", "required", "none"];
        let word = words.iter().any(|word| choice == word);
        let named = choice["name"]
            .as_str()
            .is_some_and(|name| names.contains(&name));
        let proper = !names.is_empty() && (word || (choice["type"] == "function" && named));
        findings.expect(proper, &CHOICE, "tool_choice", choice.to_string());
    }
    if let Some(parallel) = body.get("parallel_tool_calls") {
        let proper = parallel.is_boolean() && !names.is_empty();
        findings.expect(proper, &TYPE, "parallel_tool_calls", parallel.to_string());
    }
}
