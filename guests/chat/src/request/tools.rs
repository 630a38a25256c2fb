//! Tools, tool choice and parallel calls.

use super::lost::{Lost, NO_PLACE, Place};
use super::{Names, effort, schema, urged};
use crate::Profile;
use sdk::anthropic::{Request, Tool, ToolChoice};
use sdk::host;
use sdk::json::{Escaped, RawValue, Writer, quote_into};

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`. Returns whether there are tools.
pub(super) fn write(
    body: &mut Writer<'_>,
    names: &mut Names,
    request: &Request<'_>,
    profile: &Profile,
) -> bool {
    let untold = wants_none(request) && !profile.tool_choice_set.iter().any(|form| form == "none");
    let tools = if untold {
        let why = "none may be called, which the server cannot be told";
        host::note("drop", "tools", why);
        Vec::new()
    } else {
        write_tools(body, names, request, profile)
    };
    if !tools.is_empty() {
        write_choice(body, names, request, profile, &tools);
    } else if request.tool_choice.is_some() {
        host::note("drop", "tool_choice", "no tools go out");
    }
    !tools.is_empty()
}

/// The client wants no tool to be called.
fn wants_none(request: &Request<'_>) -> bool {
    let choice = request.tool_choice.as_ref();
    choice.is_some_and(|choice| choice.kind == "none")
}

/// Writes `tools`, if there are any that the provider can have. Returns them.
pub fn write_tools<'r, 'a>(
    body: &mut Writer<'_>,
    names: &mut Names,
    request: &'r Request<'a>,
    profile: &Profile,
) -> Vec<&'r Tool<'a>> {
    let tools = offered_tools(request, profile);
    if tools.is_empty() || !profile.takes("tools") {
        return Vec::new();
    }
    let mut list = Writer::list(body.member("tools"));
    let lost = Lost::default();
    for tool in &tools {
        write_tool(list.item(), names, tool, profile, &lost);
    }
    if urged::forces_tools(request, profile)
        && let Some(name) = urged::answering_tool(request, profile)
    {
        urged::write_tool(list.item(), &name);
    }
    list.end();
    tools
}

/// The tools that the provider can have, for a format that writes them itself. What they lose is told.
pub fn offered_tools<'r, 'a>(request: &'r Request<'a>, profile: &Profile) -> Vec<&'r Tool<'a>> {
    let all = request.tools.as_deref().unwrap_or_default();
    let mut tools: Vec<&Tool<'_>> = all.iter().filter(|tool| kept(tool)).collect();
    if profile.tools_max > 0 && tools.len() > profile.tools_max {
        host::note("drop", "tools", "the provider takes fewer tools");
        tools.truncate(profile.tools_max);
    }
    let lost = Lost::default();
    for tool in &tools {
        note_lost(&lost, tool, profile);
    }
    tools
}

fn kept(tool: &Tool<'_>) -> bool {
    let kept = tool.server_kind().is_empty();
    if !kept {
        let why = format!("{} is a tool of Anthropic's", tool.server_kind());
        host::note("drop", "tools", &why);
    }
    kept
}

fn note_lost(lost: &Lost, tool: &Tool<'_>, profile: &Profile) {
    for (name, _) in tool.rest.iter() {
        if name != "strict" || !goes_strict(tool, profile) {
            lost.member(Place::Tool, name, "drop", NO_PLACE);
        }
    }
    if tool.defer_loading.is_some() {
        let why = "the model is given every tool from the beginning";
        lost.member(Place::Tool, "defer_loading", "drop", why);
    }
}

fn write_tool(
    out: &mut String,
    names: &mut Names,
    tool: &Tool<'_>,
    profile: &Profile,
    lost: &Lost,
) {
    let mut object = Writer::object(out);
    let mut function = Writer::object(object.raw("type", r#""function""#).member("function"));
    function.plain("name", &names.outgoing(&tool.name));
    if let Some(description) = tool.description.and_then(Escaped::of) {
        function.text("description", &description);
    }
    let parameters = function.member("parameters");
    match tool.input_schema {
        Some(schema) => schema::write(parameters, schema, profile, lost),
        None => parameters.push_str(r#"{"type":"object","properties":{}}"#),
    }
    if goes_strict(tool, profile) {
        function.flag("strict", true);
    }
    function.end();
    object.end();
}

/// Whether the client wants the schema obeyed strictly, and the provider can with this one.
pub fn goes_strict(tool: &Tool<'_>, profile: &Profile) -> bool {
    let strict = tool.rest.get("strict").map(RawValue::get);
    strict == Some("true") && profile.strict_ok && tool.input_schema.is_some_and(schema::is_strict)
}

fn write_choice(
    body: &mut Writer<'_>,
    names: &mut Names,
    request: &Request<'_>,
    profile: &Profile,
    tools: &[&Tool<'_>],
) {
    let forced = urged::forces_tools(request, profile);
    let auto = ToolChoice {
        kind: "auto".into(),
        ..ToolChoice::default()
    };
    let choice = match &request.tool_choice {
        Some(choice) => choice,
        None if forced => &auto,
        None => return,
    };
    let takes_none = profile.tool_choice_set.is_empty();
    let mut word = word(choice, profile, tools, forced);
    let forces = matches!(word, None | Some("required")) && !takes_none;
    if forces && !profile.forced_while_thinking && !effort::is_off(request, profile) {
        let why = "the server forces no tool while it thinks";
        host::note("change", "tool_choice", why);
        word = Some("auto");
    }
    match word {
        _ if takes_none => host::note("drop", "tool_choice", "the server knows none"),
        _ if !profile.takes("tool_choice") => {}
        None => {
            let mut object = Writer::object(body.member("tool_choice"));
            let function = object.raw("type", r#""function""#).member("function");
            let mut function = Writer::object(function);
            function.plain("name", &names.outgoing(&choice.name));
            function.end();
            object.end();
        }
        Some(word) => quote_into(body.member("tool_choice"), &Escaped::verbatim(word)),
    }
    if choice.disable_parallel_tool_use == Some(true) {
        if !profile.parallel_param {
            let path = "tool_choice.disable_parallel_tool_use";
            host::note("drop", path, "the provider has no such parameter");
        } else if profile.takes("parallel_tool_calls") {
            body.flag("parallel_tool_calls", false);
        }
    }
}

/// The word for a choice that the server takes. None: the tool is named.
fn word(
    choice: &ToolChoice<'_>,
    profile: &Profile,
    tools: &[&Tool<'_>],
    forced: bool,
) -> Option<&'static str> {
    let takes = |form: &str| profile.tool_choice_set.iter().any(|known| known == form);
    let named = choice.kind == "tool" && tools.iter().any(|tool| tool.name == choice.name);
    match choice.kind.as_ref() {
        "tool" if named && takes("named") => None,
        "tool" if !named => Some("auto"),
        "any" | "tool" | "auto" if takes("required") && (forced || choice.kind != "auto") => {
            Some("required")
        }
        "none" if takes("none") => Some("none"),
        _ => Some("auto"),
    }
}
