//! The line of an exchange: who served it and how it went, for people and for programs. Written by
//! the log's thread into a buffer that is used again; the exchange only hands over what it knows.

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;

use super::clock::Stamp;
use crate::attempts::Tried;
use crate::record::Ended;
use crate::visible::{quoted, word};

/// As a program reads it. Names and order are documented in docs/service.md.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transformer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    status: u16,
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_ms: Option<u64>,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guest_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guest_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushes: Option<u64>,
    #[serde(skip_serializing_if = "<[Tried]>::is_empty")]
    tried: &'a [Tried],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    target: &'static str,
}

impl Ended {
    /// One JSON object and a line end.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let served = self.served.as_ref();
        let line = Line {
            timestamp: Stamp::of(self.at).to_string(),
            level: "INFO",
            message: "exchange",
            request_id: &self.request_id,
            provider: served.map(|served| &*served.provider),
            model: served.map(|served| &*served.model),
            route: served.map(|served| &*served.rule),
            transformer: served.map(|served| &*served.transformer),
            stream: served.map(|served| served.streaming),
            status: self.status,
            ms: self.ms,
            first_token_ms: self.first_token_ms,
            tokens_per_s: self.tokens_per_s,
            held_ms: self.held_ms,
            bytes: self.bytes,
            input_tokens: self.usage.map(|usage| usage.input_tokens),
            output_tokens: self.usage.map(|usage| usage.output_tokens),
            cached_tokens: self.usage.map(|usage| usage.cache_read_input_tokens),
            cost_usd: self.cost_usd,
            guest_in: self.guest.map(|guest| guest.bytes_in),
            guest_out: self.guest.map(|guest| guest.bytes_out),
            pushes: self.guest.map(|guest| guest.pushes),
            tried: &self.tried,
            error: self.error.as_deref(),
            target: super::EXCHANGES,
        };
        let begin = out.len();
        if serde_json::to_writer(&mut *out, &line).is_err() {
            out.truncate(begin);
            return;
        }
        out.push(b'\n');
    }

    /// One line for people.
    pub(super) fn write_text(&self, out: &mut Vec<u8>) {
        let mut line = String::with_capacity(256);
        // Writing into a string does not fail.
        let _ = self.text(&mut line);
        line.push('\n');
        let _ = out.write_all(line.as_bytes());
    }

    fn text(&self, line: &mut String) -> std::fmt::Result {
        write!(
            line,
            "{}  INFO exchange {}",
            Stamp::of(self.at),
            self.status
        )?;
        if let Some(served) = &self.served {
            write!(
                line,
                " {} route={} transformer={:?}",
                word(&format!("{},{}", served.provider, served.model)),
                word(&served.rule),
                served.transformer
            )?;
        }
        if let Some(ms) = self.first_token_ms {
            write!(line, " first_token_ms={ms}")?;
        }
        write!(line, " ms={}", self.ms)?;
        if let Some(rate) = self.tokens_per_s {
            write!(line, " tokens_per_s={rate}")?;
        }
        if let Some(usage) = self.usage {
            write!(
                line,
                " in={} out={} cached={}",
                usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens
            )?;
        }
        if let Some(cost) = self.cost_usd {
            write!(line, " cost_usd={cost}")?;
        }
        if let Some(ms) = self.held_ms {
            write!(line, " held_ms={ms}")?;
        }
        write!(line, " bytes={}", self.bytes)?;
        for tried in &self.tried {
            write!(line, " tried={}", word(&tried.to_string()))?;
        }
        if let Some(error) = &self.error {
            write!(line, " error={}", quoted(error))?;
        }
        write!(line, " request_id={}", self.request_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Served;
    use crate::sse::Usage;
    use std::time::UNIX_EPOCH;

    fn exchange() -> Ended {
        Ended {
            at: UNIX_EPOCH,
            request_id: "abc".to_owned(),
            served: Some(Served {
                provider: "p".to_owned(),
                model: "m\"\n".to_owned(),
                rule: "default".to_owned(),
                transformer: "cerebras@1 sha256:00".to_owned(),
                streaming: true,
                listed: true,
                price: None,
            }),
            tried: vec![Tried {
                provider: "q".to_owned(),
                model: "n".to_owned(),
                status: 502,
                kind: "api_error",
            }],
            exhausted: false,
            status: 200,
            error: None,
            ms: 12.5,
            first_token_ms: Some(3.25),
            held_ms: Some(1200),
            bytes: 77,
            usage: Some(Usage {
                input_tokens: 10,
                output_tokens: 20,
                ..Usage::default()
            }),
            tokens_per_s: Some(400.0),
            cost_usd: Some(0.0005),
            guest: None,
        }
    }

    #[test]
    fn a_program_reads_every_figure_by_name() {
        let mut out = Vec::new();
        exchange().write_json(&mut out);
        assert_eq!(out.split_inclusive(|byte| *byte == b'\n').count(), 1);
        assert_eq!(out.last(), Some(&b'\n'));
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(line["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(line["model"], "m\"\n");
        assert_eq!(line["first_token_ms"], 3.25);
        assert_eq!(line["cached_tokens"], 0);
        assert_eq!(line["tried"][0]["kind"], "api_error");
        assert!(line["error"].is_null() && line["guest_in"].is_null());
    }

    #[test]
    fn people_read_one_line() {
        let mut out = Vec::new();
        exchange().write_text(&mut out);
        let text = String::from_utf8(out).unwrap();
        for part in [
            // A name of a client's making is one word of this line, and no line of its own.
            "exchange 200 \"p,m\\\"\\n\" route=default",
            "first_token_ms=3.25",
            "in=10 out=20",
            "tried=\"q,n: 502 api_error\"",
            "held_ms=1200",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.lines().count(), 1);
    }
}
