//! `limits` and `timeouts`: numbers whose unit is in the name, or sizes such as `"32MiB"`.

use std::time::Duration;

use super::super::reader::{Fields, LONGEST_MS, Place, Reader};
use super::super::text::Value;
use super::super::{Limits, Timeouts};

/// What a 32-bit component can address.
const LARGEST_MEMORY: u64 = 4 << 30;
/// Bodies and frames are held whole; offsets into them are 32 bits wide.
const LARGEST_BODY: u64 = 1 << 30;
/// One WebAssembly page.
const SMALLEST_MEMORY: u64 = 64 << 10;
/// More would not fit the address space that an instance reserves.
const MOST_INSTANCES: u64 = 10_000;

pub(in super::super) const LIMITS: [&str; 12] = [
    "call_wall_ms",
    "configure_ms",
    "frame",
    "instances",
    "log_line",
    "log_lines",
    "memory",
    "push_ms",
    "push_output",
    "request_body",
    "request_ms",
    "response_body",
];

pub(in super::super) const TIMEOUTS: [&str; 8] = [
    "before_fallback_ms",
    "client_ms",
    "connect_ms",
    "drain_ms",
    "headers_ms",
    "hold_ms",
    "idle_ms",
    "ping_ms",
];

/// `limits`.
pub(super) fn limits(at: &Place<'_>, reader: &mut Reader<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(fields) = reader.fields(at, &LIMITS) else {
        return limits;
    };
    let body = (1, LARGEST_BODY);
    size(
        &fields,
        "request_body",
        body,
        &mut limits.request_body,
        reader,
    );
    size(
        &fields,
        "response_body",
        body,
        &mut limits.response_body,
        reader,
    );
    size(
        &fields,
        "memory",
        (SMALLEST_MEMORY, LARGEST_MEMORY),
        &mut limits.memory,
        reader,
    );
    size(
        &fields,
        "push_output",
        body,
        &mut limits.push_output,
        reader,
    );
    size(&fields, "frame", body, &mut limits.frame, reader);
    size(
        &fields,
        "log_line",
        (1, 1 << 20),
        &mut limits.log_line,
        reader,
    );
    count(
        &fields,
        "instances",
        (1, MOST_INSTANCES),
        &mut limits.instances,
        reader,
    );
    count(
        &fields,
        "log_lines",
        (0, 1_000_000),
        &mut limits.log_lines,
        reader,
    );
    time(&fields, "configure_ms", 1, &mut limits.configure, reader);
    time(&fields, "request_ms", 1, &mut limits.request, reader);
    time(&fields, "push_ms", 1, &mut limits.push, reader);
    time(&fields, "call_wall_ms", 1, &mut limits.call_wall, reader);
    limits
}

/// `timeouts`.
pub(super) fn timeouts(at: &Place<'_>, reader: &mut Reader<'_>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    let Some(fields) = reader.fields(at, &TIMEOUTS) else {
        return timeouts;
    };
    time(&fields, "connect_ms", 1, &mut timeouts.connect, reader);
    time(&fields, "headers_ms", 1, &mut timeouts.headers, reader);
    time(
        &fields,
        "before_fallback_ms",
        1,
        &mut timeouts.before_fallback,
        reader,
    );
    time(&fields, "idle_ms", 1, &mut timeouts.idle, reader);
    time(&fields, "hold_ms", 0, &mut timeouts.hold, reader);
    time(&fields, "ping_ms", 1, &mut timeouts.ping, reader);
    time(&fields, "client_ms", 1, &mut timeouts.client, reader);
    time(&fields, "drain_ms", 0, &mut timeouts.drain, reader);
    timeouts
}

pub(super) fn time(
    fields: &Fields<'_>,
    name: &str,
    least: u64,
    into: &mut Duration,
    reader: &mut Reader<'_>,
) {
    let Some(at) = fields.get(name) else { return };
    if let Some(ms) = reader.number(at, "milliseconds", (least, LONGEST_MS)) {
        *into = Duration::from_millis(ms);
    }
}

pub(super) fn count(
    fields: &Fields<'_>,
    name: &str,
    bounds: (u64, u64),
    into: &mut usize,
    reader: &mut Reader<'_>,
) {
    let Some(at) = fields.get(name) else { return };
    let number = reader.number(at, name, bounds);
    if let Some(number) = number.and_then(|number| usize::try_from(number).ok()) {
        *into = number;
    }
}

pub(super) fn size(
    fields: &Fields<'_>,
    name: &str,
    bounds: (u64, u64),
    into: &mut usize,
    reader: &mut Reader<'_>,
) {
    let Some(at) = fields.get(name) else { return };
    let bytes = if matches!(at.node.value, Value::String(_)) {
        let Some(text) = reader.text(at) else { return };
        let Some(bytes) = bytes(&text) else {
            let remedy =
                "write a number of bytes, or a size such as \"32MiB\" (KiB, MiB, GiB, KB, MB, GB)";
            reader.problem(at, format!("`{text}` is not a size"), remedy);
            return;
        };
        reader.within(at, bytes, "bytes", bounds)
    } else {
        reader.number(at, "bytes, or a size such as \"32MiB\"", bounds)
    };
    if let Some(bytes) = bytes.and_then(|bytes| usize::try_from(bytes).ok()) {
        *into = bytes;
    }
}

/// `KiB`, `MiB`, `GiB` by 1024; `KB`, `MB`, `GB` by 1000; without regard to case.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let factor: u64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_or_binary_by_their_unit() {
        assert_eq!(bytes("32MB"), Some(32_000_000));
        assert_eq!(bytes("32 MiB"), Some(32 << 20));
        assert_eq!(bytes("17"), Some(17));
        assert_eq!(bytes("1.5MB"), None);
        assert_eq!(bytes("MB"), None);
        assert_eq!(bytes("99999999999999999999GB"), None);
    }
}
