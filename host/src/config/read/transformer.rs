//! `transformer` and `options` of a provider.

use bytes::Bytes;
use serde_json::Value as Json;

use super::super::reader::{Place, Reader};
use super::super::text::Value;
use super::super::{Stage, Transformer};

/// The word for "bytes pass untouched".
const PASSTHROUGH: &str = "anthropic";

/// A name, or a list of names and `{ name, options }`.
pub(super) fn transformer(
    at: &Place<'_>,
    options: Option<&Place<'_>>,
    reader: &mut Reader<'_>,
) -> Option<Transformer> {
    match &at.node.value {
        Value::String(_) => single(at, options, reader),
        Value::List(_) => chain(at, options, reader),
        _ => {
            reader.expected(at, "a name, or a list of names and { name, options }");
            None
        }
    }
}

fn single(
    at: &Place<'_>,
    options: Option<&Place<'_>>,
    reader: &mut Reader<'_>,
) -> Option<Transformer> {
    let name = name(at, reader)?;
    if name == PASSTHROUGH {
        if let Some(options) = options {
            no_one_reads(options, reader);
        }
        return Some(Transformer::Passthrough);
    }
    let options = match options {
        Some(at) => object(at, reader)?,
        None => Bytes::from_static(b"{}"),
    };
    Some(Transformer::Chain(vec![Stage { name, options }]))
}

fn chain(
    at: &Place<'_>,
    options: Option<&Place<'_>>,
    reader: &mut Reader<'_>,
) -> Option<Transformer> {
    let items = reader.items(at)?;
    if let [only] = items.as_slice()
        && matches!(only.node.value, Value::String(_))
    {
        return single(only, options, reader);
    }
    if items.is_empty() {
        reader.problem(
            at,
            "the chain is empty",
            "write \"anthropic\" to pass bytes untouched",
        );
        return None;
    }
    if let Some(options) = options {
        reader.problem(
            options,
            "in a chain it is not clear whose options these are",
            "write { name: \"...\", options: { ... } } in `transformer`",
        );
    }
    let stages: Vec<_> = items
        .iter()
        .filter_map(|item| stage(item, reader))
        .collect();
    (stages.len() == items.len()).then_some(Transformer::Chain(stages))
}

fn stage(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Stage> {
    let (name_at, options) = if matches!(at.node.value, Value::Object(_)) {
        let fields = reader.fields(at, &["name", "options"])?;
        let Some(name) = fields.get("name").cloned() else {
            reader.problem(
                at,
                "the stage has no `name`",
                "write { name: \"...\", options: { ... } }",
            );
            return None;
        };
        (name, fields.get("options").cloned())
    } else {
        (at.clone(), None)
    };
    let name = name(&name_at, reader)?;
    if name == PASSTHROUGH {
        reader.problem(
            &name_at,
            "\"anthropic\" means that bytes pass untouched, so it cannot be part of a chain",
            "take it out of the list",
        );
        return None;
    }
    let options = match &options {
        Some(at) => object(at, reader)?,
        None => Bytes::from_static(b"{}"),
    };
    Some(Stage { name, options })
}

/// The name becomes a file name: nothing in it may lead out of the folder.
fn name(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text(at)?;
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.len() <= 64 && name.chars().all(valid) {
        return Some(name);
    }
    let remedy = match name.strip_suffix(".wasm") {
        Some(_) => "write the file's name alone, without folder and .wasm",
        None => "a name has letters, digits, - and _, at most 64",
    };
    reader.problem(at, format!("`{name}` is not a transformer's name"), remedy);
    None
}

fn no_one_reads(at: &Place<'_>, reader: &mut Reader<'_>) {
    if !matches!(&at.node.value, Value::Object(members) if members.is_empty()) {
        reader.problem(
            at,
            "\"anthropic\" passes bytes untouched, so nothing reads these options",
            "take them out",
        );
    }
}

fn object(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Bytes> {
    match reader.json(at)? {
        object @ Json::Object(_) => Some(Bytes::from(object.to_string())),
        _ => {
            reader.expected(at, "an object, { ... }");
            None
        }
    }
}
