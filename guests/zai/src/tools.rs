//! Tools: the endpoint wants them flat, with `name` and `input_schema` at the top. A client that sends
//! OpenAI's nested form gets them flattened.

use sdk::edits::Edits;
use sdk::host;
use sdk::json::{Members, RawValue, Writer, from_str};

/// Flattens nested tools; flat ones keep their bytes.
pub(crate) fn flatten(edits: &mut Edits<'_>, tools: &RawValue) {
    if !tools.get().contains("\"function\"") {
        return;
    }
    let tools = from_str::<Vec<&RawValue>>(tools.get()).unwrap_or_default();
    for tool in tools {
        if let Some(flat) = flat(tool) {
            host::note("change", "tools", "a nested tool was flattened");
            edits.replace(tool.get(), flat);
        }
    }
}

fn flat(tool: &RawValue) -> Option<String> {
    let tool: Members<'_> = from_str(tool.get()).ok()?;
    if tool.get("type")?.get() != r#""function""# || tool.get("name").is_some() {
        return None;
    }
    let function: Members<'_> = from_str(tool.get("function")?.get()).ok()?;
    let mut out = String::new();
    let mut flat = Writer::object(&mut out);
    flat.raw("name", function.get("name")?.get());
    if let Some(description) = function.get("description") {
        flat.raw("description", description.get());
    }
    let schema = function.get("parameters").map(RawValue::get);
    flat.raw("input_schema", schema.unwrap_or(r#"{"type":"object"}"#));
    flat.end();
    Some(out)
}
