//! Tools and which of them must be used: flat, where chat completions nest them.

use chat::{Names, Profile};
use sdk::anthropic::{Request, Tool};
use sdk::json::{Escaped, RawValue, Writer};

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`, if there are tools.
pub(super) fn write(
    body: &mut Writer<'_>,
    names: &mut Names,
    request: &Request<'_>,
    tools: &[&Tool<'_>],
    profile: &Profile,
) {
    if tools.is_empty() {
        return;
    }
    let mut list = Writer::list(body.member("tools"));
    for tool in tools {
        let mut object = Writer::object(list.item());
        object
            .raw("type", r#""function""#)
            .plain("name", &names.outgoing(&tool.name));
        if let Some(description) = tool.description.and_then(Escaped::of) {
            object.text("description", &description);
        }
        let empty = r#"{"type":"object","properties":{}}"#;
        let schema = tool.input_schema.map_or(empty, RawValue::get);
        // Left out, the API takes it for true.
        object
            .raw("parameters", schema)
            .flag("strict", chat::goes_strict(tool, profile));
        object.end();
    }
    list.end();
    let Some(choice) = &request.tool_choice else {
        return;
    };
    let named = choice.kind == "tool" && tools.iter().any(|tool| tool.name == choice.name);
    match choice.kind.as_ref() {
        "tool" if named => {
            let mut object = Writer::object(body.member("tool_choice"));
            object
                .raw("type", r#""function""#)
                .plain("name", &names.outgoing(&choice.name));
            object.end();
        }
        "any" => {
            body.raw("tool_choice", r#""required""#);
        }
        "none" => {
            body.raw("tool_choice", r#""none""#);
        }
        _ => {
            body.raw("tool_choice", r#""auto""#);
        }
    }
    if choice.disable_parallel_tool_use == Some(true) {
        body.flag("parallel_tool_calls", false);
    }
}
