//! The tools of a request, and the choice among them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{CHOICE, NULL, TYPE, UNKNOWN, VERSION_2};
use crate::strict::{Findings, Rule, each, join};

static NAME: Rule = Rule {
    id: "tool-name",
    source: "OpenAI-compatible tool names: ^[a-zA-Z0-9_-]{1,64}$, no two alike",
};
static STRICT: Rule = Rule {
    id: "strict-schema",
    source: "Cerebras API version 2: strict:true wants additionalProperties:false at every level",
};
static DEFINITIONS: Rule = Rule {
    id: "definitions",
    source: VERSION_2,
};

pub(super) fn check(body: &Value, findings: &mut Findings) {
    let Some(tools) = body.get("tools") else {
        return;
    };
    let some = tools.as_array().is_some_and(|tools| !tools.is_empty());
    findings.expect(some, &TYPE, "tools", "neither absent nor a list with tools");
    let mut names = BTreeSet::new();
    for (path, tool) in each(body, "", "tools") {
        check_tool(&path, tool, findings);
        let name = tool["function"]["name"].as_str().unwrap_or_default();
        let proper = is_name(name) && names.insert(name);
        findings.expect(proper, &NAME, join(&path, "function.name"), name);
    }
    if let Some(choice) = body.get("tool_choice") {
        check_choice(choice, &names, findings);
    }
}

fn check_tool(path: &str, tool: &Value, findings: &mut Findings) {
    findings.only(&UNKNOWN, path, tool, &["type", "function"]);
    findings.expect(
        tool["type"] == "function",
        &TYPE,
        join(path, "type"),
        tool["type"].to_string(),
    );
    let path = join(path, "function");
    let function = &tool["function"];
    findings.only(
        &UNKNOWN,
        &path,
        function,
        &["name", "description", "parameters", "strict"],
    );
    for (name, value) in function.as_object().into_iter().flatten() {
        findings.expect(!value.is_null(), &NULL, join(&path, name), "null");
    }
    if let Some(description) = function.get("description") {
        findings.expect(
            description.is_string(),
            &TYPE,
            join(&path, "description"),
            description.to_string(),
        );
    }
    let parameters = &function["parameters"];
    let path = join(&path, "parameters");
    if function.get("parameters").is_some() {
        findings.expect(
            parameters["type"] == "object",
            &TYPE,
            path.as_str(),
            parameters.to_string(),
        );
    }
    walk(&path, parameters, &mut |path, schema| {
        let old = schema.get("definitions").is_some_and(Value::is_object)
            && !path.ends_with(".properties");
        findings.expect(
            !old,
            &DEFINITIONS,
            join(path, "definitions"),
            "$defs is the only name taken",
        );
        let open = schema["type"] == "object" && schema["additionalProperties"] != false;
        let strict = function["strict"] == true;
        findings.expect(
            !(strict && open),
            &STRICT,
            path,
            "additionalProperties is not false",
        );
        // What a client's cache marker must not do is slip into a schema.
        let marker = schema.get("cache_control").is_some() && !path.ends_with(".properties");
        findings.expect(
            !marker,
            &UNKNOWN,
            join(path, "cache_control"),
            "in a schema",
        );
    });
}

fn check_choice(choice: &Value, names: &BTreeSet<&str>, findings: &mut Findings) {
    let word = choice
        .as_str()
        .is_some_and(|word| ["none", "auto", "required"].contains(&word));
    let name = choice["function"]["name"].as_str().unwrap_or_default();
    let named = choice["type"] == "function" && names.contains(name);
    findings.expect(word || named, &CHOICE, "tool_choice", choice.to_string());
    findings.only(&UNKNOWN, "tool_choice", choice, &["type", "function"]);
}

/// Every object of a schema, with its path.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match schema {
        Value::Object(members) => {
            visit(path, schema);
            for (name, member) in members {
                walk(&join(path, name), member, visit);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(&format!("{path}[{at}]"), item, visit);
            }
        }
        _ => {}
    }
}

fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(known)
}
