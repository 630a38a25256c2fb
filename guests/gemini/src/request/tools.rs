//! Tools and which of them must be used.

use super::schema::{self, Told};
use crate::Schema;
use chat::Names;
use sdk::anthropic::{Request, Tool};
use sdk::host;
use sdk::json::{Escaped, Writer};

/// Writes `tools` and `toolConfig`, if there are tools.
pub(super) fn write(
    body: &mut Writer<'_>,
    names: &mut Names,
    request: &Request<'_>,
    tools: &[&Tool<'_>],
    dialect: Schema,
) {
    if tools.is_empty() {
        return;
    }
    let mut told = Told::new("tools[*].input_schema");
    let mut list = Writer::list(body.member("tools"));
    let mut tool = Writer::object(list.item());
    let mut functions = Writer::list(tool.member("functionDeclarations"));
    for tool in tools {
        let mut function = Writer::object(functions.item());
        function.plain("name", &names.outgoing(&tool.name));
        if let Some(description) = tool.description.and_then(Escaped::of) {
            function.text("description", &description);
        }
        match (tool.input_schema, dialect) {
            (Some(schema), Schema::Json) => {
                let parameters = function.member("parametersJsonSchema");
                schema::write(parameters, schema, dialect, &mut told);
            }
            // A function without parameters must not have an empty object of them.
            (Some(schema), Schema::OpenApi) if schema::has_properties(schema) => {
                schema::write(function.member("parameters"), schema, dialect, &mut told);
            }
            _ => {}
        }
        function.end();
    }
    functions.end();
    tool.end();
    list.end();
    choice(body, names, request, tools);
}

fn choice(body: &mut Writer<'_>, names: &mut Names, request: &Request<'_>, tools: &[&Tool<'_>]) {
    let Some(choice) = &request.tool_choice else {
        return;
    };
    if choice.disable_parallel_tool_use == Some(true) {
        let path = "tool_choice.disable_parallel_tool_use";
        host::note("drop", path, "the provider has no such parameter");
    }
    let named = choice.kind == "tool" && tools.iter().any(|tool| tool.name == choice.name);
    let mode = match choice.kind.as_ref() {
        "any" => "ANY",
        "tool" if named => "ANY",
        "none" => "NONE",
        _ => "AUTO",
    };
    let mut config = Writer::object(body.member("toolConfig"));
    let mut calling = Writer::object(config.member("functionCallingConfig"));
    calling.plain("mode", mode);
    if named {
        let mut allowed = Writer::list(calling.member("allowedFunctionNames"));
        let name = names.outgoing(&choice.name).into_owned();
        sdk::json::quote_into(allowed.item(), &Escaped::plain(&name));
        allowed.end();
    }
    calling.end();
    config.end();
}
