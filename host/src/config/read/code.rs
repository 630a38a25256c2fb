//! `code`: what Claude Code is started with.

use std::time::Duration;

use super::super::Code;
use super::super::reader::{LONGEST_MS, Place, Reader};

pub(in super::super) const CODE: [&str; 4] =
    ["non_interactive", "path", "small_fast_model", "timeout_ms"];

pub(super) fn code(at: &Place<'_>, reader: &mut Reader<'_>) -> Code {
    let Some(fields) = reader.fields(at, &CODE) else {
        return Code::default();
    };
    Code {
        path: fields.get("path").and_then(|at| reader.text(at)),
        timeout: fields
            .get("timeout_ms")
            .and_then(|at| reader.number(at, "milliseconds", (1, LONGEST_MS)))
            .map(Duration::from_millis),
        non_interactive: fields
            .get("non_interactive")
            .and_then(|at| reader.flag(at))
            .unwrap_or_default(),
        small_fast_model: fields
            .get("small_fast_model")
            .and_then(|at| reader.text(at)),
    }
}
