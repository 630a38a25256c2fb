//! `recorder`: what is kept of the last exchanges.

use super::super::reader::{Fields, Place, Reader};
use super::super::text::Value;
use super::super::{RecorderSettings, Redaction};
use super::limits::{count, size};

/// More are not looked through in the second that a swap may take.
const MOST_EXCHANGES: u64 = 1000;

pub(in super::super) const RECORDER: [&str; 5] =
    ["block_on_diff", "bytes", "exchanges", "on", "redact"];

/// What stands in the place of what a rule found, if the rule does not say.
const USUALLY: &str = "[redacted]";

pub(super) fn recorder(at: &Place<'_>, reader: &mut Reader<'_>) -> RecorderSettings {
    let mut recorder = RecorderSettings::default();
    let Some(fields) = reader.fields(at, &RECORDER) else {
        return recorder;
    };
    recorder.on = fields.get("on").and_then(|at| reader.flag(at));
    count(
        &fields,
        "exchanges",
        (1, MOST_EXCHANGES),
        &mut recorder.exchanges,
        reader,
    );
    size(
        &fields,
        "bytes",
        (1 << 10, 1 << 30),
        &mut recorder.bytes,
        reader,
    );
    flag(
        &fields,
        "block_on_diff",
        &mut recorder.block_on_diff,
        reader,
    );
    if let Some(at) = fields.get("redact") {
        let rules = reader.items(at).unwrap_or_default();
        recorder.redact = rules.iter().filter_map(|at| rule(at, reader)).collect();
    }
    recorder
}

/// `"REGEX"`, or `{ match: "REGEX", with: "TEXT" }`.
fn rule(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Redaction> {
    if matches!(at.node.value, Value::String(_)) {
        let pattern = pattern(at, reader)?;
        let with = USUALLY.to_owned();
        return Some(Redaction { pattern, with });
    }
    let fields = reader.fields(at, &["match", "with"])?;
    let Some(place) = fields.get("match") else {
        reader.problem(at, "there is no `match`", "write a regular expression");
        return None;
    };
    let pattern = pattern(place, reader)?;
    let with = match fields.get("with") {
        Some(at) => reader.string(at)?,
        None => USUALLY.to_owned(),
    };
    Some(Redaction { pattern, with })
}

fn pattern(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text(at)?;
    match regex::Regex::new(&text) {
        Ok(regex) if regex.is_match("") => {
            let what = format!("`{text}` matches the empty string");
            reader.problem(at, what, "write what must at least be there");
            None
        }
        Ok(_) => Some(text),
        Err(error) => {
            let what = format!("`{text}` is not a regular expression: {error}");
            reader.problem(
                at,
                what,
                "write it as the Rust crate regex has them, each $ as $$",
            );
            None
        }
    }
}

fn flag(fields: &Fields<'_>, name: &str, into: &mut bool, reader: &mut Reader<'_>) {
    let Some(at) = fields.get(name) else { return };
    if let Some(flag) = reader.flag(at) {
        *into = flag;
    }
}
