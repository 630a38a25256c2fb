//! What a model is urged to do that would not do it by itself: to call a tool on every turn (`force_tools`), to write
//! down what it thinks (`ask_for_thinking`). Both say so at the end of the system text, in words that never change, so
//! that the provider's prompt cache holds.

use super::turn::Turn;
use crate::Profile;
use crate::stream::mend;
use sdk::anthropic::Request;
use sdk::host;
use sdk::json::{Escaped, Members, Writer, from_str, separator};

/// The tool by which a model that must call one says a text, unless a tool of the client has this name. What it says comes
/// to the client as text.
const FINAL_ANSWER: &str = "FinalAnswer";

const CALL_A_TOOL: &str = "Every turn of yours must be a call of a tool. Choose the one that brings the task forward. \
    When nothing is left to do, when no tool fits, or when you want to say or ask something, call `FinalAnswer` with \
    the text that the user is to read: that is the only way to end your turn.";

const THINK: &str = "Before every answer and every call of a tool, think the matter through step by step, also when it \
    seems simple. Write these thoughts between <think> and </think>, and what you answer behind them.";

/// Whether the model is made to call a tool: if it may choose among some.
pub(super) fn forces_tools(request: &Request<'_>, profile: &Profile) -> bool {
    let free = request
        .tool_choice
        .as_ref()
        .is_none_or(|choice| choice.kind == "auto");
    let tools = request.tools.as_deref().unwrap_or_default();
    let own = tools.iter().any(|tool| tool.server_kind().is_empty());
    profile.force_tools && free && own
}

/// The name of the tool by which a text is said, one that no tool of the client has. None: the options do not want one.
pub(super) fn answering_tool(request: &Request<'_>, profile: &Profile) -> Option<String> {
    let tools = request.tools.as_deref().unwrap_or_default();
    let taken = |name: &String| tools.iter().any(|tool| tool.name == **name);
    let numbered = (2..).map(|count| format!("{FINAL_ANSWER}{count}"));
    let mut names = std::iter::once(FINAL_ANSWER.to_owned()).chain(numbered);
    names
        .find(|name| !taken(name))
        .filter(|_| profile.force_tools)
}

/// Adds the words to the system text.
pub(super) fn urge(turns: &mut Vec<Turn<'_>>, request: &Request<'_>, profile: &Profile) {
    let mut words = Escaped::default();
    if forces_tools(request, profile)
        && let Some(name) = answering_tool(request, profile)
    {
        let call = CALL_A_TOOL.replace(FINAL_ANSWER, &name);
        words.join(separator::BLANK_LINE, Escaped::plain(&call));
    }
    let thinking = request.thinking.as_ref();
    if profile.ask_for_thinking && thinking.is_none_or(|thinking| thinking.kind != "disabled") {
        words.join(separator::BLANK_LINE, Escaped::plain(THINK));
    }
    if words.is_empty() {
        return;
    }
    host::note("add", "system", "the model is urged, as the options say");
    match turns.first_mut() {
        Some(Turn::System { text, marks }) => {
            let end = text.get().len();
            text.join(separator::BLANK_LINE, words);
            // A mark at the end stays there: the words never change.
            for (at, _) in marks.iter_mut().filter(|(at, _)| *at == end) {
                *at = text.get().len();
            }
        }
        _ => turns.insert(
            0,
            Turn::System {
                text: words,
                marks: Vec::new(),
            },
        ),
    }
}

/// Writes the tool by which a text is said.
pub(super) fn write_tool(out: &mut String, name: &str) {
    let mut object = Writer::object(out);
    let function = object.raw("type", r#""function""#).member("function");
    let mut function = Writer::object(function);
    function
        .plain("name", name)
        .plain("description", "Ends your turn with a text for the user.")
        .raw(
            "parameters",
            r#"{"type":"object","properties":{"text":{"type":"string","description":"What the user reads."}},"required":["text"]}"#,
        );
    function.end();
    object.end();
}

/// The text that a call of the tool says. Arguments that are no object are the text themselves. None: they broke off.
/// `cut`: the answer reached its limit, so half a text is what there is.
pub(crate) fn final_answer(arguments: &str, cut: bool) -> Option<String> {
    let of = |arguments: &str| {
        let members: Members<'_> = from_str(arguments).ok()?;
        let text = members.get("text").and_then(Escaped::of);
        Some(text.map_or_else(|| arguments.to_owned(), |text| text.unescape().into_owned()))
    };
    if !arguments.trim_start().starts_with('{') {
        let said = mend(arguments).and_then(|mended| of(&mended));
        return Some(said.unwrap_or_else(|| arguments.to_owned()));
    }
    of(arguments)
        .or_else(|| of(&mend(arguments)?))
        .or_else(|| cut.then(|| of(&format!("{arguments}\"}}")).unwrap_or_default()))
}
