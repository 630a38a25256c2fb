//! `statusline`: the parts of the line that `transom statusline` prints.

use super::super::Module;
use super::super::reader::{Place, Reader};

pub(in super::super) const STATUSLINE: [&str; 1] = ["modules"];

pub(in super::super) const MODULE: [&str; 5] = ["background", "color", "icon", "text", "type"];

/// Kinds, and what each shows if it has no text of its own.
pub(in super::super) const KINDS: [(&str, &str); 6] = [
    ("workDir", "{{workDirName}}"),
    ("gitBranch", "{{gitBranch}}"),
    ("model", "{{model}}"),
    ("usage", "{{inputTokens}} in {{outputTokens}} out"),
    ("cost", "{{cost}}"),
    ("text", ""),
];

/// None: it is not said.
pub(super) fn statusline(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Vec<Module>> {
    let fields = reader.fields(at, &STATUSLINE)?;
    let items = reader.items(fields.get("modules")?)?;
    Some(items.iter().filter_map(|at| module(at, reader)).collect())
}

fn module(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Module> {
    let fields = reader.fields(at, &MODULE)?;
    let usual = fields.get("type").and_then(|at| reader.choice(at, &KINDS));
    let own = fields.get("text").and_then(|at| reader.string(at));
    let mut string = |name: &str| fields.get(name).and_then(|at| reader.string(at));
    let set = |text: Option<String>| text.filter(|text| !text.is_empty());
    Some(Module {
        icon: string("icon").unwrap_or_default(),
        text: own.or_else(|| usual.map(str::to_owned)).unwrap_or_default(),
        color: set(string("color")),
        background: set(string("background")),
    })
}
