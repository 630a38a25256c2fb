//! Schemas: the words that the API knows.

use serde_json::Value;

use crate::strict::{Findings, Rule, join};

static WORD: Rule = Rule {
    id: "schema-word",
    source: "google-genai 3.4.0, Schema, and Google's page on structured output for JSON schema; for \
             `parameters` refused in words, Unknown name \"exclusiveMinimum\": Cannot find field; that \
             parametersJsonSchema refuses the same is a guess on the safe side",
};
static REFERENCE: Rule = Rule {
    id: "schema-reference",
    source: "Google's page on structured output: beside $ref only words that begin with $",
};

const WORDS: &[&str] = &[
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "pattern",
    "default",
    "nullable",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
    "$id",
    "$defs",
    "$ref",
    "$anchor",
];

pub(super) fn check(schema: &Value, path: &str, findings: &mut Findings) {
    let Some(members) = schema.as_object() else {
        let boolean = schema.is_boolean() && path.ends_with("additionalProperties");
        findings.expect(boolean, &WORD, path, schema.to_string());
        return;
    };
    let refers = members.contains_key("$ref");
    for (word, value) in members {
        let at = join(path, word);
        findings.expect(
            WORDS.contains(&word.as_str()),
            &WORD,
            at.as_str(),
            word.as_str(),
        );
        let beside = !refers || word.starts_with('$');
        findings.expect(beside, &REFERENCE, at.as_str(), word.as_str());
        match word.as_str() {
            "properties" | "$defs" => {
                for (name, schema) in value.as_object().into_iter().flatten() {
                    check(schema, &join(&at, name), findings);
                }
            }
            "items" | "additionalProperties" => check(value, &at, findings),
            "anyOf" | "oneOf" | "prefixItems" => {
                for schema in value.as_array().into_iter().flatten() {
                    check(schema, &at, findings);
                }
            }
            _ => {}
        }
    }
}
