//! One line of a log file: whether it is wanted, and how people read it.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value};

use crate::visible::{escaped, escaped_json, word};

/// From which level on lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(in crate::cli) enum Level {
    /// Errors only.
    Error,
    /// And warnings.
    Warn,
    /// And what happens.
    Info,
    /// And why.
    Debug,
    /// Everything.
    Trace,
}

/// What is asked for.
pub(super) struct Wanted {
    level: Option<Level>,
    exchange: Option<String>,
}

impl Wanted {
    /// The exchange by its id, with or without the `req_` of the header.
    pub(super) fn new(level: Option<Level>, exchange: Option<&str>) -> Self {
        let bare = |id: &str| id.strip_prefix("req_").unwrap_or(id).to_owned();
        Self {
            level,
            exchange: exchange.map(bare),
        }
    }

    fn takes(&self, fields: &Map<String, Value>) -> bool {
        let of = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let level = match of("level") {
            "ERROR" => Level::Error,
            "WARN" => Level::Warn,
            "DEBUG" => Level::Debug,
            "TRACE" => Level::Trace,
            _ => Level::Info,
        };
        self.level.is_none_or(|most| level <= most)
            && self
                .exchange
                .as_ref()
                .is_none_or(|id| of("request_id") == id)
    }
}

/// A line, as it is in the file.
#[derive(Debug, Clone)]
pub(super) struct Line {
    text: String,
    fields: Map<String, Value>,
}

impl Line {
    /// None for a line that is not wanted, or half of one.
    pub(super) fn read(text: &str, wanted: &Wanted) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        wanted.takes(&fields).then(|| Self {
            text: text.to_owned(),
            fields,
        })
    }

    /// For the order of lines of several processes.
    pub(super) fn at(&self) -> &str {
        self.word("timestamp")
    }

    fn word(&self, name: &str) -> &str {
        self.fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// As it is in the file, but for what a terminal would act on.
    pub(super) fn for_programs(&self) -> Cow<'_, str> {
        escaped_json(&self.text)
    }

    /// Time, level, what happened, and then the fields in their order.
    pub(super) fn for_people(&self) -> String {
        // Writing into a string does not fail.
        let message = self.word("message");
        let mut out = format!(
            "{} {:>5} {}",
            escaped(self.at()),
            escaped(self.word("level")),
            escaped(message)
        );
        let mut told = vec!["timestamp", "level", "message", "target"];
        if message == "exchange" {
            if let Some(status) = self.fields.get("status") {
                let _ = write!(out, " {}", shown(status));
            }
            if !self.word("provider").is_empty() {
                let target = format!("{},{}", self.word("provider"), self.word("model"));
                let _ = write!(out, " {}", word(&target));
            }
            told.extend(["status", "provider", "model"]);
        }
        for (name, value) in &self.fields {
            if !told.contains(&name.as_str()) {
                let _ = write!(out, " {}={}", word(name), shown(value));
            }
        }
        out
    }
}

/// A string without quotes where that is clear.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => word(text).into_owned(),
        other => escaped_json(&other.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EXCHANGE: &str = r#"{"timestamp":"2026-11-22T00:00:00.000Z","level":"INFO","message":"exchange","request_id":"abc","provider":"p","model":"m","route":"default","status":200,"ms":1.5,"error":"a b","target":"t"}"#;

    #[test]
    fn an_exchange_is_one_readable_line() {
        let line = Line::read(EXCHANGE, &Wanted::new(None, None)).unwrap();
        assert_eq!(
            line.for_people(),
            r#"2026-11-22T00:00:00.000Z  INFO exchange 200 p,m request_id=abc route=default ms=1.5 error="a b""#
        );
    }

    #[test]
    fn lines_are_chosen_by_level_and_by_exchange() {
        let takes = |level, exchange| Line::read(EXCHANGE, &Wanted::new(level, exchange)).is_some();
        assert!(takes(Some(Level::Info), Some("req_abc")));
        assert!(takes(Some(Level::Trace), Some("abc")));
        assert!(!takes(Some(Level::Warn), None));
        assert!(!takes(None, Some("other")));
        assert!(Line::read("{\"half", &Wanted::new(None, None)).is_none());
    }

    #[test]
    fn what_others_said_is_neither_another_line_nor_an_order_to_the_terminal() {
        let line = json!({
            "timestamp": "t", "level": "WARN", "message": "exchange", "status": 200, "provider": "p",
            "model": "m\n2026 INFO forged", "error": "\u{1b}[2J\u{9b}", "route": "a\u{202e}b\r",
        });
        let line = Line::read(&line.to_string(), &Wanted::new(None, None)).unwrap();
        assert_eq!(
            line.for_people(),
            r#"t  WARN exchange 200 "p,m\n2026 INFO forged" error="\u{1b}[2J\u{9b}" route="a\u{202e}b\r""#
        );
        let for_programs = line.for_programs();
        assert!(
            !for_programs.contains(crate::visible::acts),
            "{for_programs}"
        );
        let read: Map<String, Value> = serde_json::from_str(&for_programs).unwrap();
        assert_eq!(read, line.fields);
    }
}
