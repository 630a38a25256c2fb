//! What the commands print: lines for people, or with `--json` one object for a program.

use serde_json::{Map, Value};

use crate::cli::term;

/// Collects what a command has to tell.
pub(super) struct Told {
    json: bool,
    facts: Map<String, Value>,
}

impl Told {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            facts: Map::new(),
        }
    }

    /// A sentence for people; a program gets it as `message`, the last one of them.
    pub(super) fn say(&mut self, text: &str) {
        if self.json {
            self.facts.insert("message".to_owned(), text.into());
        } else {
            term::say(text);
        }
    }

    /// What a starting process printed.
    pub(super) fn printed(&mut self, line: &str) {
        if !self.json {
            term::say(line);
            return;
        }
        let printed = self
            .facts
            .entry("output")
            .or_insert(Value::Array(Vec::new()));
        if let Some(printed) = printed.as_array_mut() {
            printed.push(line.into());
        }
    }

    /// For programs only.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// A failure, with the remedy.
    pub(super) fn fail(&mut self, text: &str) {
        if self.json {
            self.facts.insert("error".to_owned(), text.into());
        } else {
            term::fail(text);
        }
    }

    /// Prints what a program reads.
    pub(super) fn end(self) {
        if self.json {
            term::say(&Value::Object(self.facts).to_string());
        }
    }
}
