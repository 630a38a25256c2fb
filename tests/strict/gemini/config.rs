//! Parameters and tools.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{TYPE, UNKNOWN, schema, signatures, text};
use crate::strict::{Findings, Rule, each, join};

static THINKING: Rule = Rule {
    id: "thinking",
    source: "Google's page on thinking: budgets by model, levels from Gemini 3 on, not both",
};
static STOPS: Rule = Rule {
    id: "stop-sequences",
    source: "Google's reference of GenerationConfig: up to 5",
};
static FORMAT: Rule = Rule {
    id: "format",
    source: "google-genai 3.4.0, response_json_schema: with response_mime_type application/json; refused in \
             words beside tools: Function calling with a response mime type is unsupported",
};
static NAME: Rule = Rule {
    id: "function-name",
    source: "refused in words: Invalid function name. Must start with a letter or an underscore; 64 \
             characters in the reference, 128 in google-genai 3.4.0",
};
static TWICE: Rule = Rule {
    id: "function-twice",
    source: "refused in words: Duplicate function declaration found",
};
static CHOICE: Rule = Rule {
    id: "tool-choice",
    source: "google-genai 3.4.0, FunctionCallingConfig: allowed names only with mode ANY, and of the \
             functions that are declared",
};

const CONFIG: &[&str] = &[
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "stopSequences",
    "thinkingConfig",
    "responseMimeType",
    "responseJsonSchema",
];

pub(super) fn check(model: &str, body: &Value, findings: &mut Findings) {
    let Some(config) = body.get("generationConfig") else {
        return;
    };
    findings.only(&UNKNOWN, "generationConfig", config, CONFIG);
    let at = |name: &str| join("generationConfig", name);
    for name in ["maxOutputTokens", "topK"] {
        if let Some(value) = config.get(name) {
            findings.expect(value.is_u64(), &TYPE, at(name), value.to_string());
        }
    }
    for name in ["temperature", "topP"] {
        if let Some(value) = config.get(name) {
            findings.expect(value.is_number(), &TYPE, at(name), value.to_string());
        }
    }
    let stops = config["stopSequences"].as_array().map_or(0, Vec::len);
    findings.expect(stops <= 5, &STOPS, at("stopSequences"), stops.to_string());
    if let Some(schema) = config.get("responseJsonSchema") {
        let mime = config["responseMimeType"] == "application/json";
        let alone = body.get("tools").is_none();
        findings.expect(mime && alone, &FORMAT, at("responseJsonSchema"), "");
        schema::check(schema, &at("responseJsonSchema"), findings);
    }
    if let Some(thinking) = config.get("thinkingConfig") {
        check_thinking(model, thinking, findings);
    }
}

fn check_thinking(model: &str, thinking: &Value, findings: &mut Findings) {
    let path = "generationConfig.thinkingConfig";
    let known = ["includeThoughts", "thinkingBudget", "thinkingLevel"];
    findings.only(&UNKNOWN, path, thinking, &known);
    let thinks = model.starts_with("gemini-2.5") || signatures::signs(model);
    findings.expect(
        thinks,
        &THINKING,
        path,
        "Thinking is not enabled for this model",
    );
    if let Some(budget) = thinking.get("thinkingBudget") {
        let range = match model {
            "gemini-2.5-pro" => 128..=32_768,
            _ => 0..=24_576,
        };
        let proper =
            !signatures::signs(model) && budget.as_u64().is_some_and(|n| range.contains(&n));
        findings.expect(
            proper,
            &THINKING,
            join(path, "thinkingBudget"),
            budget.to_string(),
        );
    }
    if let Some(level) = thinking.get("thinkingLevel") {
        let words = ["MINIMAL", "LOW", "MEDIUM", "HIGH"];
        let proper = signatures::signs(model) && words.iter().any(|word| level == word);
        findings.expect(
            proper,
            &THINKING,
            join(path, "thinkingLevel"),
            level.to_string(),
        );
    }
}

pub(super) fn check_tools(body: &Value, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    for (path, tool) in each(body, "", "tools") {
        findings.only(&UNKNOWN, &path, tool, &["functionDeclarations"]);
        for (path, function) in each(tool, &path, "functionDeclarations") {
            let known = ["name", "description", "parametersJsonSchema"];
            findings.only(&UNKNOWN, &path, function, &known);
            text(function, &path, "name", findings);
            let name = function["name"].as_str().unwrap_or_default();
            findings.expect(proper_name(name), &NAME, path.as_str(), name);
            findings.expect(names.insert(name), &TWICE, path.as_str(), name);
            if let Some(schema) = function.get("parametersJsonSchema") {
                schema::check(schema, &join(&path, "parametersJsonSchema"), findings);
            }
        }
    }
    let Some(config) = body.get("toolConfig") else {
        return;
    };
    findings.only(&UNKNOWN, "toolConfig", config, &["functionCallingConfig"]);
    let calling = &config["functionCallingConfig"];
    let known = ["mode", "allowedFunctionNames"];
    findings.only(
        &UNKNOWN,
        "toolConfig.functionCallingConfig",
        calling,
        &known,
    );
    let modes = ["AUTO", "ANY", "NONE"];
    let mode = modes.iter().any(|mode| calling["mode"] == *mode);
    let allowed = calling["allowedFunctionNames"].as_array();
    let mut allowed = allowed.into_iter().flatten();
    let declared = |name: &Value| name.as_str().is_some_and(|name| names.contains(name));
    let named = allowed.all(|name| calling["mode"] == "ANY" && declared(name));
    let proper = mode && named && !names.is_empty();
    findings.expect(proper, &CHOICE, "toolConfig", calling.to_string());
}

fn proper_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    begins && name.len() <= 64 && name.chars().all(fits)
}
