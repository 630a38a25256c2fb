//! The grammar of a Messages stream, as clients rely on it: what breaks a rule here is lost or
//! asked for again by Claude Code or an SDK (observed with Claude Code 2.1.330 and the SDKs).

use serde_json::Value;

mod whole;

pub(super) use whole::whole_violations;

use super::case::Ends;
use super::compare::Event;

const STOP_REASONS: [&str; 7] = [
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
];

/// Every violation, in words.
pub(super) fn violations(events: &[Event], ends: Ends) -> Vec<String> {
    let mut check = Check::default();
    for (name, data) in events {
        check.event(name, data);
    }
    check.end(ends);
    check.violations
}

#[derive(Default)]
struct Check {
    violations: Vec<String>,
    started: bool,
    open: Option<Block>,
    blocks: u64,
    /// Of a tool call whose input is no object: only the output limit excuses it.
    cut_input: Option<String>,
    delta_seen: bool,
    stopped: bool,
    failed: bool,
}

struct Block {
    kind: String,
    input: String,
    deltas: usize,
}

impl Check {
    fn wrong(&mut self, why: impl Into<String>) {
        self.violations.push(why.into());
    }

    fn event(&mut self, name: &str, data: &Value) {
        let kind = data.get("type").and_then(Value::as_str).unwrap_or_default();
        if name != kind {
            self.wrong(format!("event name `{name}` but data.type `{kind}`"));
        }
        if self.stopped || self.failed {
            self.wrong(format!("`{kind}` after the end"));
        }
        if !self.started && !matches!(kind, "message_start" | "ping" | "error") {
            self.wrong(format!("`{kind}` before message_start"));
        }
        match kind {
            "message_start" => self.start(data),
            "content_block_start" => self.open(data),
            "content_block_delta" => self.delta(data),
            "content_block_stop" => self.close(data),
            "message_delta" => self.message_delta(data),
            "message_stop" => self.stopped = true,
            "error" => self.failed = true,
            "ping" => {}
            other => self.wrong(format!("unknown event `{other}`")),
        }
    }

    fn start(&mut self, data: &Value) {
        if std::mem::replace(&mut self.started, true) {
            self.wrong("a second message_start");
        }
        let text = |pointer: &str| {
            data.pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let complete = !text("/message/id").is_empty()
            && text("/message/role") == "assistant"
            && !text("/message/model").is_empty();
        if !complete || data.pointer("/message/content") != Some(&Value::Array(Vec::new())) {
            self.wrong("message_start without id, role, model or an empty content");
        }
        if !["input_tokens", "output_tokens"].iter().all(|name| {
            data.pointer(&format!("/message/usage/{name}"))
                .is_some_and(Value::is_u64)
        }) {
            self.wrong("message_start without integer usage");
        }
    }

    fn index(&mut self, data: &Value, expected: u64) {
        let index = data.get("index").and_then(Value::as_u64);
        if index != Some(expected) {
            self.wrong(format!("index {index:?} where {expected} is due"));
        }
    }

    fn open(&mut self, data: &Value) {
        if self.open.is_some() {
            self.wrong("a block starts while another is open");
        }
        if self.delta_seen {
            self.wrong("a block starts after message_delta");
        }
        self.index(data, self.blocks);
        let text = |name: &str| {
            data.pointer(&format!("/content_block/{name}"))
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let kind = text("type").to_owned();
        if kind == "tool_use" && (text("id").is_empty() || text("name").is_empty()) {
            self.wrong("a tool block without id or name");
        }
        if kind == "tool_use"
            && data.pointer("/content_block/input") != Some(&serde_json::json!({}))
        {
            self.wrong("a tool block that does not start with an empty input");
        }
        self.open = Some(Block {
            kind,
            input: String::new(),
            deltas: 0,
        });
    }

    fn delta(&mut self, data: &Value) {
        let Some(block) = &mut self.open else {
            return self.wrong("a delta outside of a block");
        };
        block.deltas += 1;
        let delta = data
            .pointer("/delta/type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let fits = match block.kind.as_str() {
            "text" => matches!(delta, "text_delta" | "citations_delta"),
            "thinking" => matches!(delta, "thinking_delta" | "signature_delta"),
            "tool_use" | "server_tool_use" => delta == "input_json_delta",
            _ => true,
        };
        let kind = block.kind.clone();
        block.input.push_str(
            data.pointer("/delta/partial_json")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        );
        if !fits {
            self.wrong(format!("a {delta} in a {kind} block"));
        }
        self.index(data, self.blocks);
    }

    fn close(&mut self, data: &Value) {
        self.index(data, self.blocks);
        self.blocks += 1;
        let Some(block) = self.open.take() else {
            return self.wrong("a stop without a block");
        };
        if block.kind == "tool_use" {
            let object = block.input.is_empty()
                || serde_json::from_str::<Value>(&block.input).is_ok_and(|input| input.is_object());
            if block.deltas == 0 {
                self.wrong("a tool block without any delta");
            } else if !object {
                self.cut_input = Some(block.input);
            }
        }
    }

    fn message_delta(&mut self, data: &Value) {
        if self.open.is_some() {
            self.wrong("message_delta while a block is open");
        }
        if std::mem::replace(&mut self.delta_seen, true) {
            self.wrong("a second message_delta");
        }
        let reason = data.pointer("/delta/stop_reason").and_then(Value::as_str);
        if let Some(input) = self.cut_input.take()
            && reason != Some("max_tokens")
        {
            self.wrong(format!("tool input that is no object: {input}"));
        }
        if !reason.is_some_and(|reason| STOP_REASONS.contains(&reason)) {
            self.wrong(format!("stop_reason {reason:?}"));
        }
        if !data
            .pointer("/usage/output_tokens")
            .is_some_and(Value::is_u64)
        {
            self.wrong("message_delta without integer usage.output_tokens");
        }
    }

    fn end(&mut self, ends: Ends) {
        let told = self.delta_seen || self.stopped;
        match ends {
            Ends::Complete if !(self.started && self.delta_seen && self.stopped) => {
                self.wrong("a complete stream without start, message_delta or message_stop");
            }
            Ends::Error | Ends::Cut if told => self.wrong("a failed stream that tells an end"),
            _ => {}
        }
    }
}
