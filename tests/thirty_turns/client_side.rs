//! A client of the Messages API that keeps the conversation as Claude Code does: every block comes back as it came.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::script;
use crate::harness::client::Reply;
use crate::strict::Turn;

#[derive(Debug)]
pub(super) struct Client {
    model: String,
    messages: Vec<Value>,
    streaming: bool,
}

impl Client {
    pub(super) fn new(model: String) -> Self {
        Self {
            model,
            messages: Vec::new(),
            streaming: true,
        }
    }

    /// Adds what the client says before this turn.
    pub(super) fn ask(&mut self, turn: usize) {
        self.streaming = turn % 3 != 1;
        let last = self.messages.last().map(|message| &message["content"]);
        let blocks = last.and_then(Value::as_array).into_iter().flatten();
        let calls = blocks.filter(|block| block["type"] == "tool_use");
        let ids: Vec<String> = calls
            .filter_map(|call| call["id"].as_str().map(str::to_owned))
            .collect();
        let content = script::request(turn, &ids);
        self.messages
            .push(json!({ "role": "user", "content": content }));
        if turn == 0 {
            let text = json!({ "type": "text", "text": "amid-the-conversation-end" });
            self.messages
                .push(json!({ "role": "system", "content": [text] }));
        }
    }

    pub(super) fn request(&self) -> Value {
        let mut messages = self.messages.clone();
        if let Some(blocks) = messages
            .last_mut()
            .and_then(|last| last["content"].as_array_mut())
            && let Some(last) = blocks.last_mut()
        {
            last["cache_control"] = json!({ "type": "ephemeral" });
        }
        json!({
            "model": self.model,
            "max_tokens": 8000,
            "stream": self.streaming,
            "thinking": { "type": "adaptive" },
            "output_config": { "effort": "medium" },
            "metadata": { "user_id": "user_a_account_b_session_c" },
            "system": [
                { "type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330; cch=abcde;" },
                { "type": "text", "text": "system-of-the-client-end", "cache_control": { "type": "ephemeral" } },
            ],
            "tools": [tool("Read"), tool(script::LONG_NAME)],
            "messages": messages,
        })
    }

    /// Takes an answer into the conversation.
    pub(super) fn take(&mut self, reply: &Reply) {
        let content = if self.streaming {
            folded(reply)
        } else {
            reply.json()["content"].clone()
        };
        self.messages
            .push(json!({ "role": "assistant", "content": content }));
    }

    /// The last answer is what the model said: thinking, text, and calls by the client's names.
    pub(super) fn assert_heard(&self, turn: usize) {
        let said: Turn = script::turn(turn, false);
        let blocks = self.messages.last().map(|last| last["content"].clone());
        let blocks = blocks
            .as_ref()
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let of = |kind: &str| -> Vec<Value> {
            let own = blocks.iter().filter(|block| block["type"] == kind);
            own.cloned().collect()
        };
        let joined = |kind: &str, member: &str| -> String {
            of(kind)
                .iter()
                .filter_map(|block| block[member].as_str())
                .collect()
        };
        assert_eq!(
            joined("text", "text"),
            said.whole_text(),
            "turn {turn}: {blocks:?}"
        );
        let calls: Vec<(Value, Value)> = of("tool_use")
            .into_iter()
            .map(|call| (call["name"].clone(), call["input"].clone()))
            .collect();
        let wanted: Vec<(Value, Value)> = said
            .calls
            .iter()
            .map(|call| {
                let input = serde_json::from_str(&call.arguments).expect("JSON");
                (call.name.as_str().into(), input)
            })
            .collect();
        assert_eq!(calls, wanted, "turn {turn}");
        let thought = joined("thinking", "thinking");
        let wanted = said.reasoning.concat();
        assert!(
            thought.is_empty() || thought == wanted,
            "turn {turn}: {thought}"
        );
    }
}

fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "description": "Reads a file.",
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": { "file_path": { "type": "string" }, "limit": { "type": "number" } },
            "required": ["file_path"],
            "additionalProperties": false,
        },
    })
}

/// The blocks of a stream.
fn folded(reply: &Reply) -> Value {
    let mut blocks: BTreeMap<u64, Value> = BTreeMap::new();
    let mut inputs: BTreeMap<u64, String> = BTreeMap::new();
    for event in reply.events() {
        let data = event.json();
        let index = data["index"].as_u64().unwrap_or_default();
        match event.name.as_str() {
            "content_block_start" => {
                blocks.insert(index, data["content_block"].clone());
            }
            "content_block_delta" => {
                let block = blocks.get_mut(&index).expect("a block that was started");
                for (delta, member) in [
                    ("text_delta", "text"),
                    ("thinking_delta", "thinking"),
                    ("signature_delta", "signature"),
                ] {
                    if data["delta"]["type"] == delta {
                        let piece = data["delta"][member].as_str().unwrap_or_default();
                        let before = block[member].as_str().unwrap_or_default();
                        block[member] = format!("{before}{piece}").into();
                    }
                }
                if let Some(piece) = data["delta"]["partial_json"].as_str() {
                    inputs.entry(index).or_default().push_str(piece);
                }
            }
            "error" => panic!("{data}"),
            _ => {}
        }
    }
    for (index, input) in inputs {
        let input = if input.is_empty() { "{}" } else { &input };
        let input: Value = serde_json::from_str(input).expect("input that is JSON");
        blocks.get_mut(&index).expect("a block")["input"] = input;
    }
    blocks.into_values().collect()
}
