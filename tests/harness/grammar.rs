//! The grammar that every streamed answer must follow: the rules that Claude Code and the SDKs
//! need, each with a number, checked on the events and on the way the body ended.
//!
//! A checker of the answer's form. What the answer says is read with [`Report::message`]. Rule 9
//! (which upstream endings may become a `refusal`) is about meaning: the fixtures hold it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{End, Reply};
use super::sse::{self, Event};
use block::OpenBlock;

mod block;

/// How an answer ended, as far as its reader can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// `message_stop`, then a proper end of the body.
    Complete,
    /// An `error` event, then a proper end of the body.
    Error,
    /// The body was cut.
    Cut,
    /// None of these: always a violation.
    Unclear,
}

/// What the checker found.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) told: Told,
    /// Each beginning with its rule's number.
    pub(crate) violations: Vec<String>,
    /// The message that a reader puts together: content, `stop_reason`, usage, id, model.
    pub(crate) message: Value,
    /// The `error` event's data, if there was one.
    pub(crate) error: Value,
}

impl Report {
    /// Panics with every violation.
    pub(crate) fn assert_clean(&self) -> &Self {
        assert!(
            self.violations.is_empty(),
            "the stream breaks its grammar:\n{}\n{:#}",
            self.violations.join("\n"),
            self.message
        );
        self
    }

    /// The text blocks, joined.
    pub(crate) fn text(&self) -> String {
        self.joined("text", "text")
    }

    /// The thinking blocks, joined.
    pub(crate) fn thinking(&self) -> String {
        self.joined("thinking", "thinking")
    }

    /// The tool calls: name and input.
    pub(crate) fn tools(&self) -> Vec<(String, Value)> {
        let calls = self.blocks("tool_use");
        calls
            .map(|block| {
                let name = block["name"].as_str().unwrap_or_default().to_owned();
                (name, block["input"].clone())
            })
            .collect()
    }

    pub(crate) fn stop_reason(&self) -> &str {
        self.message["stop_reason"].as_str().unwrap_or_default()
    }

    fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        let content = self.message["content"].as_array();
        content
            .into_iter()
            .flatten()
            .filter(move |block| block["type"] == kind)
    }

    fn joined(&self, kind: &str, field: &str) -> String {
        let texts = self.blocks(kind).filter_map(|block| block[field].as_str());
        texts.collect()
    }
}

/// Checks a streamed answer.
pub(crate) fn check(reply: &Reply) -> Report {
    let mut checker = Checker::default();
    for event in reply.events() {
        checker.event(&event);
    }
    checker.end(&reply.end, sse::has_partial_event(&reply.body))
}

/// Checks several answers: their message ids must differ.
pub(crate) fn check_all(replies: &[Reply]) -> Vec<Report> {
    let mut reports: Vec<Report> = replies.iter().map(check).collect();
    let mut seen = BTreeSet::new();
    for report in &mut reports {
        let id = report.message["id"].to_string();
        if !seen.insert(id.clone()) {
            let violation = format!("1: message id {id} is used by two answers");
            report.violations.push(violation);
        }
    }
    reports
}

const STOP_REASONS: [&str; 7] = [
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
];

const ERROR_TYPES: [&str; 13] = [
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "conflict_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "timeout_error",
    "overloaded_error",
    "not_supported",
    "policy_blocked",
];

#[derive(Debug, Default)]
struct Checker {
    violations: Vec<String>,
    message: Value,
    blocks: Vec<Value>,
    open: Option<OpenBlock>,
    tool_ids: BTreeSet<String>,
    deltas: usize,
    stopped: bool,
    error: Value,
}

impl Checker {
    fn broken(&mut self, rule: u8, what: impl std::fmt::Display) {
        self.violations.push(format!("{rule}: {what}"));
    }

    fn event(&mut self, event: &Event) {
        let data = event.json();
        let kind = data["type"].as_str().unwrap_or_default().to_owned();
        if event.name != kind || kind.is_empty() {
            self.broken(
                7,
                format!("event name {:?} with data {}", event.name, event.data),
            );
        }
        if !self.error.is_null() {
            self.broken(10, format!("{kind} after an error event"));
        }
        if self.stopped {
            self.broken(6, format!("{kind} after message_stop"));
        }
        match kind.as_str() {
            "ping" => {
                if data != json!({ "type": "ping" }) {
                    self.broken(8, format!("a ping with more in it: {data}"));
                }
            }
            "error" => self.error(&data),
            "message_start" => self.start(&data),
            _ if self.message.is_null() => self.broken(1, format!("{kind} before message_start")),
            "content_block_start" => self.block_start(&data),
            "content_block_delta" => self.block_delta(&data),
            "content_block_stop" => self.block_stop(&data),
            "message_delta" => self.delta(&data),
            "message_stop" => self.stop(),
            _ => self.broken(7, format!("an unknown event: {kind}")),
        }
    }

    fn start(&mut self, data: &Value) {
        if !self.message.is_null() {
            self.broken(1, "a second message_start");
            return;
        }
        let message = &data["message"];
        let usage = &message["usage"];
        let proper = [
            (
                "id",
                message["id"].as_str().is_some_and(|id| !id.is_empty()),
            ),
            ("type", message["type"] == "message"),
            ("role", message["role"] == "assistant"),
            (
                "model",
                message["model"].as_str().is_some_and(|m| !m.is_empty()),
            ),
            ("content", message["content"] == json!([])),
            (
                "stop_reason",
                message.get("stop_reason") == Some(&Value::Null),
            ),
            (
                "stop_sequence",
                message.get("stop_sequence") == Some(&Value::Null),
            ),
            ("usage.input_tokens", usage["input_tokens"].is_u64()),
            ("usage.output_tokens", usage["output_tokens"].is_u64()),
        ];
        for (field, _) in proper.iter().filter(|(_, proper)| !proper) {
            self.broken(1, format!("message_start: {field} in {message}"));
        }
        self.message = message.clone();
    }

    fn block_start(&mut self, data: &Value) {
        if self.open.is_some() {
            self.broken(2, "content_block_start while a block is open");
        }
        if self.deltas > 0 {
            self.broken(5, "content_block_start after message_delta");
        }
        if data["index"].as_u64() != Some(self.blocks.len() as u64) {
            self.broken(
                2,
                format!("index {} for block {}", data["index"], self.blocks.len()),
            );
        }
        let block = &data["content_block"];
        if block["type"] == "tool_use" {
            self.tool_start(block);
        }
        let before = self.blocks.last().map(|last| last["type"].clone());
        if block["type"] == "thinking" && before.is_some_and(|kind| kind != "thinking") {
            self.broken(4, "thinking after another block");
        }
        self.open = Some(OpenBlock::new(data["index"].clone(), block.clone()));
    }

    fn tool_start(&mut self, block: &Value) {
        let id = block["id"].as_str().unwrap_or_default();
        if id.is_empty() || !self.tool_ids.insert(id.to_owned()) {
            self.broken(3, format!("tool id {id:?} is empty or used twice"));
        }
        if block["name"].as_str().is_none_or(str::is_empty) {
            self.broken(3, format!("a tool call without a name: {block}"));
        }
        if block["input"] != json!({}) {
            self.broken(3, format!("input at the start is not {{}}: {block}"));
        }
    }

    fn block_delta(&mut self, data: &Value) {
        let Some(open) = &mut self.open else {
            self.broken(2, format!("a delta without an open block: {data}"));
            return;
        };
        if open.index != data["index"] {
            let problem = format!(
                "a delta for index {}, open is {}",
                data["index"], open.index
            );
            self.broken(2, problem);
            return;
        }
        if let Err(problem) = open.delta(&data["delta"]) {
            self.violations.push(problem);
        }
    }

    fn block_stop(&mut self, data: &Value) {
        let Some(open) = self.open.take() else {
            self.broken(2, "content_block_stop without an open block");
            return;
        };
        if open.index != data["index"] {
            self.broken(
                2,
                format!("stop of {}, open is {}", data["index"], open.index),
            );
        }
        let (block, problems) = open.close();
        self.violations.extend(problems);
        self.blocks.push(block);
    }

    fn delta(&mut self, data: &Value) {
        self.deltas += 1;
        if self.deltas > 1 {
            self.broken(5, "a second message_delta");
        }
        if self.open.is_some() {
            self.broken(2, "message_delta while a block is open");
        }
        let reason = data["delta"]["stop_reason"].as_str().unwrap_or_default();
        if !STOP_REASONS.contains(&reason) {
            self.broken(5, format!("stop_reason {}", data["delta"]["stop_reason"]));
        }
        let called = self.blocks.iter().any(|block| block["type"] == "tool_use");
        if called && reason != "tool_use" && reason != "max_tokens" {
            self.broken(5, format!("a tool was called, stop_reason is {reason}"));
        }
        if !called && reason == "tool_use" {
            self.broken(5, "stop_reason tool_use without a tool call");
        }
        if !data["usage"]["output_tokens"].is_u64() {
            self.broken(5, format!("usage.output_tokens in {data}"));
        }
        self.message["stop_reason"] = data["delta"]["stop_reason"].clone();
        self.message["stop_sequence"] = data["delta"]["stop_sequence"].clone();
        for (name, value) in data["usage"].as_object().into_iter().flatten() {
            self.message["usage"][name] = value.clone();
        }
    }

    fn stop(&mut self) {
        if self.deltas == 0 {
            self.broken(5, "message_stop without message_delta");
        }
        self.stopped = true;
    }

    fn error(&mut self, data: &Value) {
        let kind = data["error"]["type"].as_str().unwrap_or_default();
        if !ERROR_TYPES.contains(&kind) {
            self.broken(10, format!("error type {kind:?}"));
        }
        if data["error"]["message"].as_str().is_none_or(str::is_empty) {
            self.broken(10, format!("an error without a message: {data}"));
        }
        self.error = data.clone();
    }

    fn end(mut self, end: &End, partial: bool) -> Report {
        let complete = *end == End::Complete;
        let told = match (self.stopped, self.error.is_null(), complete) {
            (true, true, true) => Told::Complete,
            (false, false, true) => Told::Error,
            (false, true, false) => Told::Cut,
            _ => Told::Unclear,
        };
        match told {
            Told::Unclear if self.stopped && !complete => {
                self.broken(6, "message_stop, but the body does not end properly");
            }
            Told::Unclear => self.broken(10, "a clean end without message_stop or error"),
            _ => {}
        }
        if partial {
            self.broken(10, "the body stops inside an event");
        }
        // What a reader has of a block that was never closed.
        if let Some(open) = self.open.take() {
            self.blocks.push(open.close().0);
        }
        if !self.message.is_null() {
            self.message["content"] = Value::Array(self.blocks);
        }
        Report {
            told,
            violations: self.violations,
            message: self.message,
            error: self.error,
        }
    }
}

#[cfg(test)]
mod tests;
