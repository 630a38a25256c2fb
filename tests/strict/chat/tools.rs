//! The tools of a request, and the choice among them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::TYPE;
use super::houses::House;
use crate::strict::{Findings, Rule, each, join};

static NAME: Rule = Rule {
    id: "tool-name",
    source: "openai 3.54.0 (types): ^[a-zA-Z0-9_-]{1,64}$; no two alike",
};
static CHOICE: Rule = Rule {
    id: "tool-choice",
    source: "openai 3.54.0 (types): only with tools; which forms a provider takes stands in its house",
};

pub(super) fn check(house: &'static House, body: &Value, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    for (path, tool) in each(body, "", "tools") {
        findings.only(&TYPE, &path, tool, &["type", "function"]);
        let function = &tool["function"];
        let known = ["name", "description", "parameters", "strict"];
        findings.only(&TYPE, &join(&path, "function"), function, &known);
        let proper = tool["type"] == "function" && function["parameters"]["type"] == "object";
        findings.expect(proper, &TYPE, &path, tool.to_string());
        let name = function["name"].as_str().unwrap_or_default();
        let proper = is_name(name) && names.insert(name);
        findings.expect(proper, &NAME, join(&path, "function.name"), name);
    }
    if body.get("tools").is_some() {
        findings.expect(!names.is_empty(), &TYPE, "tools", "an empty list");
    }
    let Some(choice) = body.get("tool_choice") else {
        return;
    };
    let named = choice["function"]["name"].as_str();
    let form = match (choice.as_str(), named) {
        (Some(word), _) => word,
        (None, Some(name)) if names.contains(name) => "named",
        _ => "",
    };
    let proper = !names.is_empty() && house.choices.contains(&form);
    findings.expect(proper, &CHOICE, "tool_choice", choice.to_string());
}

fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(known)
}
