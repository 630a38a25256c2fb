//! JSON schema without its rarer words, for `parametersJsonSchema`.

use super::{COMMON, NO_WORD, Told, bound};
use sdk::json::{Escaped, Members, RawValue, Writer};

/// Words of JSON schema that OpenAPI's dialect does not have, or has otherwise.
const WORDS: [&str; 6] = ["type", "format", "enum", "required", "$id", "$anchor"];

/// Writes a schema.
pub(super) fn write(out: &mut String, schema: &RawValue, told: &mut Told) {
    let Ok(members) = sdk::json::from_str::<Members<'_>>(schema.get()) else {
        // `true`: anything.
        let anything = matches!(schema.get(), "true" | "false");
        out.push_str(if anything { "{}" } else { schema.get() });
        return;
    };
    let mut object = Writer::object(out);
    for (word, value) in members.iter() {
        member(&mut object, &members, (word, value), told);
    }
    object.end();
}

fn member(
    object: &mut Writer<'_>,
    schema: &Members<'_>,
    (word, value): (&str, &RawValue),
    told: &mut Told,
) {
    // Beside a reference nothing else is taken.
    if schema.get("$ref").is_some() && !word.starts_with('$') {
        told.tell("drop", word, "nothing may stand beside a reference");
        return;
    }
    match word {
        "properties" | "$defs" => map(object, word, value, told),
        "definitions" => map(object, "$defs", value, told),
        "$ref" => {
            let address = value.get().replace("#/definitions/", "#/$defs/");
            object.raw("$ref", &address);
        }
        "items" | "additionalProperties" if value.get().starts_with('{') => {
            write(object.member(word), value, told);
        }
        "additionalProperties" => {
            object.raw(word, value.get());
        }
        "anyOf" | "oneOf" | "prefixItems" => list(object, word, value, told),
        "allOf" => all_of(object, schema, value, told),
        "const" => {
            told.tell("change", word, "an enum of one value says the same");
            object.raw("enum", &format!("[{value}]"));
        }
        "exclusiveMinimum" | "exclusiveMaximum" => bound(object, schema, (word, value), told),
        known if COMMON.contains(&known) || WORDS.contains(&known) => {
            object.raw(known, value.get());
        }
        unknown => told.tell("drop", unknown, NO_WORD),
    }
}

/// Schemas by name.
fn map(object: &mut Writer<'_>, word: &str, value: &RawValue, told: &mut Told) {
    let members: Members<'_> = sdk::json::from_str(value.get()).unwrap_or_default();
    let mut all = Writer::object(object.member(word));
    for (name, schema) in members.iter() {
        write(all.member(Escaped::plain(name).get()), schema, told);
    }
    all.end();
}

fn list(object: &mut Writer<'_>, word: &str, value: &RawValue, told: &mut Told) {
    let schemas: Vec<&RawValue> = sdk::json::from_str(value.get()).unwrap_or_default();
    let mut all = Writer::list(object.member(word));
    for schema in schemas {
        write(all.item(), schema, told);
    }
    all.end();
}

/// All of several schemas is one with the words of all, as far as no two say the same word.
fn all_of(object: &mut Writer<'_>, schema: &Members<'_>, value: &RawValue, told: &mut Told) {
    let schemas: Vec<Members<'_>> = sdk::json::from_str(value.get()).unwrap_or_default();
    let mut said: Vec<&str> = schema.iter().map(|(word, _)| word).collect();
    for one in &schemas {
        for (word, value) in one.iter() {
            if said.contains(&word) {
                told.tell("drop", "allOf", "two of them say the same word");
                continue;
            }
            told.tell("change", "allOf", "the words of all in one schema");
            said.push(word);
            member(object, one, (word, value), told);
        }
    }
}
