//! Tools: those of the client stay, flat, with `name` and `input_schema` at the top; a client that sends OpenAI's
//! nested form gets them flattened. Those that Anthropic itself runs go where the provider has none.

use super::Client;
use crate::Profile;
use sdk::anthropic::{ToolChange, ToolChoice};
use sdk::edits::Edits;
use sdk::host;
use sdk::json::{Members, RawValue, Str, Writer, from_str};
use serde::Deserialize;

/// The tools of a request, as far as they are looked at.
pub(super) struct Tools<'a> {
    raw: Option<&'a RawValue>,
    list: Vec<Tool<'a>>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Str<'a>>,
    #[serde(borrow, default)]
    name: Option<Str<'a>>,
}

impl Tool<'_> {
    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Its type if Anthropic itself runs it, or gives it its meaning; else empty.
    fn server_kind(&self) -> &str {
        match self.kind() {
            "custom" | "function" => "",
            kind => kind,
        }
    }
}

impl<'a> Tools<'a> {
    /// Of the request. What is no list of tools is left to the provider.
    pub(super) fn read(client: &Client<'a, '_>) -> Self {
        let raw = client.get("tools");
        let list = raw.map(|raw| from_str(raw.get()));
        Self {
            raw,
            list: list.and_then(Result::ok).unwrap_or_default(),
        }
    }

    /// The type of each that is not the client's; empty for those.
    pub(super) fn server_kinds(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(Tool::server_kind)
    }

    /// Edits the list by the profile and by what was said amid the conversation. Gives the members of the request
    /// that have lost their meaning.
    pub(super) fn edit(
        &self,
        edits: &mut Edits<'_>,
        profile: &Profile,
        client: &Client<'_, '_>,
        changes: &[ToolChange<'_>],
    ) -> &'static [&'static str] {
        let added = added(changes);
        let Some(raw) = self.raw else {
            if !added.is_empty() {
                client.add(edits, "tools", &format!("[{}]", added.join(",")));
            }
            return &[];
        };
        let removed = removed(changes);
        let goes = |tool: &Tool<'_>| {
            let foreign = !tool.server_kind().is_empty() && !profile.server_tools;
            foreign || removed.contains(&tool.name()) || defined(changes, tool.name())
        };
        let nested = self.list.iter().any(|tool| tool.kind() == "function");
        if added.is_empty() && !nested && !self.list.iter().any(goes) {
            return &[];
        }
        let items = from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_default();
        let items: Vec<(&str, bool)> = items
            .iter()
            .zip(&self.list)
            .map(|(item, tool)| {
                let goes = goes(tool);
                if goes {
                    host::note("drop", "tools", &why_gone(tool));
                } else if let Some(flat) = flat(item) {
                    host::note("change", "tools", "a nested tool was flattened");
                    edits.replace(item.get(), flat);
                }
                (item.get(), goes)
            })
            .collect();
        let left = items.iter().filter(|(_, goes)| !goes).count();
        if left == 0 && added.is_empty() {
            return &["tools", "tool_choice"];
        }
        edits.remove_items(&items);
        if !added.is_empty() {
            let comma = if left > 0 { "," } else { "" };
            edits.insert_before_end(raw.get(), &format!("{comma}{}", added.join(",")));
        }
        let known = |name: &str| {
            let mut kept = self.list.iter().filter(|tool| !goes(tool));
            kept.any(|tool| tool.name() == name) || defined(changes, name)
        };
        choice(edits, client, known);
        &[]
    }
}

fn why_gone(tool: &Tool<'_>) -> String {
    match tool.server_kind() {
        "" => "it was removed or defined anew amid the conversation".to_owned(),
        kind => format!("{kind} is a tool of Anthropic's"),
    }
}

/// The definitions that stand at the end of the conversation, as they came.
fn added<'c>(changes: &'c [ToolChange<'_>]) -> Vec<&'c str> {
    let all = changes.iter().enumerate();
    let last = all.filter_map(|(at, change)| match change {
        ToolChange::Defined { raw, .. } => {
            let mut later = changes[at + 1..].iter();
            let stands = !later.any(|later| {
                later.name() == change.name() && !matches!(later, ToolChange::Added(_))
            });
            stands.then(|| raw.get())
        }
        _ => None,
    });
    last.collect()
}

/// Names of tools that cannot be called at the end of the conversation.
fn removed<'c>(changes: &'c [ToolChange<'_>]) -> Vec<&'c str> {
    let mut removed: Vec<&str> = Vec::new();
    for change in changes {
        removed.retain(|name| *name != change.name());
        if let ToolChange::Removed(name) = change {
            removed.push(name);
        }
    }
    removed
}

fn defined(changes: &[ToolChange<'_>], name: &str) -> bool {
    let mut all = changes.iter();
    all.any(|change| matches!(change, ToolChange::Defined { .. }) && change.name() == name)
}

/// A choice of a tool that is gone leaves the choice to the model.
fn choice(edits: &mut Edits<'_>, client: &Client<'_, '_>, known: impl Fn(&str) -> bool) {
    let Some(raw) = client.get("tool_choice") else {
        return;
    };
    let Ok(choice) = from_str::<ToolChoice<'_>>(raw.get()) else {
        return;
    };
    if choice.kind == "tool" && !known(&choice.name) {
        host::note("change", "tool_choice", "the tool that it names is gone");
        edits.replace(raw.get(), r#"{"type":"auto"}"#);
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
