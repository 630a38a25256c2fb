//! One content block while it is open: which deltas it takes, and what they add up to.

use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct OpenBlock {
    pub(super) index: Value,
    block: Value,
    /// `partial_json` so far.
    arguments: String,
    argument_deltas: usize,
}

impl OpenBlock {
    pub(super) fn new(index: Value, block: Value) -> Self {
        Self {
            index,
            block,
            arguments: String::new(),
            argument_deltas: 0,
        }
    }

    /// Adds a delta; the error is a violation.
    pub(super) fn delta(&mut self, delta: &Value) -> Result<(), String> {
        let kind = delta["type"].as_str().unwrap_or_default();
        let (of, field) = match kind {
            "text_delta" => ("text", "text"),
            "thinking_delta" => ("thinking", "thinking"),
            "signature_delta" => ("thinking", "signature"),
            "input_json_delta" => ("tool_use", "partial_json"),
            "citations_delta" => return Ok(()),
            _ => return Err(format!("2: an unknown delta: {delta}")),
        };
        if self.block["type"] != of {
            return Err(format!(
                "2: {kind} in a block of type {}",
                self.block["type"]
            ));
        }
        let Some(text) = delta[field].as_str() else {
            return Err(format!("2: {kind} without {field}: {delta}"));
        };
        if kind == "input_json_delta" {
            self.argument_deltas += 1;
            self.arguments.push_str(text);
            return Ok(());
        }
        if text.is_empty() && kind != "signature_delta" {
            return Err(format!("4: an empty {kind}"));
        }
        let before = self.block[field].as_str().unwrap_or_default();
        self.block[field] = Value::String(format!("{before}{text}"));
        Ok(())
    }

    /// The block that a reader has, and the violations that show only at its end.
    pub(super) fn close(mut self) -> (Value, Vec<String>) {
        let mut problems = Vec::new();
        match self.block["type"].as_str().unwrap_or_default() {
            "tool_use" => {
                if self.argument_deltas == 0 {
                    problems.push("3: a tool call without input_json_delta".to_owned());
                }
                self.block["input"] = self.input().unwrap_or_else(|problem| {
                    problems.push(problem);
                    Value::Null
                });
            }
            "text" if self.block["text"] == "" => {
                problems.push("4: an empty text block".to_owned());
            }
            _ => {}
        }
        (self.block, problems)
    }

    fn input(&self) -> Result<Value, String> {
        if self.arguments.is_empty() {
            return Ok(json!({}));
        }
        match serde_json::from_str::<Value>(&self.arguments) {
            Ok(input) if input.is_object() => Ok(input),
            Ok(_) => Err(format!("3: the input is no object: {}", self.arguments)),
            Err(error) => Err(format!(
                "3: the input is no JSON ({error}): {}",
                self.arguments
            )),
        }
    }
}
