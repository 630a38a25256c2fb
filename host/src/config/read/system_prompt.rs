//! `system_prompt`: a file with words that take the place of the client's own. Does not open it.

use std::path::PathBuf;

use super::super::SystemPrompt;
use super::super::reader::{Place, Reader};

pub(in super::super) const SYSTEM_PROMPT: [&str; 2] = ["before", "file"];

/// What claude-code-router looks for.
const BEFORE: &str = "<env>";

pub(super) fn system_prompt(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<SystemPrompt> {
    let fields = reader.fields(at, &SYSTEM_PROMPT)?;
    let before = match fields.get("before") {
        Some(at) => reader.text(at)?,
        None => BEFORE.to_owned(),
    };
    let Some(file) = fields.get("file") else {
        if fields.lacks("file") {
            let remedy = "name the file whose text is to stand there";
            reader.problem(at, "there is no `file`", remedy);
        }
        return None;
    };
    Some(SystemPrompt {
        file: PathBuf::from(reader.text(file)?),
        before,
        text: String::new(),
    })
}
